#include "server/policy_watch.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "catalog/policy_check.h"

namespace remit::server {
namespace {

std::size_t errors_of(const snapshot::Snapshot& snapshot, Environment environment) {
  const auto* policies = snapshot.policies(environment);
  if (policies == nullptr) return 0;
  const auto schema = catalog::schema_of(snapshot, environment);
  if (!schema) return 1;  // nothing can be checked, and so nothing fits
  const auto check = catalog::check_policies(policies->set, {.schema = &*schema});
  return static_cast<std::size_t>(
      std::ranges::count(check.findings, true, &catalog::PolicyFinding::is_error));
}

}  // namespace

void PolicyWatch::look(const snapshot::Snapshot& snapshot) {
  if (snapshot.revision() == revision_) return;
  revision_ = snapshot.revision();
  for (const auto environment : kEnvironments) {
    const auto found = errors_of(snapshot, environment);
    const auto before = errors_.at(static_cast<std::size_t>(environment)).exchange(found);
    const auto name = to_string(environment);
    if (found > before)
      spdlog::warn(
          "the policies of {} have {} errors against what it has now: remit policy validate --env {}", name,
          found, name);
    else if (found == 0 && before > 0)
      spdlog::info("the policies of {} fit what it has again", name);
  }
}

}  // namespace remit::server
