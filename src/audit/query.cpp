#include "audit/query.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

#include "base/environment.h"
#include "base/id.h"

namespace remit::audit {
namespace {

namespace json = boost::json;
using Strings = std::span<const std::string_view>;

constexpr std::array<std::string_view, 6> kNamedKinds = {"agt", "dep", "dst", "hum", "svc", "tol"};
// Where an entry, or its `detail`, says whom and what it is about.
constexpr std::array<std::string_view, 3> kAgentMembers = {"deployment", "agent", "object"};
constexpr std::array<std::string_view, 2> kDestinationMembers = {"destination", "object"};
constexpr std::array<std::string_view, 2> kToolMembers = {"tool", "object"};
constexpr std::array<std::string_view, 6> kPersonMembers = {"actor",  "approver", "person",
                                                            "lifter", "killer",   "confirmed_by"};

std::string_view text_at(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

const json::object& detail_of(const json::object& entry) {
  static const json::object kNone;
  const auto* detail = entry.if_contains("detail");
  return detail != nullptr && detail->is_object() ? detail->get_object() : kNone;
}

// The text of a member, in the entry or in its detail.
std::string_view said(const json::object& entry, std::string_view member) {
  const auto text = text_at(entry, member);
  return text.empty() ? text_at(detail_of(entry), member) : text;
}

template <typename Ids>
bool names_one(const json::object& entry, Strings members, const Ids& ids) {
  return !ids || std::ranges::any_of(members, [&](std::string_view member) {
    return ids->contains(text_at(entry, member)) || ids->contains(text_at(detail_of(entry), member));
  });
}

template <typename Ids>
bool has_one(std::string_view text, const Ids& ids) {
  return !ids || std::ranges::any_of(*ids, [&](const auto& id) { return text.contains(id); });
}

// As a member of the canonical form.
bool has_member(std::string_view text, std::string_view member, std::string_view value) {
  return value.empty() || text.contains("\"" + std::string(member) + "\":\"" + std::string(value) + "\"");
}

bool is_labelled(const json::object& object, std::string_view label) {
  const auto* labels = object.if_contains("labels");
  return labels != nullptr && labels->is_array() &&
         std::ranges::any_of(labels->get_array(), [&](const json::value& one) {
           return one.is_string() && one.get_string() == label;
         });
}

bool is_of_class(const json::object& entry, std::string_view data_class) {
  return data_class.empty() || said(entry, "data_class") == data_class || is_labelled(entry, data_class) ||
         is_labelled(detail_of(entry), data_class);
}

bool is_one_of(std::string_view id, Strings kinds) {
  return std::ranges::any_of(kinds, [&](std::string_view kind) { return is_id(kind, id); });
}

class Resolver {
 public:
  explicit Resolver(const IdsCalled& ids_called) : ids_called_(ids_called) {}

  Result<std::set<std::string, std::less<>>> ids(std::string_view what, const std::string& name,
                                                 Strings kinds) const {
    std::set<std::string, std::less<>> found;
    if (is_one_of(name, kinds)) {
      found.insert(name);
      return found;
    }
    TRY(add(name, kinds, found));
    // An agent's deployments are called after it.
    if (!name.contains('/') && std::ranges::find(kinds, "dep") != kinds.end())
      for (const auto environment : kEnvironments)
        TRY(add(std::string(to_string(environment)) + "/" + name, kinds, found));
    if (found.empty())
      return fail(ErrorKind::kNotFound, "RMT-A018",
                  "nothing in the log is " + std::string(what) + " called `" + name + "`");
    return found;
  }

 private:
  Result<void> add(const std::string& name, Strings kinds, std::set<std::string, std::less<>>& to) const {
    ASSIGN_OR_RETURN(auto ids, ids_called_(name));
    for (auto& id : ids)
      if (is_one_of(id, kinds)) to.insert(std::move(id));
    return {};
  }

  const IdsCalled& ids_called_;
};

void collect(const json::value& value, std::vector<std::string>& ids) {
  if (const auto* text = value.if_string(); text != nullptr && is_one_of(*text, kNamedKinds))
    ids.emplace_back(*text);
  if (const auto* array = value.if_array())
    for (const auto& one : *array) collect(one, ids);
  if (const auto* object = value.if_object())
    for (const auto& [_, one] : *object) collect(one, ids);
}

}  // namespace

Result<Query> Query::of(const Asked& asked, const IdsCalled& ids_called) {
  constexpr std::array<std::string_view, 2> kAgent = {"agt", "dep"};
  constexpr std::array<std::string_view, 1> kDestination = {"dst"};
  constexpr std::array<std::string_view, 1> kTool = {"tol"};
  constexpr std::array<std::string_view, 2> kPerson = {"hum", "svc"};
  const Resolver resolver(ids_called);
  Query query;
  query.since_ = asked.since;
  query.until_ = asked.until;
  query.kind_ = asked.kind;
  query.environment_ = asked.environment;
  query.effect_ = asked.effect;
  query.data_class_ = asked.data_class;
  query.verdict_ = asked.verdict;
  if (!asked.agent.empty()) {
    ASSIGN_OR_RETURN(query.agents_, resolver.ids("an agent", asked.agent, kAgent));
  }
  if (!asked.destination.empty()) {
    ASSIGN_OR_RETURN(query.destinations_, resolver.ids("a destination", asked.destination, kDestination));
  }
  if (!asked.tool.empty()) {
    ASSIGN_OR_RETURN(query.tools_, resolver.ids("a tool", asked.tool, kTool));
  }
  if (asked.by == "operator" || asked.by == "remit")
    query.people_.emplace({asked.by});
  else if (!asked.by.empty()) {
    ASSIGN_OR_RETURN(query.people_, resolver.ids("a person", asked.by, kPerson));
  }
  return query;
}

bool Query::may_match(std::string_view text) const {
  return has_member(text, "effect", effect_) && has_member(text, "verdict", verdict_) &&
         (data_class_.empty() || text.contains("\"" + data_class_ + "\"")) && has_one(text, agents_) &&
         has_one(text, destinations_) && has_one(text, tools_) && has_one(text, people_) &&
         !has_member(text, "kind", "outcome") && !has_member(text, "kind", "undelivered");
}

Result<bool> Query::matches(const json::object& entry, const NameOf& name_of) const {
  const auto kind = text_at(entry, "kind");
  if (kind == "outcome" || kind == "undelivered") return false;
  if (kind_ == QueryKind::kCall && kind != "intent" && kind != "denial") return false;
  if (kind_ == QueryKind::kChange && kind != "governance") return false;
  const auto time = parse_instant(text_at(entry, "time"));
  if ((since_ && (!time || *time < *since_)) || (until_ && (!time || *time >= *until_))) return false;
  if (!effect_.empty() && said(entry, "effect") != effect_) return false;
  if (!verdict_.empty() && text_at(entry, "verdict") != verdict_) return false;
  if (!is_of_class(entry, data_class_) || !names_one(entry, kAgentMembers, agents_) ||
      !names_one(entry, kDestinationMembers, destinations_) || !names_one(entry, kToolMembers, tools_) ||
      !names_one(entry, kPersonMembers, people_))
    return false;
  if (environment_.empty()) return true;
  ASSIGN_OR_RETURN(const auto environment, environment_of(entry, name_of));
  return environment == environment_;
}

std::vector<std::string> ids_in(const json::object& entry) {
  std::vector<std::string> ids;
  for (const auto& [key, value] : entry)
    if (key != "tool_asked") collect(value, ids);
  return ids;
}

Result<std::string> environment_of(const json::object& entry, const NameOf& name_of) {
  if (const auto environment = said(entry, "environment"); !environment.empty())
    return std::string(environment);
  for (const auto& id : {text_at(entry, "object"), text_at(detail_of(entry), "deployment")}) {
    if (!is_id("dep", id)) continue;
    ASSIGN_OR_RETURN(const auto label, name_of(std::string(id)));
    if (label) return label->substr(0, label->find('/'));
  }
  return std::string();
}

void OutcomeReader::add(const json::object& entry) {
  const auto kind = text_at(entry, "kind");
  const auto member = [&](std::string_view name) {
    const auto* value = entry.if_contains(name);
    return value != nullptr ? *value : json::value(nullptr);
  };
  if (kind == "outcome")
    outcome_ = json::object{{"status", member("status")},
                            {"reason", member("reason")},
                            {"latency_us", member("latency_us")},
                            {"time", member("time")}};
  undelivered_ = undelivered_ || kind == "undelivered" || member("delivered") == json::value(false);
}

json::value OutcomeReader::outcome() const {
  auto outcome = outcome_;
  if (undelivered_ && outcome.is_object()) outcome.get_object()["delivered"] = false;
  return outcome;
}

}  // namespace remit::audit
