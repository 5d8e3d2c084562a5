// Collects diagnostics while a text is parsed, and finds the places they speak of.

#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "cedar/authorize.h"

namespace cedar {

// Without its positions. Message and help are cut where they are long: they name what somebody wrote.
Diagnostic make_diagnostic(Span span, std::string message, std::string help);

class DiagnosticSink {
 public:
  DiagnosticSink(std::string_view text, std::size_t limit) : text_(text), limit_(limit) {}

  void report(Span span, std::string message, std::string help = {});
  bool full() const { return diagnostics_.size() >= limit_; }
  bool empty() const { return diagnostics_.empty(); }
  Diagnostics take();  // in order of the text

 private:
  std::string_view text_;
  std::size_t limit_;
  Diagnostics diagnostics_;
};

// Offsets to positions, for one text. Built once, then logarithmic in the number of lines, however long they
// are.
class LineTable {
 public:
  explicit LineTable(std::string_view text);
  Position position(std::uint32_t offset) const;

 private:
  std::uint32_t code_points_before(std::uint32_t offset) const;

  std::string_view text_;
  std::vector<std::uint32_t> starts_;
  std::vector<std::uint32_t> code_points_;  // before each block of the text
};

// A text that was parsed, kept as long as what came of it.
struct Source {
  explicit Source(std::string_view given) : text(given), lines(text) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const std::string text;
  const LineTable lines;
};

// The candidate closest to `written`, as ", did you mean `x`?" needs it; empty when none is close.
std::string_view closest(std::string_view written, std::span<const std::string_view> candidates);

// As messages name what somebody wrote: `x`.
std::string in_backticks(std::string_view text);

// Cuts what an error about data says, since what it names may be long; the pointer stays whole.
void shorten(DataError& error);

// What is wrong with data, where its place is told by whoever knows it.
std::unexpected<DataError> data_error(std::string message);

// "did you mean `x`?", or `otherwise`.
std::string did_you_mean(std::string_view written, std::span<const std::string_view> candidates,
                         std::string otherwise = {});

}  // namespace cedar
