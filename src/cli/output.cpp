#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cstdio>

namespace remit::cli {
namespace {

namespace json = boost::json;

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // in bytes; 0: not UTF-8
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || lead >= 0xF5 || text.size() < length) return {};
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast.at(length) || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {};
  return {value, length};
}

// Controls, line and paragraph separators, and what changes direction or takes no room.
bool hides(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || c == 0x180E ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
         c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

void print_line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    if (i + 1 < cells.size()) line.append(widths[i] - width(cells[i]) + 2, ' ');
  }
  fmt::print("{}\n", line);
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [value, length] = decode(text);
    if (length == 0)
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", static_cast<unsigned char>(text.front()));
    else if (hides(value))
      fmt::format_to(std::back_inserter(out), "\\u{{{:X}}}", static_cast<std::uint32_t>(value));
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

std::vector<std::string> visible_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (true) {
    const auto end = text.find('\n');
    lines.push_back(visible(text.substr(0, end)));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::string cell(const json::value* value) {
  if (value == nullptr || value->is_null()) return "-";
  if (value->is_string()) return visible(value->get_string());
  if (value->is_bool()) return value->get_bool() ? "yes" : "no";
  if (value->is_array()) {
    std::string joined;
    for (const auto& item : value->get_array()) joined += (joined.empty() ? "" : ", ") + cell(&item);
    return joined.empty() ? "-" : joined;
  }
  if (value->is_object())
    for (const auto* name : {"kind", "name", "tool", "id"})
      if (const auto* member = value->get_object().if_contains(name)) return cell(member);
  return json::serialize(*value);
}

void print_table(const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  widths.reserve(headings.size());
  for (const auto& heading : headings) widths.push_back(width(heading));
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  print_line(headings, widths);
  for (const auto& row : rows) print_line(row, widths);
}

void print_json(const json::value& value) { fmt::print("{}\n", json::serialize(value)); }

void print_items(const Context& context, const json::value& answer, const std::vector<Column>& columns) {
  if (context.format == Format::kJson) return print_json(answer);
  std::vector<std::string> headings;
  headings.reserve(columns.size());
  for (const auto& column : columns) headings.emplace_back(column.heading);
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : answer.at("items").as_array()) {
    auto& row = rows.emplace_back();
    for (const auto& column : columns) row.push_back(cell(item.as_object().if_contains(column.member)));
  }
  print_table(headings, rows);
}

void print_object(const Context& context, const json::value& answer, const std::vector<Column>& lines) {
  if (context.format == Format::kJson) return print_json(answer);
  std::size_t widest = 0;
  for (const auto& line : lines) widest = std::max(widest, line.heading.size());
  for (const auto& line : lines)
    fmt::print("{:<{}}  {}\n", line.heading, widest, cell(answer.as_object().if_contains(line.member)));
}

void print_done(const Context& context, const json::value& answer, std::string_view sentence) {
  if (context.format == Format::kJson) return print_json(answer);
  fmt::print("{}\n", sentence);
}

}  // namespace remit::cli
