// The log, asked: which entries are such, one with all that is known of it, and what opens its commitments.
//
// A request looks at a bounded piece of the log and says where the next one goes on, however large the log is
// and however few entries match: reads have one thread, and the next one waits.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "admin/entries.h"
#include "admin/routes.h"
#include "audit/openings.h"
#include "audit/proven_log.h"
#include "audit/query.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using audit::Asked;
using http::Method;
using snapshot::Snapshot;

constexpr std::uint64_t kMaxItems = 1000;
constexpr std::uint64_t kDefaultItems = 100;
constexpr std::uint64_t kEntriesLookedAt = 8192;  // some 10 ms of text
constexpr std::uint64_t kEntriesAtOnce = 256;

template <typename E>
Result<std::string> optional_word(const Fields& query, std::string_view name) {
  ASSIGN_OR_RETURN(const auto value, query.optional_name<E>(name));
  return value ? std::string(snapshot::to_string(*value)) : std::string();
}

Result<std::string> optional_string(const Fields& query, std::string_view name) {
  ASSIGN_OR_RETURN(auto value, query.optional_text(name));
  return value.value_or(std::string());
}

// One of a few words, or none.
Result<std::string> one_of(const Fields& query, std::string_view name,
                           std::span<const std::string_view> words) {
  ASSIGN_OR_RETURN(const auto value, query.optional_text(name));
  if (!value) return std::string();
  if (std::ranges::find(words, *value) != words.end()) return *value;
  return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("`{}` cannot be `{}`", name, *value));
}

Result<Asked> asked_of(const Fields& query) {
  constexpr std::array<std::string_view, 3> kVerdicts = {"allow", "deny", "hold"};
  constexpr std::array<std::string_view, 2> kKinds = {"call", "change"};
  Asked asked;
  ASSIGN_OR_RETURN(asked.since, query.optional_instant("since"));
  ASSIGN_OR_RETURN(asked.until, query.optional_instant("until"));
  ASSIGN_OR_RETURN(const auto kind, one_of(query, "kind", kKinds));
  if (!kind.empty()) asked.kind = kind == "call" ? audit::QueryKind::kCall : audit::QueryKind::kChange;
  ASSIGN_OR_RETURN(const auto environment, query.optional_text("environment"));
  if (environment) {
    ASSIGN_OR_RETURN(const auto known, query.environment("environment"));
    asked.environment = to_string(known);
  }
  ASSIGN_OR_RETURN(asked.agent, optional_string(query, "agent"));
  ASSIGN_OR_RETURN(asked.destination, optional_string(query, "destination"));
  ASSIGN_OR_RETURN(asked.tool, optional_string(query, "tool"));
  ASSIGN_OR_RETURN(asked.effect, optional_word<snapshot::Effect>(query, "effect"));
  ASSIGN_OR_RETURN(asked.data_class, optional_string(query, "data_class"));
  ASSIGN_OR_RETURN(asked.verdict, one_of(query, "verdict", kVerdicts));
  ASSIGN_OR_RETURN(asked.by, optional_string(query, "by"));
  return asked;
}

Result<Instant> time_of(store::Reader& reader, std::uint64_t index) {
  ASSIGN_OR_RETURN(const auto text, audit::read_entry(reader, index));
  ASSIGN_OR_RETURN(const auto entry, parse_entry(index, text));
  const auto* time = entry.if_contains("time");
  return parse_instant(time != nullptr && time->is_string() ? std::string_view(time->get_string()) : "");
}

Result<std::uint64_t> place_of(store::Reader& reader, const std::optional<Instant>& instant,
                               std::uint64_t size, std::uint64_t otherwise) {
  if (!instant) return otherwise;
  return audit::first_not_before(*instant, size, [&](std::uint64_t index) { return time_of(reader, index); });
}

Result<json::value> ending_of(store::Reader& reader, const json::object& entry) {
  const auto* kind = entry.if_contains("kind");
  const auto* decision = entry.if_contains("decision");
  if (kind == nullptr || *kind != "intent" || decision == nullptr || !decision->is_string()) return nullptr;
  ASSIGN_OR_RETURN(const auto rows, audit::entries_about(reader, decision->get_string()));
  audit::OutcomeReader outcome;
  for (const auto& [index, text] : rows) {
    ASSIGN_OR_RETURN(const auto one, parse_entry(index, text));
    outcome.add(one);
  }
  return outcome.outcome();
}

Result<json::object> item_of(store::Reader& reader, Entry entry, Names& names) {
  ASSIGN_OR_RETURN(auto outcome, ending_of(reader, entry.second));
  ASSIGN_OR_RETURN(auto item, view(std::move(entry), names));
  item["outcome"] = std::move(outcome);
  return item;
}

// From where to where, and how much of it at most.
struct Stretch {
  std::uint64_t next = 0;
  std::uint64_t end = 0;
  std::uint64_t limit = 0;
};

// Moves `stretch.next` to where the next request goes on.
Result<json::array> matches_in(store::Reader& reader, const audit::Query& query, Names& names,
                               Stretch& stretch) {
  const auto name_of = [&](const std::string& id) { return names.of(id); };
  const auto end = std::min(stretch.end, stretch.next + kEntriesLookedAt);
  json::array items;
  std::size_t bytes = 0;
  while (stretch.next < end) {
    ASSIGN_OR_RETURN(const auto rows,
                     audit::read_entries(reader, stretch.next, std::min(kEntriesAtOnce, end - stretch.next)));
    if (rows.empty()) break;
    for (const auto& [index, text] : rows) {
      if (items.size() >= stretch.limit || bytes >= kMaxAnswerBytes) return items;
      stretch.next = index + 1;
      if (!query.may_match(text)) continue;
      ASSIGN_OR_RETURN(auto entry, parse_entry(index, text));
      ASSIGN_OR_RETURN(const bool matches, query.matches(entry, name_of));
      if (!matches) continue;
      ASSIGN_OR_RETURN(auto item, item_of(reader, {index, std::move(entry)}, names));
      items.push_back(std::move(item));
      bytes += text.size();
    }
  }
  return items;
}

// `next` is where to go on, and null where there is nothing more.
Result<Answer> list_entries(const Call& call, const Snapshot&, store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto asked, asked_of(call.query));
  ASSIGN_OR_RETURN(const auto from, call.query.optional_count("from"));
  ASSIGN_OR_RETURN(const auto limit, call.query.optional_count("limit"));
  TRY(call.query.all_known());
  if (limit && (*limit == 0 || *limit > kMaxItems))
    return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("`limit` must be from 1 to {}", kMaxItems));
  ASSIGN_OR_RETURN(const auto query, audit::Query::of(asked, [&](std::string_view name) {
                     return audit::ids_called(reader, name);
                   }));
  ASSIGN_OR_RETURN(const auto size, audit::log_size(reader));
  ASSIGN_OR_RETURN(const auto first, place_of(reader, query.since(), size, 0));
  ASSIGN_OR_RETURN(const auto end, place_of(reader, query.until(), size, size));
  Stretch stretch{
      .next = std::max(first, from.value_or(0)), .end = end, .limit = limit.value_or(kDefaultItems)};
  Names names(reader);
  ASSIGN_OR_RETURN(auto items, matches_in(reader, query, names, stretch));
  return Answer{
      json::object{{"size", size},
                   {"items", std::move(items)},
                   {"next", stretch.next < stretch.end ? json::value(stretch.next) : json::value(nullptr)}}};
}

Result<std::uint64_t> entry_index(const Call& call) {
  const auto& text = call.path.at("index");
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("`{}` is no index of an entry", text));
  return index;
}

Result<Answer> show_entry(const Call& call, const Snapshot&, store::Reader& reader) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto index, entry_index(call));
  ASSIGN_OR_RETURN(const auto text, audit::read_entry(reader, index));
  ASSIGN_OR_RETURN(auto entry, parse_entry(index, text));
  Names names(reader);
  ASSIGN_OR_RETURN(auto item, item_of(reader, {index, std::move(entry)}, names));
  return Answer{std::move(item)};
}

json::array lines_of(const std::vector<audit::Opening>& openings) {
  json::array lines;
  lines.reserve(openings.size());
  for (const auto& opening : openings) lines.push_back(audit::to_json(opening));
  return lines;
}

Result<Answer> entry_openings(const Call& call, const Snapshot&, store::Reader& reader) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto index, entry_index(call));
  TRY(audit::read_entry(reader, index));
  ASSIGN_OR_RETURN(const auto all, audit::openings_of(reader, index));
  return Answer{json::object{{"items", lines_of(all)}}};
}

// The names and texts of the whole log, a page at a time: those after `field` of `entry`.
Result<Answer> name_openings(const Call& call, const Snapshot&, store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto entry, call.query.optional_count("entry"));
  ASSIGN_OR_RETURN(const auto field, call.query.optional_text("field"));
  TRY(call.query.all_known());
  audit::OpeningPlace after;
  if (entry)
    after = {.entry = static_cast<std::int64_t>(std::min(*entry, std::uint64_t{1} << 62U)),
             .field = field.value_or("")};
  ASSIGN_OR_RETURN(const auto page, audit::text_openings(reader, after, kMaxItems));
  return Answer{json::object{{"items", lines_of(page)}}};
}

}  // namespace

std::vector<Route> audit_query_routes(const ApiParts&) {
  return {
      {Method::kGet, "/v1/audit/list", Lookup(list_entries)},
      {Method::kGet, "/v1/audit/entries/{index}", Lookup(show_entry)},
      {Method::kGet, "/v1/audit/entries/{index}/openings", Lookup(entry_openings)},
      {Method::kGet, "/v1/audit/names", Lookup(name_openings)},
  };
}

}  // namespace remit::admin
