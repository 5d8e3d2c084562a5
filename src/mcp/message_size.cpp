#include "mcp/message_size.h"

#include <fmt/format.h>

#include <vector>

namespace remit::mcp {
namespace {

constexpr std::size_t kLeastBytesOfMember = 5;  // "":1,
constexpr std::size_t kLeastBytesOfValue = 2;   // 1,

// Behind a string that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at + 1;
}

}  // namespace

std::optional<std::string> over_size(std::string_view text, const SizeLimits& limits) {
  if (text.size() / kLeastBytesOfMember < limits.members && text.size() / kLeastBytesOfValue < limits.values)
    return std::nullopt;
  struct Open {
    bool is_object;
    std::size_t members = 0;
  };
  std::vector<Open> open;  // objects and arrays
  std::size_t values = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') open.push_back({.is_object = c == '{'});
    if ((c == '}' || c == ']') && !open.empty()) open.pop_back();
    if (c == ':' && !open.empty() && ++open.back().members > limits.members)
      return fmt::format("the message has an object of more than {} members", limits.members);
    // Each value but the outermost stands behind a colon, behind a comma in an array, or where an array
    // begins.
    if (c == ':' || c == '[' || (c == ',' && !open.empty() && !open.back().is_object)) ++values;
    if (values > limits.values) return fmt::format("the message has more than {} values", limits.values);
  }
  return std::nullopt;
}

}  // namespace remit::mcp
