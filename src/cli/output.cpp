#include "cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <numeric>
#include <utility>

namespace remit::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kLeastColumn = 8;  // below that a cut cell says nothing
constexpr std::string_view kCut = "…";
constexpr std::size_t kGap = 2;

// The locale of UTF-8, whatever the account's is: what is shown has been made visible, and is UTF-8.
locale_t utf8() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

// Calls `visit` with each letter and its columns, until that says no.
template <typename Visit>
void for_each_letter(std::string_view text, const Visit& visit) {
  const locale_t before = utf8() == nullptr ? nullptr : ::uselocale(utf8());
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t letter = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the state is this call's own
    auto size = std::mbrtowc(&letter, text.data(), text.size(), &state);
    const bool read = size > 0 && size <= text.size();
    if (!read) {
      state = {};
      size = 1;
    }
    const int columns = read ? ::wcwidth(letter) : 1;
    if (!visit(text.substr(0, size), columns < 0 ? std::size_t{1} : static_cast<std::size_t>(columns))) break;
    text.remove_prefix(size);
  }
  if (before != nullptr) ::uselocale(before);
}

std::string fitted(std::string_view text, std::size_t columns) {
  if (width(text) <= columns) return std::string(text);
  std::string out;
  std::size_t used = 1;  // of the mark
  for_each_letter(text, [&](std::string_view letter, std::size_t wide) {
    if (used + wide > columns) return false;
    out += letter;
    used += wide;
    return true;
  });
  return out + std::string(kCut);
}

Screen screen_of_standard_output() {
  Screen found;
  const auto* const terminal = std::getenv("TERM");      // NOLINT(concurrency-mt-unsafe): nobody sets it
  const auto* const no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  found.terminal = ::isatty(STDOUT_FILENO) == 1;
  found.colours = found.terminal && (no_color == nullptr || *no_color == '\0') && terminal != nullptr &&
                  std::string_view(terminal) != "dumb";
  winsize size{};
  if (found.terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) found.columns = size.ws_col;
  return found;
}

// The colour of a cell that says how something stands; none of any other.
std::string_view colour_of(std::string_view text) {
  constexpr std::string_view kGreen = "\x1b[32m";
  constexpr std::string_view kRed = "\x1b[31m";
  constexpr std::string_view kYellow = "\x1b[33m";
  constexpr std::pair<std::string_view, std::string_view> kColours[] = {
      {"allow", kGreen},      {"always", kGreen},     {"active", kGreen},  {"deny", kRed},
      {"never", kRed},        {"killed", kRed},       {"retired", kRed},   {"expired", kRed},
      {"quarantined", kRed},  {"missing", kYellow},   {"hold", kYellow},   {"pending", kYellow},
      {"sometimes", kYellow}, {"suspended", kYellow}, {"unknown", kYellow}};
  const auto* const found =
      std::ranges::find(kColours, text, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(kColours) ? std::string_view() : found->second;
}

std::string line_of(const Screen& screen, const std::vector<std::string>& cells,
                    const std::vector<std::size_t>& widths) {
  constexpr std::string_view kPlain = "\x1b[0m";
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto text = fitted(cells[i], widths[i]);
    const auto colour = screen.colours ? colour_of(text) : std::string_view();
    line += colour.empty() ? text : fmt::format("{}{}{}", colour, text, kPlain);
    if (i + 1 < cells.size()) line.append(widths[i] - width(text) + kGap, ' ');
  }
  return line;
}

// Cuts the widest column until the line fits, or every column is as narrow as it may be.
void fit(std::vector<std::size_t>& widths, std::size_t columns) {
  const auto gaps = kGap * (widths.empty() ? 0 : widths.size() - 1);
  while (std::accumulate(widths.begin(), widths.end(), gaps) > columns) {
    auto widest = std::ranges::max_element(widths);
    if (*widest <= kLeastColumn) return;
    --*widest;
  }
}

// "2027-02-22T08:00:00.000000Z" to the second, or from now; anything else as it is.
std::string shown_instant(std::string_view text) {
  constexpr std::size_t kLeast = std::string_view("2027-02-22T08:00:00Z").size();
  if (text.size() < kLeast || text.size() > kLeast + 7 || text[4] != '-' || text[10] != 'T' ||
      text.back() != 'Z')
    return visible(text);
  const auto instant = parse_instant(text);
  if (!instant) return visible(text);
  if (screen().terminal) return from_now(*instant, SystemClock().now());
  return std::string(text.substr(0, kLeast - 1)) + "Z";
}

}  // namespace

const Screen& screen() {
  static const Screen found = screen_of_standard_output();
  return found;
}

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  for_each_letter(text, [&](std::string_view, std::size_t wide) {
    columns += wide;
    return true;
  });
  return columns;
}

std::string from_now(Instant instant, Instant now) {
  using std::chrono::days, std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
  const auto past = instant <= now;
  const auto distance = std::chrono::duration_cast<seconds>(past ? now - instant : instant - now);
  const auto text = distance >= days(2)      ? fmt::format("{} d", distance / days(1))
                    : distance >= hours(2)   ? fmt::format("{} h", distance / hours(1))
                    : distance >= minutes(2) ? fmt::format("{} min", distance / minutes(1))
                                             : fmt::format("{} s", distance.count());
  return past ? text + " ago" : "in " + text;
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  if (count == 1) return fmt::format("1 {}", one);
  return many.empty() ? fmt::format("{} {}s", count, one) : fmt::format("{} {}", count, many);
}

void print_text(std::string_view text) { fmt::print("{}", text); }

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
  if (value->is_string()) return shown_instant(value->get_string());
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

std::vector<std::string> table_lines(const Screen& screen, const std::vector<std::string>& headings,
                                     const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  widths.reserve(headings.size());
  for (const auto& heading : headings) widths.push_back(width(heading));
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  if (screen.columns > 0) fit(widths, screen.columns);
  std::vector<std::string> lines{line_of(screen, headings, widths)};
  lines.reserve(rows.size() + 1);
  for (const auto& row : rows) lines.push_back(line_of(screen, row, widths));
  return lines;
}

void print_table(const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows) {
  for (const auto& line : table_lines(screen(), headings, rows)) fmt::print("{}\n", line);
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
  std::ranges::sort(rows);
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
