// What the API shows of the governed world, as JSON. Instants are RFC 3339; secrets are never shown.
//
// Thread-safety: pure functions.

#pragma once

#include <boost/json/object.hpp>

#include "snapshot/snapshot.h"

namespace remit::admin {

boost::json::object view(const snapshot::Human& human);
boost::json::object view(const snapshot::Service& service, const snapshot::Snapshot& snapshot);
// The state of a deployment is `expired` once its end date has passed; its agent's kills are among its holds.
boost::json::object view(const snapshot::Agent& agent, const snapshot::Snapshot& snapshot, Instant now);
boost::json::object view(const snapshot::Deployment& deployment, const snapshot::Snapshot& snapshot,
                         Instant now);
boost::json::object view(const snapshot::Credential& credential);
boost::json::object view(const snapshot::Grant& grant, const snapshot::Snapshot& snapshot);
boost::json::object view(const snapshot::Destination& destination, const snapshot::Snapshot& snapshot);
// `claims` is what the tool's server says of it: shown, never believed.
boost::json::object view(const snapshot::Tool& tool, const snapshot::Snapshot& snapshot);

// A person's name, or the id of somebody who is in the store no more.
boost::json::value name_of(const HumanId& id, const snapshot::Snapshot& snapshot);

// Why a policy applies or not: {policy, effect, line, column, result, scope_matches, steps}.
boost::json::object view(const cedar::Explanation& explanation);

// "production/invoice-bot"
std::string label(const snapshot::Deployment& deployment);

// {"items": […]}
template <typename T, typename View>
boost::json::object list(const std::vector<T>& all, View show) {
  boost::json::array items;
  for (const auto& one : all) items.push_back(show(one));
  return {{"items", std::move(items)}};
}

}  // namespace remit::admin
