// What commands print: tables for people, JSON for programs. Data goes to standard output, talk to standard
// error.
//
// What comes from others (names of tools, descriptions) is made visible before it reaches a terminal:
// control, bidirectional and zero-width characters are printed as escapes, so that no text can act on the
// terminal or look like another.

#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/visible.h"
#include "cli/context.h"

namespace remit::cli {

// visible() for a text of several lines.
std::vector<std::string> visible_lines(std::string_view text);

// How standard output is shown: as a terminal of some width, in colours or not; or as a pipe or file, which
// gets whole lines without colours.
struct Screen {
  bool terminal = false;
  bool colours = false;
  std::size_t columns = 0;  // 0: as many as there are
};
const Screen& screen();

// Columns that a text takes: two of a wide letter, none of a combining one.
std::size_t width(std::string_view text);

// A value in one cell: strings as they are, instants to the second (on a terminal from now: "in 89 d"), null
// "-", lists joined by commas, objects by their `kind` or `name`.
std::string cell(const boost::json::value* value);

// A column: its heading, and the member of each item that it shows.
struct Column {
  std::string_view heading;
  std::string_view member;
};

// "in 89 d", "3 min ago": the largest unit of which there are two.
std::string from_now(Instant instant, Instant now);

// "1 tool", "2 tools"; `many` where that is not the word with an s.
std::string counted(std::uint64_t count, std::string_view one, std::string_view many = {});

// Prints {"items": […]} as a table in the order of its rows, or as it is.
void print_items(const Context& context, const boost::json::value& answer,
                 const std::vector<Column>& columns);

// Prints an object as `heading: value` lines, or as it is.
void print_object(const Context& context, const boost::json::value& answer, const std::vector<Column>& lines);

// Rows of equal length under headings, in the order given. On a terminal the widest columns are cut until it
// fits, and verdicts have colours (but for NO_COLOR: no-color.org).
void print_table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows);

// Its lines.
std::vector<std::string> table_lines(const Screen& screen, const std::vector<std::string>& headings,
                                     const std::vector<std::vector<std::string>>& rows);

void print_text(std::string_view text);

void print_json(const boost::json::value& value);

// One line for people after a command that changed something; nothing in JSON, where the answer is printed.
void print_done(const Context& context, const boost::json::value& answer, std::string_view sentence);

}  // namespace remit::cli
