#include "base/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace remit {
namespace {

// Optimal string alignment: Levenshtein's distance, where swapping two neighbours counts as one.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t kLongest = 64;  // the work is quadratic, and nobody mistypes a longer word
  if (word.empty() || word.size() > kLongest) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : known) {
    // As many edits at least as they differ in length.
    const auto longer = std::max(candidate.size(), word.size());
    if (candidate.size() > kLongest || longer - std::min(candidate.size(), word.size()) >= fewest) continue;
    const auto distance = edits(word, candidate);
    if (distance >= fewest) continue;
    fewest = distance;
    best = candidate;
  }
  return best;
}

std::string nearest_hint(std::string_view word, std::span<const std::string_view> known) {
  const auto found = nearest(word, known);
  return found ? "; did you mean `" + std::string(*found) + "`?" : std::string();
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  if (const auto found = nearest(word, known)) return "did you mean `" + std::string(*found) + "`?";
  std::string text = "known:";
  for (const auto candidate : known)
    text.append(text.ends_with(':') ? " `" : ", `").append(candidate).append("`");
  return text;
}

}  // namespace remit
