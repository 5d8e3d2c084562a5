#include "identity/tool_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/sha256.h"

namespace remit::identity {
namespace {

constexpr std::string_view kJoint = "__";  // no destination's name has a '_'
constexpr std::size_t kDigest = 10;        // hexadecimal digits
constexpr std::size_t kMaxPrefix = 24;     // of a destination's name, where the whole is too long

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string folded(std::string_view name) {
  std::string out(name);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::string legal(std::string_view name) {
  std::string out(name);
  std::ranges::replace_if(out, [](char c) { return !is_legal(c); }, '_');
  return out;
}

// Cut to what is left beside a digest of the whole.
std::string cut(std::string name, std::string_view whole) {
  name.resize(std::min(name.size(), kMaxShownName - kDigest - 1));
  return name + "_" + sha256(whole).hex().substr(0, kDigest);
}

std::string plain(std::string_view tool) {
  std::string name = legal(tool);
  return name.size() <= kMaxShownName ? name : cut(std::move(name), tool);
}

// "erp/create_payment": a destination's name has no slash.
struct Parts {
  explicit Parts(std::string_view qualified) {
    const auto slash = qualified.find('/');
    if (slash != std::string_view::npos) destination = qualified.substr(0, slash);
    tool = slash == std::string_view::npos ? qualified : qualified.substr(slash + 1);
  }
  std::string_view destination;
  std::string_view tool;
};

// Whether it begins with what could be a destination's name, and the joint.
bool is_prefixed(std::string_view name) {
  const auto end = name.find('_');
  if (end == 0 || end == std::string_view::npos || !name.substr(end).starts_with(kJoint)) return false;
  const char first = lower(name.front());
  return first >= 'a' && first <= 'z';
}

std::string prefixed(std::string_view qualified) {
  const Parts parts(qualified);
  const std::string name = legal(parts.tool);
  auto whole = fmt::format("{}{}{}", parts.destination, kJoint, name);
  if (whole.size() <= kMaxShownName) return whole;
  // Whose it is stays to be seen.
  return cut(fmt::format("{}{}{}", parts.destination.substr(0, kMaxPrefix), kJoint, name), qualified);
}

class Names {
 public:
  explicit Names(std::span<const ShownTool> ever) {
    for (const auto& one : ever) keep(one.tool, one.name);
  }

  void keep(const std::string& tool, const std::string& name) {
    of_tool_.emplace(tool, name);
    taken_.insert(folded(name));
  }
  bool has(std::string_view name) const { return taken_.contains(folded(name)); }
  const std::string* of(const std::string& tool) const {
    const auto found = of_tool_.find(tool);
    return found == of_tool_.end() ? nullptr : &found->second;
  }

  std::string choose(const std::string& tool) const {
    if (const auto* known = of(tool)) return *known;
    if (auto name = plain(Parts(tool).tool); !is_prefixed(name) && !has(name)) return name;
    auto base = prefixed(tool);
    if (!has(base)) return base;
    // One of any n + 1 different names is none of n.
    for (std::size_t i = 2;; ++i) {
      const auto ending = fmt::format("_{}", i);
      auto name = base.substr(0, kMaxShownName - ending.size()) + ending;
      if (!has(name)) return name;
    }
  }

 private:
  std::map<std::string, std::string> of_tool_;
  std::set<std::string> taken_;
};

// Whether it begins as the tools of one of them are shown or named.
bool belongs_to_another(std::string_view name, std::span<const std::string> destinations) {
  const auto start = folded(name);
  return std::ranges::any_of(destinations, [&](const auto& destination) {
    return start.starts_with(destination + std::string(kJoint)) || start.starts_with(destination + "/");
  });
}

}  // namespace

bool is_shown_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxShownName && std::ranges::all_of(name, is_legal);
}

std::string shown_name(std::string_view tool, std::span<const ShownTool> ever) {
  return Names(ever).choose(std::string(tool));
}

std::vector<AdoptedName> adopt_names(std::span<const OlderGrant> grants,
                                     std::span<const std::string> destinations) {
  // Under its own name a tool was listed where no other granted one was called so, short or long.
  std::map<std::string, int, std::less<>> uses;
  for (const auto& grant : grants) {
    if (!grant.living) continue;
    ++uses[std::string(Parts(grant.tool).tool)];
    ++uses[grant.tool];
  }
  Names names({});
  std::map<std::string, std::string> former;
  for (const auto& grant : grants) {
    const std::string own(Parts(grant.tool).tool);
    if (!grant.living || uses[own] != 1 || belongs_to_another(own, destinations)) continue;
    if (is_shown_name(own) && !names.has(own))
      names.keep(grant.tool, own);
    else
      former.emplace(grant.tool, own);
  }
  std::vector<AdoptedName> adopted;
  adopted.reserve(grants.size());
  for (const auto& grant : grants) {
    auto name = names.choose(grant.tool);
    names.keep(grant.tool, name);
    const auto known = former.find(grant.tool);
    adopted.push_back({std::move(name), known == former.end() ? std::string() : known->second});
  }
  return adopted;
}

}  // namespace remit::identity
