#include "catalog/inventory_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "base/nearest.h"
#include "snapshot/entities.h"
#include "snapshot/names.h"

namespace remit::catalog {
namespace {

using snapshot::Snapshot;
using Names = std::set<std::string_view>;

constexpr std::size_t kMost = 200;  // errors, and warnings
constexpr std::size_t kListed = 8;
constexpr std::size_t kShownBytes = 100;

// Those that product.md speaks of are known before anything has them: what comes may.
constexpr std::array<std::string_view, 3> kLabels = {"pii", "secret", "untrusted"};

// What may be named of one kind.
struct Kind {
  std::string_view one;  // as messages say it: "agent"
  std::string_view many;
  Names known;
  bool closed = false;  // there will never be another
};

template <typename E>
Names names_of() {
  Names names;
  for (const auto& [value, name] : snapshot::Names<E>::table) names.insert(name);
  return names;
}

// Names are as long as somebody wrote them.
std::string in_backticks(std::string_view text) {
  return fmt::format("`{}`", cedar::shortened(std::string(text), kShownBytes));
}

// The name that was likely meant: the same in the environment, with or without what qualifies it, else the
// nearest.
std::string_view meant(std::string_view written, Environment environment, const Names& known) {
  const auto bare = written.substr(written.rfind('/') + 1);
  const auto qualified = fmt::format("{}/{}", to_string(environment), bare);
  if (const auto same = known.find(qualified); same != known.end()) return *same;
  const std::vector<std::string_view> all(known.begin(), known.end());
  if (const auto near = nearest(written, all)) return *near;
  return nearest(qualified, all).value_or(std::string_view());
}

std::string help_for(std::string_view written, Environment environment, const Kind& kind) {
  if (const auto found = meant(written, environment, kind.known); !found.empty())
    return fmt::format("did you mean {}?", in_backticks(found));
  if (kind.known.empty())
    return fmt::format("{} has no {} yet; --allow-unknown lets what is to come through",
                       to_string(environment), kind.many);
  std::string help = fmt::format("{} has", to_string(environment));
  std::size_t count = 0;
  for (const auto name : kind.known) {
    if (count == kListed) {
      help += ", …";
      break;
    }
    help.append(count++ == 0 ? " " : ", ").append(in_backticks(name));
  }
  return help;
}

// What is wrong with a name; empty: nothing.
struct Problem {
  std::string message = {};
  std::string help = {};
  bool only_warns = false;  // the name is right, and of nothing that acts here yet, or any more
};

class Inventory {
 public:
  Inventory(const Snapshot& snapshot, Environment environment)
      : snapshot_(snapshot), environment_(environment) {
    const auto& all = snapshot.all();
    for (const auto& deployment : all.deployments) {
      auto& place = ids_.emplace_back(snapshot::agent_uid(deployment).id());
      if (deployment.environment != environment) {
        elsewhere_.insert(place);
      } else if (deployment.state == snapshot::State::kRetired) {
        retired_.insert(place);
      } else {
        agents_.known.insert(place);
        agent_names_.known.insert(deployment.name);
        processes_.known.insert(deployment.process);
      }
      if (deployment.state != snapshot::State::kRetired) all_processes_.insert(deployment.process);
    }
    for (const auto& destination : all.destinations) {
      auto& place = ids_.emplace_back(snapshot::destination_uid(destination).id());
      if (destination.environment != environment) {
        elsewhere_.insert(place);
        continue;
      }
      destinations_.known.insert(place);
      destination_names_.known.insert(destination.name);
      destination_labels_.known.insert(destination.labels.begin(), destination.labels.end());
    }
    for (const auto& tool : all.tools) {
      if (tool.environment != environment) continue;
      tools_.known.insert(tool.qualified_name);
      tool_labels_.known.insert(tool.labels.begin(), tool.labels.end());
    }
    for (const auto& human : all.humans) {
      people_.known.insert(human.name);
      ids_by_name_.emplace(human.name, human.id.str());
    }
    for (const auto environment_name : kEnvironments) environments_.known.insert(to_string(environment_name));
  }

  Problem problem(const cedar::Name& name) const {
    if (name.entity) return entity(*name.entity);
    return name.pattern != nullptr ? pattern(name.attribute, *name.pattern) : text(name.attribute, name.text);
  }

 private:
  Problem unknown(std::string_view written, const Kind& kind) const {
    return {fmt::format("no such {} {}", kind.one, in_backticks(written)),
            help_for(written, environment_, kind)};
  }

  Problem entity(const cedar::EntityUid& uid) const {
    const std::string_view id = uid.id();
    if (uid.type() == snapshot::kAgentType) return qualified(id, agents_);
    if (uid.type() == snapshot::kDestinationType) return qualified(id, destinations_);
    if (uid.type() == snapshot::kProcessType) {
      if (processes_.known.contains(id)) return {};
      if (all_processes_.contains(id))
        return {
            fmt::format("no agent of {} serves the process {}", to_string(environment_), in_backticks(id)),
            "agents of other environments do", true};
      return unknown(id, processes_);
    }
    if (uid.type() == snapshot::kHumanType) return person(id);
    return {};  // all others are in the schema
  }

  Problem qualified(std::string_view id, const Kind& kind) const {
    if (kind.known.contains(id)) return {};
    if (retired_.contains(id))
      return {fmt::format("the {} {} is retired", kind.one, in_backticks(id)), "leave it out", true};
    if (elsewhere_.contains(id)) {
      const auto here = meant(id, environment_, kind.known);
      return {fmt::format("the {} {} is not one of {}", kind.one, in_backticks(id), to_string(environment_)),
              here.empty() ? std::string("policies of its own environment decide on it")
                           : fmt::format("here it is {}", in_backticks(here)),
              true};
    }
    return unknown(id, kind);
  }

  Problem person(std::string_view id) const {
    if (snapshot_.human(id) != nullptr) return {};
    const auto named = ids_by_name_.find(id);
    if (named == ids_by_name_.end()) {
      auto problem = unknown(id, people_);
      problem.help += "; people are named by name in `principal.owner.name`";
      return problem;
    }
    return {fmt::format("no such id of a person {}", in_backticks(id)),
            fmt::format("write `Remit::Human::\"{}\"`, or compare `principal.owner.name` with \"{}\"",
                        named->second, id)};
  }

  // What an attribute may be; null: anything.
  const Kind* kind_of(std::string_view attribute) const {
    const std::array<std::pair<std::string_view, const Kind*>, 15> kinds{{
        {"context.tool.effect", &effects_},
        {"context.tool.data_class", &data_classes_},
        {"context.tool.labels", &tool_labels_},
        {"context.tool.name", &tools_},
        {"context.session.credential_kind", &credential_kinds_},
        {"principal.name", &agent_names_},
        {"principal.environment", &environments_},
        {"principal.process", &processes_},
        {"principal.owner.name", &people_},
        {"principal.deputy.name", &people_},
        {"resource.name", &destination_names_},
        {"resource.environment", &environments_},
        {"resource.data_class", &data_classes_},
        {"resource.labels", &destination_labels_},
        {"resource.owner.name", &people_},
    }};
    const auto* found = std::ranges::find(kinds, attribute, &std::pair<std::string_view, const Kind*>::first);
    return found == kinds.end() ? nullptr : found->second;
  }

  Problem text(std::string_view attribute, std::string_view written) const {
    const auto* kind = kind_of(attribute);
    return kind == nullptr || kind->known.contains(written) ? Problem{} : unknown(written, *kind);
  }

  // A pattern may well be there for what is to come, unless nothing can.
  Problem pattern(std::string_view attribute, const cedar::Pattern& written) const {
    const auto* kind = kind_of(attribute);
    const auto matches = [&](std::string_view name) { return written.matches(name); };
    if (kind == nullptr || std::ranges::any_of(kind->known, matches)) return {};
    const auto shown = cedar::to_text(written);
    return {fmt::format("no {} of {} is like {}", kind->one, to_string(environment_), in_backticks(shown)),
            help_for(shown, environment_, *kind), !kind->closed};
  }

  const Snapshot& snapshot_;
  const Environment environment_;
  std::deque<std::string> ids_;  // of agents and destinations, as policies name them: what the sets look at
  Names elsewhere_, retired_, all_processes_;
  std::map<std::string_view, std::string_view> ids_by_name_;
  Kind agents_{"agent", "agents", {}}, agent_names_{"agent", "agents", {}};
  Kind destinations_{"destination", "destinations", {}},
      destination_names_{"destination", "destinations", {}};
  Kind processes_{"process", "processes", {}}, tools_{"tool", "tools", {}};
  Kind people_{"person", "people", {}};
  Kind tool_labels_{"label", "labels", Names(kLabels.begin(), kLabels.end())};
  Kind destination_labels_ = tool_labels_;
  Kind environments_{"environment", "environments", {}, true};
  Kind effects_{"effect", "effects", names_of<snapshot::Effect>(), true};
  Kind data_classes_{"data class", "data classes", names_of<snapshot::DataClass>(), true};
  Kind credential_kinds_{"credential kind", "credential kinds", names_of<snapshot::CredentialKind>(), true};
};

}  // namespace

void find_unknown_names(const cedar::PolicySet& set, const Snapshot& snapshot, Environment environment,
                        bool allow_unknown, std::vector<PolicyFinding>& findings) {
  const Inventory inventory(snapshot, environment);
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (const auto& policy : set.policies()) {
    for (const auto& name : cedar::names_in(policy)) {
      if (errors == kMost) return;
      auto problem = inventory.problem(name);
      if (problem.message.empty()) continue;
      const bool opens = policy.effect() == cedar::Effect::kForbid || name.sense != cedar::Sense::kNarrows;
      const bool is_error = opens && !problem.only_warns && !allow_unknown;
      if (!is_error && warnings == kMost) continue;
      ++(is_error ? errors : warnings);
      findings.push_back(
          {"RMT-P008",
           is_error,
           cedar::shortened(std::string(policy.name()), kShownBytes),
           {std::move(problem.message), std::move(problem.help), name.span, name.start, name.end}});
    }
  }
}

}  // namespace remit::catalog
