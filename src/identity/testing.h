// What the tests of the registry have in common: a store with its log, three people, and what is promised of
// every command.

#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "identity/load.h"
#include "identity/registry.h"
#include "store/temp_folder.h"

namespace remit::identity {

inline std::vector<store::Migration> all_migrations() {
  auto all = audit::migrations();
  for (auto& migration : migrations()) all.push_back(migration);
  return all;
}

// For each table of a store, the SELECT that gives its rows as texts.
inline Result<std::vector<std::string>> selects_of_all_rows(store::Reader& reader) {
  ASSIGN_OR_RETURN(
      const auto tables,
      reader.query("SELECT t.name, (SELECT group_concat('quote(' || c.name || ')', ' || ''|'' || ') "
                   "FROM pragma_table_info(t.name) c) FROM sqlite_master t WHERE t.type = 'table' "
                   "ORDER BY t.name"));
  std::vector<std::string> selects;
  for (const auto& table : tables)
    selects.push_back(fmt::format("SELECT '{0}: ' || {1} FROM {0} ORDER BY 1", table.text(0), table.text(1)));
  return selects;
}

// A world changes by commands alone, and each is watched: one that is refused changes nothing at all, one
// that changes something moves the revision by one and says so in the log. What does not hold is in `broken`.
class World {
  std::vector<std::string> selects_;
  std::vector<boost::json::object> entries_;
  std::vector<std::string> broken_;
  std::int64_t last_key_ = 0;

 public:
  struct Contents {
    std::string tables;  // every row of every table of the store
    std::int64_t revision = 0;
    std::uint64_t log_size = 0;
  };

  // Runs one command, which gets the transaction, and gives its answer.
  template <typename Command>
  auto run(Command command) {
    using Answer = std::invoke_result_t<Command&, store::Transaction&>;
    const auto before = contents();
    std::optional<Answer> answer;
    const auto done = store_->run([&](store::Transaction& tx) -> Result<void> {
      answer.emplace(command(tx));
      if (!*answer) return fail(answer->error());
      return {};
    });
    watch(before, done.has_value());
    return std::move(*answer);
  }

  // Of the last command: the entries that it appended, and their actions.
  const std::vector<boost::json::object>& entries() const { return entries_; }
  std::vector<std::string> actions() const {
    std::vector<std::string> all;
    for (const auto& entry : entries_) all.emplace_back(entry.at("action").as_string());
    return all;
  }
  const std::vector<std::string>& broken() const { return broken_; }

  Contents contents() {
    Contents now;
    must(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(now.log_size, audit::log_size(reader));
      if (selects_.empty()) {
        ASSIGN_OR_RETURN(selects_, selects_of_all_rows(reader));
      }
      for (const auto& select : selects_) {
        ASSIGN_OR_RETURN(const auto rows, reader.query(select));
        for (const auto& row : rows) now.tables += row.text(0) + '\n';
      }
      return {};
    }));
    now.revision = store_->revision();
    return now;
  }

  std::vector<std::string> log_texts(std::uint64_t from = 0) {
    std::vector<std::string> texts;
    must(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(const auto size, audit::log_size(reader));
      for (auto i = from; i < size; ++i) {
        ASSIGN_OR_RETURN(auto text, audit::read_entry(reader, i));
        texts.push_back(std::move(text));
      }
      return {};
    }));
    return texts;
  }

  std::shared_ptr<const snapshot::Snapshot> snapshot() {
    snapshot::SnapshotData data;
    must(store_->read([&](store::Reader& reader) { return load(reader, data); }));
    data.revision = store_->revision();
    return std::make_shared<snapshot::Snapshot>(std::move(data));
  }

  // Commands, with what most tests do not care about filled in.

  HumanId join(std::string_view name) {
    return run([&](auto& tx) { return registry_.add_human(tx, operator_, name); }).value();
  }
  Result<Departure> leave(const HumanId& human) {
    return run([&](auto& tx) { return registry_.human_leaves(tx, operator_, human); });
  }
  Result<ServiceId> add_service(const NewService& service) {
    return run([&](auto& tx) { return registry_.add_service(tx, operator_, service); });
  }
  Result<Registered> enroll(const Registration& registration) {
    return run([&](auto& tx) { return registry_.register_agent(tx, operator_, registration); });
  }
  Result<void> submit(const DeploymentId& id) {
    return run([&](auto& tx) { return registry_.submit(tx, operator_, id); });
  }
  Result<void> approve(const DeploymentId& id, const HumanId& approver) {
    return run([&](auto& tx) { return registry_.approve(tx, operator_, id, approver); });
  }
  Result<void> refuse(const DeploymentId& id, const HumanId& approver, std::string_view reason = "no") {
    return run([&](auto& tx) { return registry_.refuse(tx, operator_, id, approver, reason); });
  }
  Result<void> retire(const DeploymentId& id, std::string_view reason = "done") {
    return run([&](auto& tx) { return registry_.retire(tx, operator_, id, reason); });
  }
  Result<void> assign_owner(const AgentId& agent, const HumanId& owner, std::optional<HumanId> deputy = {}) {
    return run([&](auto& tx) { return registry_.assign_owner(tx, operator_, agent, owner, deputy); });
  }
  Result<void> place(const DeploymentId& id, HoldKind kind, const audit::Actor& actor,
                     std::string_view reason = "because") {
    return run([&](auto& tx) { return registry_.place_hold(tx, actor, id, kind, reason); });
  }
  Result<KillId> kill(const AgentId& agent, const HumanId& killer, std::string_view reason = "stop") {
    return run([&](auto& tx) { return registry_.kill(tx, as(killer), agent, killer, reason); });
  }
  Result<bool> lift_kill(const KillId& kill, const HumanId& lifter, std::string_view reason = "mended") {
    return run([&](auto& tx) { return registry_.lift_kill(tx, as(lifter), kill, lifter, reason); });
  }
  Result<void> mend_drift(const DeploymentId& id) {
    return run([&](auto& tx) { return registry_.mend_drift(tx, operator_, id); });
  }
  Result<void> renew(const DeploymentId& id, Instant expires, const HumanId& approver) {
    return run([&](auto& tx) { return registry_.renew(tx, operator_, id, expires, approver); });
  }
  Result<void> lift(const DeploymentId& id, HoldKind kind, const HumanId& lifter,
                    std::string_view reason = "mended") {
    return run([&](auto& tx) { return registry_.lift_hold(tx, operator_, id, kind, lifter, reason); });
  }
  Result<CredentialId> add_credential(const DeploymentId& id, const NewKey& new_key,
                                      const std::optional<HumanId>& approver) {
    return run([&](auto& tx) { return registry_.add_credential(tx, operator_, id, new_key, approver); });
  }
  Result<CredentialId> add_credential(const DeploymentId& id, const NewKey& new_key) {
    return add_credential(id, new_key, jonas_);
  }
  Result<void> revoke_credential(const CredentialId& id) {
    return run([&](auto& tx) { return registry_.revoke_credential(tx, operator_, id); });
  }
  Result<GrantId> grant(const NewGrant& given) {
    ASSIGN_OR_RETURN(auto granted, grant_shown(given));
    return std::move(granted.id);
  }
  Result<Granted> grant_shown(const NewGrant& given) {
    return run([&](auto& tx) { return registry_.grant(tx, operator_, given); });
  }
  Result<void> revoke_grant(const DeploymentId& id, const ToolId& tool) {
    return run([&](auto& tx) { return registry_.revoke_grant(tx, operator_, id, tool); });
  }
  Result<std::int64_t> end_grants(const ToolId& tool) {
    return run([&](auto& tx) { return registry_.end_grants(tx, operator_, tool); });
  }

  // A key of its own for each number; without one, a key that was never used.
  static NewKey key(std::int64_t number) {
    const auto text = to_base64url(sha256(fmt::format("key {}", number)).bytes);
    return {.public_jwk = fmt::format(R"({{"kty":"OKP","crv":"Ed25519","x":"{}"}})", text),
            .thumbprint = text,
            .material = "material of " + text};
  }
  NewKey key() { return key(--last_key_); }

  // invoice-bot, owned by Maria without a deputy, for a year.
  Registration registration(Environment environment, std::string name = "invoice-bot") {
    return {.name = std::move(name),
            .owner = maria_,
            .purpose = "pay invoices",
            .process = "accounts-payable",
            .issuing_system = "terraform",
            .environment = environment,
            .expires = clock_.now() + std::chrono::days(365),
            .key = key()};
  }
  // Registered, and approved by Jonas.
  Registered active(const Registration& registration) {
    auto made = enroll(registration).value();
    must(approve(made.deployment, jonas_));
    return made;
  }
  Registered active(Environment environment) { return active(registration(environment)); }

  static audit::Actor as(const HumanId& human) { return {human.str(), "console"}; }

  const audit::Actor operator_{"operator", "cli"};
  store::TempFolder folder_ = store::TempFolder::in_memory();
  ManualClock clock_{parse_instant("2026-11-24T05:00:00Z").value()};
  SeededRandom random_{11};
  std::unique_ptr<store::Store> store_ =
      store::Store::open({.file = folder_ / "remit.db", .migrations = all_migrations()}).value();
  std::unique_ptr<audit::Log> log_ = audit::Log::open(*store_, clock_, random_).value();
  // Long enough for every test but those of the limits.
  static constexpr std::chrono::days kLongest{400};
  Registry registry_{*log_, clock_, random_,
                     Rules{.longest_life = {kLongest, kLongest, kLongest}, .reserved_keys = {"an issuer's"}}};
  const HumanId maria_ = join("Maria Quandt");
  const HumanId jonas_ = join("Jonas Zweig");
  const HumanId amina_ = join("Amina Yücel");

 private:
  static void must(const Result<void>& done) {
    if (!done) throw std::runtime_error(format(done.error()));
  }
  void promise(bool kept, std::string_view what) {
    if (!kept) broken_.emplace_back(what);
  }
  void watch(const Contents& before, bool succeeded) {
    const auto after = contents();
    entries_.clear();
    for (const auto& text : log_texts(before.log_size))
      entries_.push_back(boost::json::parse(text).as_object());
    if (!succeeded) {
      promise(after.tables == before.tables && after.revision == before.revision,
              "a refused command changes nothing");
      return;
    }
    for (const auto& entry : entries_)
      promise(entry.at("kind") == "governance", "a command appends governance events alone");
    if (entries_.empty())
      promise(after.tables == before.tables, "a command that says nothing in the log changes nothing");
    promise(after.revision == before.revision + (entries_.empty() ? 0 : 1),
            "a command moves the revision by one if it changes anything");
  }
};

class RegistryTest : public testing::Test, public World {
 protected:
  void TearDown() override { EXPECT_THAT(broken(), testing::IsEmpty()); }
};

inline void expect_code(const auto& result, std::string_view code) {
  ASSERT_FALSE(result) << "expected " << code;
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_NE(find_error(code), nullptr) << code << " is not in the catalogue";
}

}  // namespace remit::identity
