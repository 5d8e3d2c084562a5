// A small governed world, for tests of decisions: one agent that may do everything it was granted, and a call
// that nothing speaks against. Each test takes something away.

#pragma once

#include <string_view>

#include "base/canonical_json.h"
#include "decision/decide.h"

namespace remit::decision {

inline const Instant kNow = parse_instant("2026-11-24T05:00:00Z").value();
inline const Instant kLater = kNow + std::chrono::days(30);
inline const Digest kPin = sha256("{}");
inline constexpr std::string_view kPermitAll = "permit (principal, action, resource);";

inline cedar::PolicySet policies(std::string_view text) { return cedar::PolicySet::parse(text).value(); }

inline snapshot::SnapshotData world() {
  snapshot::SnapshotData data;
  data.revision = 7;
  snapshot::Deployment bot;
  bot.id = DeploymentId::trusted("dep_bot");
  bot.environment = Environment::kProduction;
  bot.name = "invoice-bot";
  bot.owner = HumanId::trusted("hum_maria");
  bot.state = snapshot::State::kActive;
  bot.process = "accounts-payable";
  bot.expires = kLater;
  data.deployments = {bot};
  snapshot::Credential key;
  key.id = CredentialId::trusted("crd_key");
  key.deployment = bot.id;
  key.not_before = kNow;
  key.expires = kLater;
  data.credentials = {key};
  snapshot::Destination erp;
  erp.id = DestinationId::trusted("dst_erp");
  erp.environment = Environment::kProduction;
  erp.name = "erp";
  erp.owner = bot.owner;
  data.destinations = {erp};
  snapshot::Tool pay;
  pay.id = ToolId::trusted("tol_pay");
  pay.destination = erp.id;
  pay.environment = Environment::kProduction;
  pay.name = "create_payment";
  pay.qualified_name = "erp/create_payment";
  pay.effect = snapshot::Effect::kPay;
  pay.digest = kPin;
  pay.input = std::make_shared<snapshot::ToolInput>(snapshot::read_tool_input(
      parse_json(R"({"type":"object","properties":{"amount":{"type":"integer"},"price":{"type":"number"},
                     "a":{"type":"boolean"},"tags":{"type":"array","items":{"type":"string"}}}})")
          ->get_object()));
  data.tools = {pay};
  data.grants = {{GrantId::trusted("grt_1"), bot.id, pay.id, std::nullopt}};
  data.policies = {{PolicySetId::trusted("pol_1"), Environment::kProduction, {}, policies(kPermitAll)}};
  return data;
}

inline Call call() {
  return {.environment = Environment::kProduction,
          .deployment = "dep_bot",
          .credential = "crd_key",
          .tool = "erp/create_payment",
          .offered = kPin,
          .now = kNow};
}

}  // namespace remit::decision
