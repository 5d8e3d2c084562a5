#include "server/line_limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace remit::server {
namespace {

constexpr std::string_view kCode = "RMT-";
constexpr std::size_t kCodeBytes = 8;    // "RMT-G002"
constexpr std::size_t kStartBytes = 32;  // of a line that names no code
constexpr std::size_t kMostKinds = 1024;
constexpr std::string_view kOthers = "other lines";

std::string_view kind_of(std::string_view line) {
  if (const auto at = line.find(kCode); at != std::string_view::npos) return line.substr(at, kCodeBytes);
  return line.substr(0, std::min(line.find_first_of("0123456789`\""), kStartBytes));
}

std::string with_commas(std::uint64_t number) {
  auto text = fmt::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

}  // namespace

bool LineLimiter::passes(std::string_view line, Time now) {
  auto name = kind_of(line);
  // Kinds are the program's own words and few. Should they ever be many, the rest are one kind.
  if (kinds_.size() >= kMostKinds && !kinds_.contains(name)) name = kOthers;
  const auto kind = kinds_.try_emplace(std::string(name), Kind{.since = now, .last = {}}).first;
  auto& [since, written, left_out, last] = kind->second;
  if (written == most_ || (written > 0 && last == line)) {
    ++left_out;
    return false;
  }
  ++written;
  last = line;
  return true;
}

std::vector<std::string> LineLimiter::left_out(Time now) {
  std::vector<std::string> lines;
  std::erase_if(kinds_, [&](const auto& entry) {
    const auto& [name, kind] = entry;
    if (now - kind.since < kStretch) return false;
    if (kind.left_out > 0)
      lines.push_back(fmt::format("{}: … and {} more like it", name, with_commas(kind.left_out)));
    return true;
  });
  return lines;
}

}  // namespace remit::server
