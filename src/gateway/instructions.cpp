#include "gateway/instructions.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "base/visible.h"

namespace remit::gateway {
namespace {

constexpr std::size_t kMostOfOne = 2048;
constexpr std::size_t kMostOfAll = 8192;

// As visible(), line by line: instructions are often lists.
std::string shown(std::string_view text) {
  std::string out;
  for (bool first = true; !text.empty(); first = false) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    // Each line is quoted, so that none can look like a heading of the gateway's.
    out += fmt::format("{}> {}", first ? "" : "\n", visible(line));
  }
  return out;
}

}  // namespace

std::string joined_instructions(std::span<const snapshot::Destination* const> destinations) {
  std::string all;
  for (const auto* destination : destinations) {
    const auto& words = destination->instructions;
    if (words.empty()) continue;
    const auto part = fmt::format(
        "{}The server of destination `{}` says, in its own words, which Remit only passes on:\n{}{}",
        all.empty() ? "" : "\n\n", destination->name, shown(utf8_head(words, kMostOfOne)),
        words.size() > kMostOfOne ? " …" : "");
    if (all.size() + part.size() > kMostOfAll) break;
    all += part;
  }
  return all;
}

}  // namespace remit::gateway
