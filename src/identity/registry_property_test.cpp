// Whatever commands come in whatever order: the registry does what a small model says, and the invariants of
// governance hold after each of them. A failing run prints its seed and the shrunk list of commands.

#include <rapidcheck.h>

#include <array>
#include <map>
#include <ostream>
#include <set>

#include "identity/testing.h"

namespace remit::identity {
namespace {

using snapshot::SnapshotData;
using snapshot::State;

enum class Op {
  kJoin,
  kLeave,
  kRegister,
  kSubmit,
  kApprove,
  kRefuse,
  kRetire,
  kAssign,
  kPlace,
  kKill,
  kLiftKill,
  kMend,
  kRenew,
  kLift,
  kAddKey,
  kRevokeKey,
  kGrant,
  kRevokeGrant,
  kEndGrants,
  kWait
};
constexpr std::array<std::string_view, 20> kOpNames = {
    "join",    "leave",      "register", "submit",       "approve",    "refuse", "retire",
    "assign",  "place",      "kill",     "lift-kill",    "mend",       "renew",  "lift",
    "add-key", "revoke-key", "grant",    "revoke-grant", "end-grants", "wait"};

// Register and approve come more often: without them nothing else can happen.
constexpr std::array kMix = {
    Op::kRegister,    Op::kRegister,  Op::kRegister, Op::kApprove,  Op::kApprove,   Op::kApprove, Op::kJoin,
    Op::kLeave,       Op::kSubmit,    Op::kRefuse,   Op::kRetire,   Op::kAssign,    Op::kPlace,   Op::kPlace,
    Op::kKill,        Op::kLiftKill,  Op::kLiftKill, Op::kLiftKill, Op::kMend,      Op::kRenew,   Op::kLift,
    Op::kLift,        Op::kLift,      Op::kAddKey,   Op::kAddKey,   Op::kRevokeKey, Op::kGrant,   Op::kGrant,
    Op::kRevokeGrant, Op::kEndGrants, Op::kWait};

// A command and what it is about: each number chooses among what there is.
struct Step {
  Op op;
  std::array<unsigned, 6> pick;
};
std::ostream& operator<<(std::ostream& out, const Step& step) {
  out << kOpNames.at(static_cast<std::size_t>(step.op));
  for (const auto pick : step.pick) out << ' ' << pick;
  return out;
}

rc::Gen<Step> any_step() {
  return rc::gen::construct<Step>(rc::gen::elementOf(std::vector<Op>(kMix.begin(), kMix.end())),
                                  rc::gen::container<std::array<unsigned, 6>>(rc::gen::inRange(0U, 60U)));
}

constexpr std::array kPeople = {"Ada Alpha", "Ben Bravo", "Cleo Charlie", "Dan Delta"};
constexpr std::array kAgents = {"alpha-bot", "beta-bot"};
constexpr std::int64_t kKeys = 24;

ToolId tool(Environment environment, unsigned number) {
  return ToolId::trusted(fmt::format("tol_{}_{}", to_string(environment), number));
}

// The loaded world as lines, in an order of its own. Reasons are free text and left out.
std::set<std::string> lines(const SnapshotData& data) {
  std::set<std::string> all;
  const auto deputy = [](const auto& owned) { return owned.deputy ? owned.deputy->str() : "none"; };
  for (const auto& human : data.humans)
    all.insert(fmt::format("{} {} here={}", human.id.str(), human.name, human.active));
  for (const auto& agent : data.agents)
    for (const auto& kill : agent.kills)
      all.insert(fmt::format("{} of {} by {} at {} confirmed by {}", kill.id.str(), agent.id.str(),
                             kill.placed_by, to_micros(kill.placed_at),
                             kill.confirmed_by ? kill.confirmed_by->str() : "nobody"));
  for (const auto& agent : data.agents)
    all.insert(fmt::format("{} {} owner={} deputy={} {} {} {}", agent.id.str(), agent.name, agent.owner.str(),
                           deputy(agent), agent.purpose, agent.process, agent.issuing_system));
  for (const auto& one : data.deployments) {
    all.insert(fmt::format("{} {}/{} of {} {} owner={} deputy={} {} {} until {} killed={}", one.id.str(),
                           to_string(one.environment), one.name, one.agent.str(), to_string(one.state),
                           one.owner.str(), deputy(one), one.purpose, one.process, to_micros(one.expires),
                           one.killed));
    for (const auto& hold : one.holds)
      all.insert(fmt::format("{} held {} by {} at {} mended={}", one.id.str(), to_string(hold.kind),
                             hold.placed_by, to_micros(hold.placed_at), hold.mended.has_value()));
  }
  for (const auto& one : data.credentials)
    all.insert(fmt::format("{} of {} {} {} from {} until {} revoked={}", one.id.str(), one.deployment.str(),
                           one.public_jwk, one.thumbprint, to_micros(one.not_before), to_micros(one.expires),
                           one.revoked));
  for (const auto& one : data.grants)
    all.insert(fmt::format("{} of {} {} until {}", one.id.str(), one.deployment.str(), one.tool.str(),
                           one.expires ? to_micros(*one.expires) : 0));
  return all;
}

// How often each command was done and refused, over all runs: one that never was has not been tested.
struct Tally {
  std::array<int, kOpNames.size()> done{}, refused{};
  int steps = 0;
  int production_may_act = 0;
};

// The registry and the model, side by side.
class Trial {
 public:
  explicit Trial(Tally& tally) : tally_(tally) {
    for (const auto* name : kPeople) model_.humans.push_back({world_.join(name), name, true});
    for (const auto& id : {world_.maria_, world_.jonas_, world_.amina_})
      model_.humans.push_back({id, world_.snapshot()->human(id.str())->name, true});
  }

  void take(const Step& step) {
    op_ = step.op;
    ++tally_.steps;
    take_one(step.op, step.pick);
    check();
  }

 private:
  using Picks = std::array<unsigned, 6>;

  // Both must agree on whether the command may be done.
  template <typename T>
  bool agree(bool may, const Result<T>& answer) {
    RC_LOG() << "step " << ++steps_ << ": " << kOpNames.at(static_cast<std::size_t>(op_)) << ": "
             << (answer ? "done" : answer.error().message) << '\n';
    RC_ASSERT(answer.has_value() == may);
    ++(may ? tally_.done : tally_.refused).at(static_cast<std::size_t>(op_));
    return may;
  }

  Instant now() const { return world_.clock_.now(); }
  const HumanId& person(unsigned pick) const { return model_.humans.at(pick % model_.humans.size()).id; }
  bool here(const HumanId& id) const {
    return std::ranges::any_of(model_.humans, [&](auto& human) { return human.id == id && human.active; });
  }
  // Mostly one that the command is meant for, else any: nullptr where there is none.
  snapshot::Deployment* deployment(Op op, const Picks& pick) {
    std::vector<snapshot::Deployment*> choice;
    for (auto& one : model_.deployments)
      if (pick[5] % 3 == 0 || is_meant_for(op, one)) choice.push_back(&one);
    return choice.empty() ? nullptr : choice.at(pick[0] % choice.size());
  }
  bool is_meant_for(Op op, const snapshot::Deployment& one) const {
    switch (op) {
      case Op::kSubmit:
        return one.state == State::kDraft;
      case Op::kApprove:
      case Op::kRefuse:
        return one.state == State::kPending;
      case Op::kLift:
        return !one.holds.empty();
      case Op::kRevokeGrant:
        return std::ranges::find(model_.grants, one.id, &snapshot::Grant::deployment) != model_.grants.end();
      default:
        return lives(one);
    }
  }
  static bool lives(const snapshot::Deployment& one) { return one.state != State::kRetired; }
  bool has_living(const AgentId& agent) const {
    return std::ranges::any_of(model_.deployments,
                               [&](auto& one) { return one.agent == agent && lives(one); });
  }
  bool has_living_key(const DeploymentId& id) const {
    return std::ranges::any_of(model_.credentials, [&](auto& one) {
      return one.deployment == id && !one.revoked && one.expires > now();
    });
  }
  bool used(const NewKey& key) const {
    return std::ranges::any_of(model_.credentials,
                               [&](auto& one) { return one.thumbprint == key.thumbprint; });
  }
  static auto hold_of(snapshot::Deployment& one, HoldKind kind) {
    return std::ranges::find(one.holds, kind, &snapshot::Hold::kind);
  }
  bool hold(snapshot::Deployment& one, HoldKind kind, const std::string& by) {
    const auto there = hold_of(one, kind);
    if (there != one.holds.end() && !there->mended) return false;
    if (there != one.holds.end()) one.holds.erase(there);
    one.holds.push_back({kind, by, now(), ""});
    return true;
  }
  void set_owner(snapshot::Agent& agent, const HumanId& owner, const std::optional<HumanId>& deputy) {
    agent.owner = owner;
    agent.deputy = deputy;
    for (auto& one : model_.deployments) {
      if (one.agent != agent.id) continue;
      one.owner = owner;
      one.deputy = deputy;
      one.purpose = agent.purpose;
      one.process = agent.process;
    }
  }
  // In production nothing rests on the approval of its owner alone.
  void hold_own_approvals(const snapshot::Agent& agent) {
    for (auto& one : model_.deployments)
      if (one.agent == agent.id && lives(one) && one.environment == Environment::kProduction &&
          (approved_by(one) == agent.owner || rests_on_grants_by(one, agent.owner) ||
           rests_on_keys_by(one, agent.owner)))
        hold(one, HoldKind::kChangePending, "operator");
  }
  HumanId approved_by(const snapshot::Deployment& one) const {
    const auto found = approved_.find(one.id.str());
    return found == approved_.end() ? HumanId() : found->second;
  }
  bool rests_on_grants_by(const snapshot::Deployment& one, const HumanId& person) const {
    return std::ranges::any_of(model_.grants, [&](auto& grant) {
      return grant.deployment == one.id && granted_by_.at(grant.id.str()) == person;
    });
  }
  bool rests_on_keys_by(const snapshot::Deployment& one, const HumanId& person) const {
    return std::ranges::any_of(model_.credentials, [&](auto& key) {
      const auto found = added_by_.find(key.id.str());
      return key.deployment == one.id && !key.revoked && found != added_by_.end() && found->second == person;
    });
  }
  void confirm(const snapshot::Deployment& one, const HumanId& by) {
    for (const auto& key : model_.credentials)
      if (key.deployment == one.id && !key.revoked && added_by_.contains(key.id.str()) &&
          added_by_.at(key.id.str()) == one.owner)
        added_by_[key.id.str()] = by;
    if (approved_.contains(one.id.str())) approved_[one.id.str()] = by;
    for (const auto& grant : model_.grants)
      if (grant.deployment == one.id && granted_by_.at(grant.id.str()) == one.owner)
        granted_by_[grant.id.str()] = by;
  }
  static bool is_own(const snapshot::Deployment& one, const HumanId& by) {
    return one.environment == Environment::kProduction && one.owner == by;
  }
  std::optional<HumanId> maybe_person(unsigned pick) const {
    if (pick % 3 != 0) return std::nullopt;
    return person(pick / 3);
  }
  bool may_own(const HumanId& owner, const std::optional<HumanId>& deputy) const {
    return here(owner) && (!deputy || (*deputy != owner && here(*deputy)));
  }

  void take_one(Op op, const Picks& pick) {
    switch (op) {
      case Op::kJoin:
        return join(pick);
      case Op::kLeave:
        return leave(pick);
      case Op::kRegister:
        return register_agent(pick);
      case Op::kAssign:
        return assign(pick);
      case Op::kKill:
        return kill(pick);
      case Op::kLiftKill:
        return lift_kill(pick);
      case Op::kRevokeKey:
        return revoke_key(pick);
      case Op::kEndGrants:
        return end_grants(pick);
      case Op::kWait:
        return world_.clock_.advance(std::chrono::hours(pick[0] * 4));
      default:
        break;
    }
    auto* one = deployment(op, pick);
    if (one == nullptr) return;
    switch (op) {
      case Op::kSubmit:
        return submit(*one);
      case Op::kApprove:
        return approve(*one, person(pick[1]));
      case Op::kRefuse:
        return refuse(*one, person(pick[1]));
      case Op::kRetire:
        return retire(*one);
      case Op::kPlace:
        return place(*one, pick);
      case Op::kMend:
        return mend(*one);
      case Op::kRenew:
        return renew(*one, pick);
      case Op::kLift:
        return lift(*one, pick);
      case Op::kAddKey:
        return add_key(*one, pick);
      case Op::kGrant:
        return grant(*one, pick);
      case Op::kRevokeGrant:
        return revoke_grant(*one, pick);
      default:
        break;
    }
  }

  void join(const Picks& pick) {
    const std::string name = kPeople.at(pick[0] % kPeople.size());
    const bool taken =
        std::ranges::any_of(model_.humans, [&](auto& human) { return human.name == name && human.active; });
    const auto id =
        world_.run([&](auto& tx) { return world_.registry_.add_human(tx, world_.operator_, name); });
    if (agree(!taken, id)) model_.humans.push_back({*id, name, true});
  }

  void leave(const Picks& pick) {
    const auto id = person(pick[0]);
    const auto departure = world_.leave(id);
    if (!agree(here(id), departure)) return;
    std::ranges::find(model_.humans, id, &snapshot::Human::id)->active = false;
    std::set<std::string> succeeded;
    std::set<std::string> held;
    for (auto& agent : model_.agents) {
      if (agent.deputy == id) set_owner(agent, agent.owner, {});
      if (agent.owner != id) continue;
      if (agent.deputy) {
        set_owner(agent, HumanId(*agent.deputy), {});
        hold_own_approvals(agent);
        succeeded.insert(agent.id.str());
        continue;
      }
      for (auto& one : model_.deployments)
        if (one.agent == agent.id && lives(one) && hold(one, HoldKind::kOwnerMissing, "operator"))
          held.insert(one.id.str());
    }
    RC_ASSERT(std::set(departure->succeeded.begin(), departure->succeeded.end()) == succeeded);
    RC_ASSERT(std::set(departure->held.begin(), departure->held.end()) == held);
  }

  void register_agent(const Picks& pick) {
    auto given = world_.registration(kEnvironments.at(pick[1] % 3), kAgents.at(pick[0] % kAgents.size()));
    auto agent = std::ranges::find(model_.agents, given.name, &snapshot::Agent::name);
    const bool known = agent != model_.agents.end();
    given.owner = person(pick[2]);
    given.deputy = maybe_person(pick[3]);
    if (known && pick[4] % 4 != 0) {
      given.owner = agent->owner;
      given.deputy = agent->deputy;
    }
    if (pick[4] % 8 == 0) given.purpose = "another purpose";
    given.expires = now() + std::chrono::days(pick[5] % 40);
    given.key = World::key(pick[5] % kKeys);
    const bool taken = known && std::ranges::any_of(model_.deployments, [&](auto& one) {
                         return one.agent == agent->id && one.environment == given.environment && lives(one);
                       });
    const bool same =
        !known || !has_living(agent->id) ||
        (agent->owner == given.owner && agent->deputy == given.deputy && agent->purpose == given.purpose);
    const bool may =
        may_own(given.owner, given.deputy) && given.expires > now() && !used(given.key) && same && !taken;
    const auto made = world_.enroll(given);
    if (!agree(may, made)) return;
    if (!known) {
      model_.agents.push_back({made->agent, given.name, given.owner, given.deputy, given.purpose,
                               given.process, given.issuing_system});
      agent = std::prev(model_.agents.end());
    }
    RC_ASSERT(made->agent == agent->id);
    agent->purpose = given.purpose;
    model_.deployments.push_back({.id = made->deployment,
                                  .environment = given.environment,
                                  .agent = made->agent,
                                  .name = given.name,
                                  .owner = given.owner,
                                  .deputy = given.deputy,
                                  .state = State::kPending,
                                  .holds = {},
                                  .purpose = given.purpose,
                                  .process = given.process,
                                  .expires = given.expires,
                                  .killed = !agent->kills.empty()});
    set_owner(*agent, given.owner, given.deputy);
    add(made->credential, model_.deployments.back(), given.key);
  }

  void add(const CredentialId& id, const snapshot::Deployment& to, const NewKey& key) {
    model_.credentials.push_back({.id = id,
                                  .deployment = to.id,
                                  .kind = snapshot::CredentialKind::kKey,
                                  .public_jwk = key.public_jwk,
                                  .thumbprint = key.thumbprint,
                                  .not_before = now(),
                                  .expires = to.expires,
                                  .revoked = false});
  }

  void submit(snapshot::Deployment& one) {
    if (agree(one.state == State::kDraft && here(one.owner), world_.submit(one.id)))
      one.state = State::kPending;
  }

  void approve(snapshot::Deployment& one, const HumanId& by) {
    const bool may = one.state == State::kPending && here(by) && here(one.owner) && !is_own(one, by) &&
                     one.expires > now();
    if (!agree(may, world_.approve(one.id, by))) return;
    one.state = has_living_key(one.id) ? State::kActive : State::kApproved;
    approved_[one.id.str()] = by;
  }

  void refuse(snapshot::Deployment& one, const HumanId& by) {
    if (agree(one.state == State::kPending && here(by), world_.refuse(one.id, by))) one.state = State::kDraft;
  }

  void retire(snapshot::Deployment& one) {
    if (!agree(lives(one), world_.retire(one.id))) return;
    one.state = State::kRetired;
    for (auto& credential : model_.credentials)
      if (credential.deployment == one.id) credential.revoked = true;
    std::erase_if(model_.grants, [&](auto& grant) { return grant.deployment == one.id; });
  }

  void assign(const Picks& pick) {
    if (model_.agents.empty()) return;
    auto& agent = model_.agents.at(pick[0] % model_.agents.size());
    const auto owner = person(pick[1]);
    const auto deputy = maybe_person(pick[2]);
    if (!agree(may_own(owner, deputy), world_.assign_owner(agent.id, owner, deputy))) return;
    set_owner(agent, owner, deputy);
    hold_own_approvals(agent);
  }

  void place(snapshot::Deployment& one, const Picks& pick) {
    const auto kind = snapshot::Names<HoldKind>::table.at(pick[1] % 8).first;
    const auto by = World::as(person(pick[2]));
    if (agree(lives(one), world_.place(one.id, kind, by))) hold(one, kind, by.id);
  }

  void kill(const Picks& pick) {
    if (model_.agents.empty()) return;
    auto& agent = model_.agents.at(pick[0] % model_.agents.size());
    const auto by = person(pick[1]);
    const auto id = world_.kill(agent.id, by);
    if (!agree(here(by), id)) return;
    owner_then_[id->str()] = agent.owner;
    agent.kills.push_back({*id, by.str(), now(), ""});
    show_killed(agent);
  }

  void show_killed(const snapshot::Agent& agent) {
    for (auto& one : model_.deployments)
      if (one.agent == agent.id) one.killed = !agent.kills.empty();
  }

  void lift_kill(const Picks& pick) {
    for (auto& agent : model_.agents) {
      if (agent.kills.empty()) continue;
      auto& kill = agent.kills.at(pick[1] % agent.kills.size());
      const auto by = person(pick[2]);
      const auto part = [&](const HumanId& who) {
        return kill.placed_by == who.str() || agent.owner == who || owner_then_.at(kill.id.str()) == who;
      };
      const auto over = world_.lift_kill(kill.id, by);
      if (!agree(here(by) && !part(by) && kill.confirmed_by != by, over)) return;
      const bool second = kill.confirmed_by && here(*kill.confirmed_by) && !part(*kill.confirmed_by);
      RC_ASSERT(*over == second);
      if (second)
        agent.kills.erase(agent.kills.begin() + static_cast<std::ptrdiff_t>(pick[1] % agent.kills.size()));
      else
        kill.confirmed_by = by;
      return show_killed(agent);
    }
  }

  void mend(snapshot::Deployment& one) {
    agree(true, world_.mend_drift(one.id));
    if (const auto found = hold_of(one, HoldKind::kDrift); found != one.holds.end() && !found->mended)
      found->mended = now();
  }

  void renew(snapshot::Deployment& one, const Picks& pick) {
    const auto by = person(pick[1]);
    const auto expires = now() + std::chrono::days(pick[2] % 40);
    const bool may = lives(one) && here(by) && here(one.owner) && !is_own(one, by) && expires > now();
    if (!agree(may, world_.renew(one.id, expires, by))) return;
    for (auto& credential : model_.credentials)
      if (credential.deployment == one.id && !credential.revoked && credential.expires == one.expires)
        credential.expires = expires;
    one.expires = expires;
    confirm(one, by);
    std::erase_if(one.holds, [](auto& hold) { return hold.kind == HoldKind::kExpired; });
  }

  void lift(snapshot::Deployment& one, const Picks& pick) {
    // Mostly a hold that is there.
    auto kind = snapshot::Names<HoldKind>::table.at(pick[1] % 8).first;
    if (!one.holds.empty() && pick[3] % 4 != 0) kind = one.holds.at(pick[1] % one.holds.size()).kind;
    const auto by = person(pick[2]);
    const auto found = hold_of(one, kind);
    const bool may = lives(one) && here(by) && found != one.holds.end() && may_lift(one, *found, by);
    if (!agree(may, world_.lift(one.id, kind, by))) return;
    one.holds.erase(found);
    if (kind == HoldKind::kOwnerMissing || kind == HoldKind::kChangePending) confirm(one, by);
  }

  bool may_lift(const snapshot::Deployment& one, const snapshot::Hold& hold, const HumanId& by) const {
    if (hold.kind == HoldKind::kExpired) return one.expires > now();
    if (hold.kind == HoldKind::kOwnerMissing || hold.kind == HoldKind::kChangePending)
      return here(one.owner) && !is_own(one, by) && one.expires > now();
    if (hold.kind == HoldKind::kDrift) return hold.mended && !is_own(one, by);
    if (hold.kind == HoldKind::kCredentialExposed)
      return std::ranges::none_of(model_.credentials, [&](auto& credential) {
        return credential.deployment == one.id && !credential.revoked &&
               credential.not_before <= hold.placed_at;
      });
    return true;
  }

  void add_key(snapshot::Deployment& one, const Picks& pick) {
    const auto key = World::key(pick[1] % kKeys);
    const auto by = maybe_person(pick[2]);
    const bool second = by ? here(*by) && !is_own(one, *by) : one.environment != Environment::kProduction;
    const auto id = world_.add_credential(one.id, key, by);
    if (!agree(lives(one) && one.expires > now() && !used(key) && second, id)) return;
    add(*id, one, key);
    if (by) added_by_[id->str()] = *by;
    if (one.state == State::kApproved) one.state = State::kActive;
  }

  void revoke_key(const Picks& pick) {
    if (model_.credentials.empty()) return;
    auto& credential = model_.credentials.at(pick[0] % model_.credentials.size());
    if (agree(!credential.revoked, world_.revoke_credential(credential.id))) credential.revoked = true;
  }

  auto grant_of(const DeploymentId& id, const ToolId& tool) {
    return std::ranges::find_if(model_.grants,
                                [&](auto& one) { return one.deployment == id && one.tool == tool; });
  }

  void grant(snapshot::Deployment& one, const Picks& pick) {
    const auto environment = pick[1] % 4 == 0 ? kEnvironments.at(pick[2] % 3) : one.environment;
    NewGrant given{.deployment = one.id,
                   .tool = tool(environment, pick[3] % 2),
                   .tool_name = fmt::format("erp/tool-{}", pick[3] % 2),
                   .tool_environment = environment,
                   .approver = person(pick[4])};
    if (pick[5] % 2 == 0) given.expires = now() + std::chrono::days(pick[5] % 10);
    const bool may = lives(one) && here(given.approver) && environment == one.environment &&
                     (!given.expires || *given.expires > now()) && !is_own(one, given.approver);
    const auto there = grant_of(one.id, given.tool);
    const bool is_new = there == model_.grants.end();
    const auto id = world_.grant(given);
    if (!agree(may && (is_new || there->expires == given.expires), id)) return;
    if (!is_new) {
      RC_ASSERT(*id == there->id);
      return;
    }
    model_.grants.push_back({*id, one.id, given.tool, given.expires});
    granted_by_[id->str()] = given.approver;
  }

  void revoke_grant(snapshot::Deployment& one, const Picks& pick) {
    const auto which = tool(one.environment, pick[1] % 2);
    const auto found = grant_of(one.id, which);
    if (agree(found != model_.grants.end(), world_.revoke_grant(one.id, which))) model_.grants.erase(found);
  }

  void end_grants(const Picks& pick) {
    const auto which = tool(kEnvironments.at(pick[0] % 3), pick[1] % 2);
    const auto ended = world_.end_grants(which);
    agree(true, ended);
    RC_ASSERT(
        std::cmp_equal(*ended, std::erase_if(model_.grants, [&](auto& one) { return one.tool == which; })));
  }

  // After each step -----------------------------------------------------------------------------------------

  void check() {
    RC_ASSERT(world_.broken() == std::vector<std::string>{});
    const auto loaded = world_.snapshot();
    RC_ASSERT(lines(loaded->all()) == lines(model_));
    check_names();
    check_who_may_act(*loaded);
    check_production();
    check_retired();
    check_nothing_is_carried_over();
  }

  std::vector<store::Row> rows(std::string_view sql) {
    std::vector<store::Row> found;
    const auto read = world_.store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(found, reader.query(sql));
      return {};
    });
    RC_ASSERT(read.has_value());
    return found;
  }

  void check_names() {
    for (const auto& entry : world_.entries()) {
      const auto text = boost::json::serialize(entry);
      for (const auto& human : model_.humans) RC_ASSERT(!text.contains(human.name));
    }
  }

  // Invariant 2: what may act (active, held by nothing, not killed, not over) is owned by somebody who is
  // here, and was approved; in production by somebody who does not own it now.
  void check_who_may_act(const snapshot::Snapshot& loaded) {
    for (const auto& one : loaded.all().deployments) {
      if (!may_act(one, now())) continue;
      RC_ASSERT(loaded.human(one.owner.str())->active);
      RC_ASSERT(loaded.agent(one.name)->kills.empty());
      RC_ASSERT(approved_.contains(one.id.str()));
      if (one.environment != Environment::kProduction) continue;
      ++tally_.production_may_act;
      RC_ASSERT(approved_by(one) != one.owner);
      RC_ASSERT(!rests_on_grants_by(one, one.owner));
      RC_ASSERT(!rests_on_keys_by(one, one.owner));
    }
  }

  // Invariant 8, as far as it is built: no active production deployment lacks owner, purpose, process,
  // approval and retirement date. Where the owner is gone it is held.
  void check_production() {
    const auto found = rows(
        "SELECT d.id, a.purpose, a.process, d.approved_by, d.approved_at, d.expires_at, h.left_at, "
        "(SELECT COUNT(*) FROM identity_hold i WHERE i.subject = d.id AND i.kind = 'owner-missing') "
        "FROM deployment d JOIN agent a ON a.id = d.agent JOIN human h ON h.id = a.owner "
        "WHERE d.state = 'active' AND d.environment = 'production'");
    for (const auto& row : found) {
      RC_ASSERT(!row.text(1).empty());
      RC_ASSERT(!row.text(2).empty());
      RC_ASSERT(row.text(3) == approved_.at(row.text(0)).str());
      RC_ASSERT(row.integer(5) > row.integer(4));
      RC_ASSERT(row.is_null(6) || row.integer(7) == 1);
    }
  }

  // Invariant 9: a retired row is never changed again, and has no key and no grant that lives.
  void check_retired() {
    const auto found = rows(
        "SELECT d.id, d.agent || d.environment || d.state || d.expires_at || d.retired_at || "
        "d.revision, "
        "(SELECT COUNT(*) FROM credential c WHERE c.deployment = d.id AND c.revoked_at IS NULL) + "
        "(SELECT COUNT(*) FROM tool_grant g WHERE g.deployment = d.id AND g.revoked_at IS NULL) "
        "FROM deployment d WHERE d.retired_at IS NOT NULL OR d.state = 'retired'");
    for (const auto& row : found) {
      const auto [seen, is_new] = retired_.emplace(row.text(0), row.text(1));
      RC_ASSERT(seen->second == row.text(1));
      RC_ASSERT(row.integer(2) == 0);
    }
    RC_ASSERT(found.size() == retired_.size());
  }

  // Invariants 4 and 10: a key belongs to the deployment that it was made for, for ever, and no deployment
  // has a grant on a tool of another environment.
  void check_nothing_is_carried_over() {
    const auto keys = rows("SELECT thumbprint, deployment FROM credential");
    for (const auto& row : keys) {
      const auto [seen, is_new] = keys_.emplace(row.text(0), row.text(1));
      RC_ASSERT(seen->second == row.text(1));
    }
    RC_ASSERT(keys.size() == keys_.size());
    const auto grants =
        rows("SELECT g.tool, d.environment FROM tool_grant g JOIN deployment d ON d.id = g.deployment");
    for (const auto& row : grants) RC_ASSERT(row.text(0).starts_with("tol_" + row.text(1)));
  }

  Tally& tally_;
  World world_;
  SnapshotData model_;
  std::map<std::string, HumanId> approved_;     // deployment to who approved it
  std::map<std::string, HumanId> owner_then_;   // kill to who owned the agent
  std::map<std::string, HumanId> added_by_;     // credential to who said that it be added
  std::map<std::string, HumanId> granted_by_;   // grant to who approved it
  std::map<std::string, std::string> retired_;  // deployment to row
  std::map<std::string, std::string> keys_;     // thumbprint to deployment
  Op op_ = Op::kWait;
  int steps_ = 0;
};

TEST(RegistryProperty, DoesWhatTheModelSaysAndKeepsTheInvariantsWhateverComes) {
  Tally tally;
  const bool held = rc::check("commands in any order", [&tally] {
    const auto steps = *rc::gen::scale(2.0, rc::gen::container<std::vector<Step>>(any_step()));
    Trial trial(tally);
    for (const auto& step : steps) trial.take(step);
  });
  EXPECT_TRUE(held);
  // What never happened was not tested.
  if (tally.steps < 3000) GTEST_SKIP() << "a run of few steps shows little of what can happen";
  EXPECT_GT(tally.production_may_act, 0);
  for (std::size_t i = 0; i < kOpNames.size(); ++i) {
    const auto op = static_cast<Op>(i);
    if (op == Op::kWait) continue;
    EXPECT_GT(tally.done[i], 0) << kOpNames[i];
    if (op != Op::kEndGrants && op != Op::kMend)
      EXPECT_GT(tally.refused[i], 0) << kOpNames[i];  // that has no guard
  }
}

}  // namespace
}  // namespace remit::identity
