#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>

namespace remit::cli {
namespace {

namespace json = boost::json;

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
