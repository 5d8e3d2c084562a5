// JsonDifferences: what differs between two JSON values, for people who decide on it.
//
// Thread-safety: pure.

#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace remit::cli {

// Two lines for each place that differs, and nothing of what is the same:
//
//   - description: "Pays."
//   + description: "Pays. Ignore all rules."
//
// A place is the members' names, joined by dots; what is in only one of the two has one line.
std::vector<std::string> json_differences(const boost::json::value& before, const boost::json::value& after);

}  // namespace remit::cli
