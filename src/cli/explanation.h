// Explanations of policies as people read them.

#pragma once

#include <boost/json/value.hpp>

namespace remit::cli {

// One as admin::view has it: what came of the policy, and a line for each step.
void print_explanation(const boost::json::value& explanation);

}  // namespace remit::cli
