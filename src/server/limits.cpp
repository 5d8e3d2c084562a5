#include "server/limits.h"

#include <algorithm>

namespace remit::server {

// A row that cannot be meant does not compile either.
static_assert(std::ranges::all_of(kLimits, [](const Limit& limit) {
  return !limit.name.empty() && !limit.bounds.empty() && limit.least <= limit.standard &&
         limit.standard <= limit.most && std::ranges::count(kLimits, limit.name, &Limit::name) == 1;
}));

std::string_view to_string(Unit unit) {
  switch (unit) {
    case Unit::kCount:
      return "";
    case Unit::kBytes:
      return "bytes";
    case Unit::kKib:
      return "KiB";
    case Unit::kMib:
      return "MiB";
    case Unit::kMilliseconds:
      return "ms";
    case Unit::kSeconds:
      return "s";
  }
  return "";
}

std::size_t Limits::bytes(Name<sizes> limit) const {
  const auto value = static_cast<std::size_t>(values_[limit.index]);
  const Unit unit = kLimits[limit.index].unit;
  return unit == Unit::kMib ? value << 20U : unit == Unit::kKib ? value << 10U : value;
}

std::chrono::milliseconds Limits::time(Name<times> limit) const {
  const auto value = values_[limit.index];
  if (kLimits[limit.index].unit == Unit::kSeconds) return std::chrono::seconds(value);
  return std::chrono::milliseconds(value);
}

void Limits::lower(Name<counts> limit, std::size_t to) {
  values_[limit.index] = std::min(values_[limit.index], static_cast<std::int64_t>(to));
}

}  // namespace remit::server
