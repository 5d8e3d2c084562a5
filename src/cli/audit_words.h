// Entries of the log in words: {"index", "entry", "names", "outcome"} as cli/log_source.h gives them. Where
// there is no `outcome` at all, nothing is said of how a call ended.
//
// Everything is made visible (base/visible.h). Thread-safety: pure functions.

#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace remit::cli {

// What an id is called in the item, else the id itself.
std::string called(const boost::json::object& item, std::string_view id);

// "ana granted crm/delete to production/tidy-bot", "production/tidy-bot called crm/delete: allowed, ended
// ok".
std::string sentence(const boost::json::object& item);

// What a table of entries tells of one, under these headings.
inline const std::vector<std::string> kEntryHeadings = {"INDEX", "TIME",   "WHAT",   "AGENT",
                                                        "ON",    "EFFECT", "RESULT", "BY"};
std::vector<std::string> entry_row(const boost::json::object& item);

// Every member of the entry on a line of its own, ids with their names.
std::vector<std::pair<std::string, std::string>> entry_lines(const boost::json::object& item);

}  // namespace remit::cli
