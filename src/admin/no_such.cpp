#include "admin/no_such.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/nearest.h"

namespace remit::admin {
namespace {

template <typename Things>
std::vector<std::string_view> names_in(Environment environment, const Things& things) {
  std::vector<std::string_view> names;
  for (const auto& thing : things)
    if (thing.environment == environment) names.push_back(thing.name);
  return names;
}

std::unexpected<Error> no_such(std::string_view code, const std::string& message, std::string_view name,
                               const std::vector<std::string_view>& known) {
  return fail(ErrorKind::kNotFound, code, message + nearest_hint(name, known));
}

}  // namespace

std::unexpected<Error> no_such_agent(std::string_view name, const snapshot::Snapshot& snapshot) {
  std::vector<std::string_view> names;
  for (const auto& agent : snapshot.all().agents) names.push_back(agent.name);
  return no_such("RMT-I003", fmt::format("there is no agent `{}`", name), name, names);
}

std::unexpected<Error> no_such_deployment(Environment environment, std::string_view name,
                                          const snapshot::Snapshot& snapshot) {
  return no_such("RMT-I003", fmt::format("there is no agent `{}` in {}", name, to_string(environment)), name,
                 names_in(environment, snapshot.all().deployments));
}

std::unexpected<Error> no_such_destination(Environment environment, std::string_view name,
                                           const snapshot::Snapshot& snapshot) {
  return no_such("RMT-C010", fmt::format("there is no destination `{}` in {}", name, to_string(environment)),
                 name, names_in(environment, snapshot.all().destinations));
}

}  // namespace remit::admin
