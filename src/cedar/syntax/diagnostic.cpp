#include "cedar/syntax/diagnostic.h"

#include <algorithm>
#include <numeric>

#include "cedar/syntax/lexer.h"

namespace cedar {
namespace {

constexpr std::uint32_t kBlock = 256;  // bytes

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::uint32_t count_code_points(std::string_view text) {
  std::uint32_t count = 0;
  for (const char c : text) count += starts_code_point(c) ? 1U : 0U;
  return count;
}

// Insertions, deletions, replacements, and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = last[j] + (a[i] == b[j] ? 0 : 1);
      row[j + 1] = std::min({row[j] + 1, last[j + 1] + 1, substituted});
      const bool swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
      if (swapped) row[j + 1] = std::min(row[j + 1], before_last[j - 1] + 1);
    }
  }
  return row.back();
}

// What of a line is shown: all of it, or what is around a place.
struct Window {
  std::size_t begin;
  std::size_t end;
};
constexpr std::string_view kLeftOut = "…";

Window window_around(std::string_view text, std::size_t place, std::size_t line_begin, std::size_t line_end) {
  constexpr std::size_t kWhole = 200;  // bytes
  constexpr std::size_t kBefore = 60;
  constexpr std::size_t kAfter = 120;
  if (line_end - line_begin <= kWhole) return {line_begin, line_end};
  Window window{line_begin, line_end};
  if (place - line_begin > kBefore) window.begin = place - kBefore;
  if (line_end - place > kAfter) window.end = place + kAfter;
  while (window.begin > line_begin && !starts_code_point(text[window.begin])) --window.begin;
  while (window.end < line_end && window.end > place && !starts_code_point(text[window.end])) --window.end;
  return window;
}

void append_as_utf8(std::string& out, std::string_view text) {
  std::size_t bad = 0;
  while (!is_valid_utf8(text, bad)) {
    out.append(text.substr(0, bad)).append("\uFFFD");
    text.remove_prefix(bad + 1);
  }
  out += text;
}

constexpr std::size_t kMessageBytes = 1000;

}  // namespace

Diagnostic make_diagnostic(Span span, std::string message, std::string help) {
  return {
      shortened(std::move(message), kMessageBytes), shortened(std::move(help), kMessageBytes), span, {}, {}};
}

void DiagnosticSink::report(Span span, std::string message, std::string help) {
  if (full()) return;
  diagnostics_.push_back(make_diagnostic(span, std::move(message), std::move(help)));
}

Diagnostics DiagnosticSink::take() {
  const LineTable lines(text_);
  for (Diagnostic& diagnostic : diagnostics_) {
    diagnostic.start = lines.position(diagnostic.span.begin);
    diagnostic.end = lines.position(diagnostic.span.end);
  }
  std::ranges::sort(diagnostics_, {},
                    [](const Diagnostic& d) { return std::pair(d.span.begin, d.span.end); });
  return std::move(diagnostics_);
}

LineTable::LineTable(std::string_view text) : text_(text), starts_{0} {
  std::uint32_t code_points = 0;
  code_points_.reserve(text.size() / kBlock + 2);
  for (std::string_view rest = text; !rest.empty();
       rest.remove_prefix(std::min<std::size_t>(kBlock, rest.size()))) {
    code_points_.push_back(code_points);
    code_points += count_code_points(rest.substr(0, kBlock));
  }
  code_points_.push_back(code_points);  // for an offset at the end, where a block would begin
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1))
    starts_.push_back(static_cast<std::uint32_t>(end + 1));
}

std::uint32_t LineTable::code_points_before(std::uint32_t offset) const {
  const std::uint32_t block = offset / kBlock;
  const std::size_t start = std::size_t{block} * kBlock;
  const std::string_view rest = text_.substr(start, offset - start);
  return code_points_[block] + count_code_points(rest);
}

Position LineTable::position(std::uint32_t offset) const {
  offset = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  const auto after = std::ranges::upper_bound(starts_, offset);
  const std::uint32_t column = code_points_before(offset) - code_points_before(*std::prev(after)) + 1;
  return {static_cast<std::uint32_t>(after - starts_.begin()), column};
}

std::string_view closest(std::string_view written, std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongest = 40;  // keeps the cost of hostile texts small
  constexpr std::size_t kMost = 2000;
  if (written.size() > kLongest || candidates.size() > kMost) return {};
  std::size_t best_distance = std::max<std::size_t>(1, written.size() / 3) + 1;
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(written, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string in_backticks(std::string_view text) { return "`" + std::string(text) + "`"; }

void shorten(DataError& error) {
  error.message = shortened(std::move(error.message), kMessageBytes);
  error.help = shortened(std::move(error.help), kMessageBytes);
}

std::unexpected<DataError> data_error(std::string message) {
  return std::unexpected(DataError{"", shortened(std::move(message), kMessageBytes)});
}

std::string did_you_mean(std::string_view written, std::span<const std::string_view> candidates,
                         std::string otherwise) {
  const std::string_view candidate = closest(written, candidates);
  return candidate.empty() ? std::move(otherwise) : "did you mean `" + std::string(candidate) + "`?";
}

std::string shortened(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && !starts_code_point(text[bytes])) --bytes;
  text.resize(bytes);
  return text + "…";
}

std::string render(const Diagnostic& diagnostic, std::string_view text, std::string_view file_name) {
  const std::size_t begin = std::min<std::size_t>(diagnostic.span.begin, text.size());
  const std::size_t line_begin = begin == 0 ? 0 : text.rfind('\n', begin - 1) + 1;  // npos + 1 is 0
  const std::size_t line_end = std::min(text.find('\n', begin), text.size());
  const Window window = window_around(text, begin, line_begin, line_end);
  const std::string number = std::to_string(diagnostic.start.line);
  const std::string margin(number.size(), ' ');

  std::string indent(window.begin > line_begin ? kLeftOut.size() - 2 : 0, ' ');  // "…" is one character wide
  for (const char c : text.substr(window.begin, begin - window.begin)) {
    if (starts_code_point(c)) indent += c == '\t' ? '\t' : ' ';
  }
  const std::size_t shown_end = std::min<std::size_t>(diagnostic.span.end, window.end);
  const auto marked =
      std::ranges::count_if(text.substr(begin, shown_end > begin ? shown_end - begin : 0), starts_code_point);

  std::string out = "error: " + diagnostic.message + '\n';
  out += margin + " ┌─ " + std::string(file_name) + ':' + number + ':' +
         std::to_string(diagnostic.start.column) + '\n';
  out += number + " │ ";
  if (window.begin > line_begin) out += kLeftOut;
  append_as_utf8(out, text.substr(window.begin, window.end - window.begin));
  if (window.end < line_end) out += kLeftOut;
  out += '\n' + margin + " │ " + indent +
         std::string(static_cast<std::size_t>(std::max<std::ptrdiff_t>(marked, 1)), '^') + '\n';
  if (!diagnostic.help.empty()) out += margin + " = help: " + diagnostic.help + '\n';
  return out;
}

}  // namespace cedar
