#include "cedar/values/pattern.h"

#include <string.h>  // memmem: linear time, unlike string_view::find

namespace cedar {

bool Pattern::matches(std::string_view text) const {
  if (pieces.size() == 1) return text == pieces.front();
  const std::string_view first = pieces.front();
  const std::string_view last = pieces.back();
  if (text.size() < first.size() + last.size() || !text.starts_with(first) || !text.ends_with(last))
    return false;

  text = text.substr(first.size(), text.size() - first.size() - last.size());
  for (const std::string_view piece : pieces.subspan(1, pieces.size() - 2)) {
    if (piece.empty()) continue;
    if (text.empty()) return false;
    const void* found = ::memmem(text.data(), text.size(), piece.data(), piece.size());
    if (found == nullptr) return false;
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    text.remove_prefix(offset + piece.size());
  }
  return true;
}

}  // namespace cedar
