#include "cli/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <span>

namespace remit::cli {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t kContext = 2;
constexpr std::size_t kMostCells = 4'000'000;  // of the table below: 16 MB

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

struct Step {
  char mark;  // '-', '+' or ' '
  std::string_view line;
};

// What leads from `a` to `b` with the fewest lines changed: by their longest common subsequence.
void steps_between(std::span<const std::string_view> a, std::span<const std::string_view> b,
                   std::vector<Step>& steps) {
  const auto width = b.size() + 1;
  const bool compares = (a.size() + 1) * width <= kMostCells;
  std::vector<std::uint32_t> common(compares ? (a.size() + 1) * width : 0);  // of what is left of both
  if (compares)
    for (std::size_t i = a.size(); i-- > 0;)
      for (std::size_t j = b.size(); j-- > 0;)
        common[i * width + j] = a[i] == b[j]
                                    ? common[(i + 1) * width + j + 1] + 1
                                    : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (compares && i < a.size() && j < b.size() && a[i] == b[j]) {
      steps.push_back({' ', a[i++]});
      ++j;
    } else if (i < a.size() &&
               (j == b.size() || !compares || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      steps.push_back({'-', a[i++]});
    } else {
      steps.push_back({'+', b[j++]});
    }
  }
}

}  // namespace

std::vector<std::string> line_diff(std::string_view before, std::string_view after) {
  const auto a = lines_of(before);
  const auto b = lines_of(after);
  const auto most = std::min(a.size(), b.size());
  std::size_t head = 0;
  while (head < most && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < most - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;

  std::vector<Step> steps;
  steps.reserve(a.size() + b.size());
  for (std::size_t i = 0; i < head; ++i) steps.push_back({' ', a[i]});
  steps_between(std::span(a).subspan(head, a.size() - tail - head),
                std::span(b).subspan(head, b.size() - tail - head), steps);
  for (std::size_t i = a.size() - tail; i < a.size(); ++i) steps.push_back({' ', a[i]});

  std::vector<bool> shown(steps.size(), false);
  bool differs = false;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].mark == ' ') continue;
    differs = true;
    for (std::size_t near = i < kContext ? 0 : i - kContext; near < std::min(i + kContext + 1, steps.size());
         ++near)
      shown[near] = true;
  }
  std::vector<std::string> out;
  if (!differs) return out;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (shown[i])
      out.push_back(std::string(1, steps[i].mark) + " " + std::string(steps[i].line));
    else if (out.empty() || out.back() != "  …")
      out.emplace_back("  …");
  }
  return out;
}

}  // namespace remit::cli
