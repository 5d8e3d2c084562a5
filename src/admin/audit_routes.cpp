// The log: its entries as they were written, and what they say of one decision.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "admin/entries.h"
#include "admin/routes.h"
#include "admin/views.h"
#include "audit/query.h"
#include "base/canonical_json.h"
#include "catalog/policies.h"
#include "decision/prospect.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

constexpr std::uint64_t kMaxEntries = 1000;
constexpr std::uint64_t kDefaultTail = 20;
constexpr std::uint64_t kRowsAtOnce = 32;

// The first index of a page and how many entries it has at most; which of them stay where they are large.
struct Page {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  enum class Keep { kFirst, kLast } keep = Keep::kFirst;
};

// `after` is the index of an entry that the caller has, `from` that of one that it wants; with neither, the
// page is the end of the log.
Result<Page> page_of(const Fields& query, std::uint64_t size) {
  ASSIGN_OR_RETURN(const auto after, query.optional_count("after"));
  ASSIGN_OR_RETURN(const auto from, query.optional_count("from"));
  ASSIGN_OR_RETURN(const auto limit, query.optional_count("limit"));
  TRY(query.all_known());
  if (after && from) return fail(ErrorKind::kInvalid, "RMT-X012", "a page has either `after` or `from`");
  if (limit && (*limit == 0 || *limit > kMaxEntries))
    return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("`limit` must be from 1 to {}", kMaxEntries));
  if (after) return Page{.first = std::min(*after, size) + 1, .count = limit.value_or(kMaxEntries)};
  if (from) return Page{.first = std::min(*from, size), .count = limit.value_or(kMaxEntries)};
  const auto count = std::min(limit.value_or(kDefaultTail), size);
  return Page{.first = size - count, .count = count, .keep = Page::Keep::kLast};
}

// Rows are read a few at a time, from the end that is kept, until the page is full.
Result<json::array> read_page(store::Reader& reader, Names& names, Page page) {
  const bool backwards = page.keep == Page::Keep::kLast;
  json::array items;
  std::size_t bytes = 0;
  while (page.count > 0 && bytes < kMaxAnswerBytes) {
    const auto count = std::min(page.count, kRowsAtOnce);
    ASSIGN_OR_RETURN(auto rows, audit::read_entries(
                                    reader, backwards ? page.first + page.count - count : page.first, count));
    if (rows.empty()) break;
    if (backwards) std::ranges::reverse(rows);
    for (const auto& [index, text] : rows) {
      ASSIGN_OR_RETURN(auto entry, parse_entry(index, text));
      ASSIGN_OR_RETURN(auto shown, view({index, std::move(entry)}, names));
      items.push_back(std::move(shown));
      bytes += text.size();
      if (bytes >= kMaxAnswerBytes) break;
    }
    if (!backwards) page.first += count;
    page.count -= count;
  }
  if (backwards) std::ranges::reverse(items);
  return items;
}

Result<Answer> entries(const Call& call, store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto size, audit::log_size(reader));
  ASSIGN_OR_RETURN(const auto page, page_of(call.query, size));
  Names names(reader);
  ASSIGN_OR_RETURN(auto items, read_page(reader, names, page));
  return Answer{json::object{{"size", size}, {"items", std::move(items)}}};
}

// A member of an entry, or null where it has none.
json::value member(const json::object& entry, std::string_view name) {
  const auto* value = entry.if_contains(name);
  return value != nullptr ? *value : json::value(nullptr);
}

std::string text(const json::object& entry, std::string_view name) {
  const auto* value = entry.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// The name behind an id, or the id where there is none (any more).
Result<json::value> named(const std::string& id, Names& names) {
  if (id.empty()) return nullptr;
  ASSIGN_OR_RETURN(const auto name, names.of(id));
  return json::value(name.value_or(id));
}

// What was called: the tool's name, or what the caller asked for where it is no tool of theirs, if the entry
// was viewed before.
Result<json::value> tool_of(const json::object& entry, Names& names) {
  const auto id = text(entry, "tool");
  if (!id.empty()) return named(id, names);
  const auto asked = text(entry, "tool_asked");
  if (asked.starts_with("hmac-sha256:")) return named(asked, names);
  return member(entry, "tool_asked");  // an entry of before, in the agent's own words: no id
}

// The agent's own name: its environment is told beside it.
Result<json::value> agent_of(const std::string& deployment, Names& names) {
  if (deployment.empty()) return nullptr;
  ASSIGN_OR_RETURN(const auto label, names.of(deployment));
  return json::value(label ? label->substr(label->find('/') + 1) : deployment);
}

// Under which name the agent sees the tool, while it is granted it.
json::value shown_name_of(const json::object& entry, const Snapshot& snapshot) {
  const auto* grant = snapshot.grant(text(entry, "deployment"), text(entry, "tool"));
  return grant == nullptr ? json::value(nullptr) : json::value(grant->shown_name);
}

json::value outcome_of(const std::vector<Entry>& entries) {
  audit::OutcomeReader reader;
  for (const auto& [_, entry] : entries) reader.add(entry);
  return reader.outcome();
}

// For a call that no policy permitted: the permits that came nearest. The log has commitments to the
// arguments, not the arguments, so that what depends on them cannot be told; and what there was at that
// revision is gone, so that the world of now stands in for it.
Result<json::value> nearest_permits(const json::object& decided, const Snapshot& snapshot,
                                    store::Reader& reader) {
  constexpr std::size_t kCount = 3;
  if (text(decided, "reason") != "RMT-D041") return nullptr;
  const auto time = parse_instant(text(decided, "time"));
  const auto* deployment = snapshot.deployment(text(decided, "deployment"));
  const auto* credential = snapshot.credential(text(decided, "credential"));
  const auto* tool = snapshot.tool(text(decided, "tool"));
  const auto* destination = snapshot.destination(text(decided, "destination"));
  if (!time || deployment == nullptr || credential == nullptr || tool == nullptr || !tool->effect ||
      destination == nullptr)
    return json::object{
        {"note", "The agent, its credential or the tool is no longer there to be asked about."},
        {"permits", json::array()}};
  ASSIGN_OR_RETURN(const auto published, catalog::policy_history(reader, deployment->environment));
  const bool changed = !published.empty() && published.front().published_at > *time;
  json::array permits;
  for (const auto& one : decision::nearest_permits({deployment, credential, nullptr, tool, destination},
                                                   *time, snapshot, kCount))
    permits.push_back(admin::view(one));
  std::string note =
      "Asked again of the agents, tools and destinations as they are now, and without the arguments, of "
      "which the "
      "log keeps only commitments: a part that depends on them is `unknown`.";
  if (changed) note += " The policies are others than those that decided.";
  return json::object{
      {"note", std::move(note)}, {"policies_changed", changed}, {"permits", std::move(permits)}};
}

// `decided` is the entry of the decision itself; all that is shown is in the log or names what is in it.
Result<json::object> explain(const DecisionId& id, const json::object& decided, std::vector<Entry> entries,
                             const Snapshot& snapshot, Names& names) {
  const auto* reason = find_error(text(decided, "reason"));
  const auto deployment = text(decided, "deployment");
  auto outcome = outcome_of(entries);
  json::array all;
  all.reserve(entries.size());
  for (auto& entry : entries) {
    ASSIGN_OR_RETURN(auto one, view(std::move(entry), names));
    all.push_back(std::move(one));
  }
  ASSIGN_OR_RETURN(auto tool, tool_of(decided, names));
  ASSIGN_OR_RETURN(auto destination, named(text(decided, "destination"), names));
  ASSIGN_OR_RETURN(auto agent, agent_of(deployment, names));
  json::object shown{
      {"decision", id.str()},
      {"verdict", member(decided, "verdict")},
      {"reason", member(decided, "reason")},
      {"title", reason != nullptr ? json::value(reason->title) : nullptr},
      {"fix", reason != nullptr ? json::value(reason->fix) : nullptr},
      {"time", member(decided, "time")},
      {"environment", member(decided, "environment")},
      {"deployment", member(decided, "deployment")},
      {"agent", std::move(agent)},
      {"tool", std::move(tool)},
      {"shown_name", shown_name_of(decided, snapshot)},
      {"destination", std::move(destination)},
      {"effect", member(decided, "effect")},
      {"data_class", member(decided, "data_class")},
      {"policies", decided.contains("policies") ? decided.at("policies") : json::array()},
      {"policy_errors", decided.contains("policy_errors") ? decided.at("policy_errors") : json::array()},
      {"approval_path", member(decided, "approval_path")},
      {"revision", member(decided, "revision")},
      {"outcome", std::move(outcome)},
      {"entries", std::move(all)}};
  return shown;
}

Result<Answer> decision(const Call& call, const Snapshot& snapshot, store::Reader& reader) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto id, DecisionId::parse(call.path.at("id")));
  ASSIGN_OR_RETURN(const auto rows, audit::entries_about(reader, id.str()));
  std::vector<Entry> entries;
  entries.reserve(rows.size());
  std::optional<json::object> decided;
  for (const auto& [index, written] : rows) {
    ASSIGN_OR_RETURN(auto entry, parse_entry(index, written));
    if (const auto kind = text(entry, "kind"); kind == "intent" || kind == "denial") decided = entry;
    entries.emplace_back(index, std::move(entry));
  }
  if (!decided)
    return fail(ErrorKind::kNotFound, "RMT-A014", fmt::format("the log has no decision `{}`", id.str()));
  ASSIGN_OR_RETURN(auto nearest, nearest_permits(*decided, snapshot, reader));
  Names names(reader);
  ASSIGN_OR_RETURN(auto shown, explain(id, *decided, std::move(entries), snapshot, names));
  shown["nearest"] = std::move(nearest);
  return Answer{std::move(shown)};
}

}  // namespace

std::vector<Route> audit_routes(const ApiParts&) {
  return {
      {Method::kGet, "/v1/audit/entries",
       [](const Call& call, const Snapshot&, store::Reader& reader) { return entries(call, reader); }},
      {Method::kGet, "/v1/decisions/{id}", Lookup(decision)},
  };
}

}  // namespace remit::admin
