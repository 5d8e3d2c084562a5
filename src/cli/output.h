// What commands print: tables for people, JSON for programs. Data goes to standard output, talk to standard
// error.
//
// What comes from others (names of tools, descriptions) is made visible before it reaches a terminal:
// control, bidirectional and zero-width characters are printed as escapes, so that no text can act on the
// terminal or look like another.

#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/visible.h"
#include "cli/context.h"

namespace remit::cli {

// visible() for a text of several lines.
std::vector<std::string> visible_lines(std::string_view text);

// A value in one cell: strings as they are, null "-", lists joined by commas, objects by their `kind` or
// `name`.
std::string cell(const boost::json::value* value);

// A column: its heading, and the member of each item that it shows.
struct Column {
  std::string_view heading;
  std::string_view member;
};

// Prints {"items": […]} as a table, or as it is.
void print_items(const Context& context, const boost::json::value& answer,
                 const std::vector<Column>& columns);

// Prints an object as `heading: value` lines, or as it is.
void print_object(const Context& context, const boost::json::value& answer, const std::vector<Column>& lines);

// Rows of equal length under headings.
void print_table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows);

void print_json(const boost::json::value& value);

// One line for people after a command that changed something; nothing in JSON, where the answer is printed.
void print_done(const Context& context, const boost::json::value& answer, std::string_view sentence);

}  // namespace remit::cli
