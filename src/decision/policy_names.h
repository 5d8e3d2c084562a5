// How policies are named to people.

#pragma once

#include <string>
#include <vector>

#include "cedar/authorize.h"

namespace remit::decision {

// By its @id, or by its place where it has none.
std::string name_of(const cedar::Policy& policy);

// "`a`, `b`"
std::string joined(const std::vector<std::string>& names);

}  // namespace remit::decision
