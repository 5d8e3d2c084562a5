// What the commands read before they change anything, and the texts that they accept. Private to the module.

#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/environment.h"
#include "base/id.h"
#include "snapshot/names.h"
#include "store/store.h"

namespace remit::identity {

struct DeploymentRow {
  DeploymentId id;
  AgentId agent;
  std::string name;  // the agent's
  HumanId owner;
  Environment environment = Environment::kSandbox;
  snapshot::State state = snapshot::State::kDraft;
  Instant expires;

  std::string label() const;  // "production/invoice-bot"
};

// Errors: kNotFound RMT-I003.
Result<DeploymentRow> read_deployment(store::Reader& reader, const DeploymentId& id);
// Also kConflict RMT-I011 if it is retired.
Result<DeploymentRow> read_living(store::Reader& reader, const DeploymentId& id);

// Its end date is still to come. Errors: kConflict RMT-I007.
Result<void> require_not_over(const DeploymentRow& deployment, Instant now);

// In production another person than the owner decides. `what`: "approve it". Errors: kForbidden `code`.
Result<void> require_second_person(const DeploymentRow& deployment, const HumanId& person,
                                   std::string_view code, std::string_view what);

// From now on what was approved rests on this person: the deployment, where it was approved, and the grants
// and keys that its present owner gave as another. In the transaction that confirms it.
Result<void> confirm_approvals(store::Transaction& tx, const DeploymentRow& deployment,
                               const HumanId& approver, Instant now);

// Owner and deputy of something. Errors: RMT-I001, RMT-I002, kInvalid RMT-I021.
Result<void> require_owners(store::Reader& reader, const HumanId& owner,
                            const std::optional<HumanId>& deputy);

Result<bool> has_living_credential(store::Reader& reader, const DeploymentId& deployment, Instant now);

// Values from outside. Errors: kInvalid RMT-I004 (a name), RMT-I006 (a text: reads as empty, over 500 bytes,
// not UTF-8, or with characters that control how it is shown).
Result<void> require_slug(std::string_view what, std::string_view text);
Result<void> require_text(std::string_view what, std::string_view text);

// Values from our own rows. Errors: kInternal RMT-I030.
Result<Environment> environment_of(const std::string& text);
Result<snapshot::State> state_of(const std::string& text);
Result<snapshot::HoldKind> hold_kind_of(const std::string& text);
Result<snapshot::CredentialKind> credential_kind_of(const std::string& text);

inline store::Value nullable(const std::optional<HumanId>& id) {
  return id ? store::Value(id->str()) : store::Value(nullptr);
}

// The same, for an event.
inline boost::json::value id_or_null(const std::optional<HumanId>& id) {
  return id ? boost::json::value(id->str()) : boost::json::value(nullptr);
}

}  // namespace remit::identity
