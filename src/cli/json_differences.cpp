#include "cli/json_differences.h"

#include <boost/json/serialize.hpp>

namespace remit::cli {
namespace {

namespace json = boost::json;

// Definitions are bounded in depth where they are read (mcp/message.h), and so is this.
void compare(const json::value* before, const json::value* after, const std::string& place,
             std::vector<std::string>& lines) {
  if (before != nullptr && after != nullptr && *before == *after) return;
  if (before != nullptr && after != nullptr && before->is_object() && after->is_object()) {
    const auto& was = before->get_object();
    const auto& is = after->get_object();
    const auto below = [&](std::string_view name) {
      return place.empty() ? std::string(name) : place + "." + std::string(name);
    };
    for (const auto& member : was)
      compare(&member.value(), is.if_contains(member.key()), below(member.key()), lines);
    for (const auto& member : is)
      if (!was.contains(member.key())) compare(nullptr, &member.value(), below(member.key()), lines);
    return;
  }
  const auto name = place.empty() ? std::string() : place + ": ";
  if (before != nullptr) lines.push_back("- " + name + json::serialize(*before));
  if (after != nullptr) lines.push_back("+ " + name + json::serialize(*after));
}

}  // namespace

std::vector<std::string> json_differences(const json::value& before, const json::value& after) {
  std::vector<std::string> lines;
  compare(&before, &after, "", lines);
  return lines;
}

}  // namespace remit::cli
