// Nearest: which known word somebody may have meant, for "did you mean" in errors.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace remit {

// The known word with the fewest edits to `word` (insertions, deletions, substitutions and swaps of
// neighbours), if they are at most a third of its length and at least one is permitted. The first one, where
// several are as near.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

// "; did you mean `listen`?", or nothing: the end of a message that names the word.
std::string nearest_hint(std::string_view word, std::span<const std::string_view> known);

// "did you mean `listen`?" or "known: `data`, `listen`".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace remit
