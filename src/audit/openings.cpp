#include "audit/openings.h"

#include <algorithm>
#include <set>

#include "base/canonical_json.h"

namespace remit::audit {
namespace {

namespace json = boost::json;

constexpr std::string_view kNamePrefix = "names.";
constexpr std::size_t kNamesAtOnce = 256;  // some 40 KB of an entry's 64
constexpr std::size_t kMaxLine = 64UL * 1024;

std::unexpected<Error> no_opening(std::string_view why) {
  return fail(ErrorKind::kInvalid, "RMT-A016", "a line of the names file " + std::string(why));
}

// Values are kept as the bytes of a text.
Opening kept_opening(const store::Row& row) {
  Opening opening{
      .entry = static_cast<std::uint64_t>(row.integer(0)), .field = row.text(1), .salt = row.blob(2)};
  if (!row.is_null(3)) opening.value = json::string(as_text(row.blob(3)));
  return opening;
}

std::vector<Opening> openings_in(const std::vector<store::Row>& rows) {
  std::vector<Opening> openings;
  openings.reserve(rows.size());
  for (const auto& row : rows) openings.push_back(kept_opening(row));
  return openings;
}

}  // namespace

json::object to_json(const Opening& opening) {
  json::object line{{"entry", opening.entry}, {"field", opening.field}, {"salt", to_base64url(opening.salt)}};
  if (opening.value) line["value"] = *opening.value;
  return line;
}

Result<Opening> opening_of(const json::value& json) {
  if (!json.is_object()) return no_opening("is no JSON object");
  const auto& object = json.get_object();
  const auto* entry = object.if_contains("entry");
  const auto* field = object.if_contains("field");
  const auto* salt = object.if_contains("salt");
  const auto* value = object.if_contains("value");
  if (object.size() != (value == nullptr ? 3 : 4) || entry == nullptr || field == nullptr ||
      salt == nullptr || !entry->is_int64() || entry->get_int64() < 0 || !field->is_string() ||
      !salt->is_string())
    return no_opening("does not have `entry`, `field`, `salt` and `value`, and these alone");
  auto bytes = from_base64url(salt->get_string());
  if (!bytes) return no_opening("has a salt that is no base64url");
  return Opening{.entry = static_cast<std::uint64_t>(entry->get_int64()),
                 .field = std::string(field->get_string()),
                 .salt = std::move(*bytes),
                 .value = value == nullptr ? std::nullopt : std::optional(*value)};
}

Result<Opening> parse_opening(std::string_view line) {
  const auto parsed = parse_json(line, {.max_bytes = kMaxLine, .max_depth = 16});
  if (!parsed) return no_opening("is no JSON: " + parsed.error().message);
  ASSIGN_OR_RETURN(auto opening, opening_of(*parsed));
  if (!opening.value) return no_opening("has no value");
  return opening;
}

std::optional<std::string_view> commitment_at(const json::object& entry, std::string_view field) {
  const auto dot = field.find('.');
  const auto* value = entry.if_contains(field.substr(0, dot));
  if (value != nullptr && dot != std::string_view::npos)
    value = value->is_object() ? value->get_object().if_contains(field.substr(dot + 1)) : nullptr;
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

Result<void> check_opening(const Opening& opening, const json::object& entry) {
  const auto commitment = commitment_at(entry, opening.field);
  const auto refused = [&](std::string_view why) {
    return fail(
        ErrorKind::kForbidden, "RMT-A015",
        "entry " + std::to_string(opening.entry) + " " + std::string(why) + " `" + opening.field + "`");
  };
  if (!commitment) return refused("commits to nothing in");
  if (!opening.value || !opens(*commitment, *opening.value, opening.salt))
    return refused("commits to another value than the given one in");
  return {};
}

void add_tool_asked(const json::object& entry, const std::vector<Opening>& openings, json::object& names) {
  const auto asked = std::ranges::find(openings, "tool_asked", &Opening::field);
  const auto commitment = commitment_at(entry, "tool_asked");
  if (commitment && asked != openings.end() && asked->value) names[*commitment] = *asked->value;
}

Result<std::vector<Opening>> openings_of(store::Reader& reader, std::uint64_t entry) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT idx, field, salt, value FROM log_secret WHERE idx = ? ORDER BY field",
                                {static_cast<std::int64_t>(entry)}));
  return openings_in(rows);
}

Result<std::vector<Opening>> text_openings(store::Reader& reader, const OpeningPlace& after,
                                           std::uint64_t limit) {
  ASSIGN_OR_RETURN(
      const auto rows,
      reader.query("SELECT idx, field, salt, value FROM log_secret WHERE (idx, field) > (?, ?) AND "
                   "value IS NOT NULL ORDER BY idx, field LIMIT ?",
                   {after.entry, after.field, static_cast<std::int64_t>(limit)}));
  return openings_in(rows);
}

Result<std::optional<std::string>> name_of(store::Reader& reader, std::string_view id) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT value FROM log_secret WHERE field = ? AND value IS NOT NULL "
                                "ORDER BY idx DESC LIMIT 1",
                                {std::string(kNamePrefix) + std::string(id)}));
  if (rows.empty()) return std::nullopt;
  return std::string(as_text(rows.front().blob(0)));
}

Result<std::vector<std::string>> ids_called(store::Reader& reader, std::string_view name) {
  const auto bytes = as_bytes(name);
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT DISTINCT field FROM log_secret WHERE value = ? AND value IS NOT NULL",
                                {Bytes(bytes.begin(), bytes.end())}));
  std::vector<std::string> ids;
  for (const auto& row : rows)
    if (row.text(0).starts_with(kNamePrefix)) ids.push_back(row.text(0).substr(kNamePrefix.size()));
  std::ranges::sort(ids);
  return ids;
}

Result<void> record_older_names(store::Store& store, Log& log, const NamesOf& names_of) {
  std::map<std::string, std::string> unnamed;
  TRY(store.read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(unnamed, names_of(reader));
    // `field` at or after "names." and before what follows the dot.
    ASSIGN_OR_RETURN(const auto named, reader.query("SELECT DISTINCT field FROM log_secret WHERE field >= "
                                                    "'names.' AND field < 'names/' AND value IS NOT NULL"));
    for (const auto& row : named) unnamed.erase(row.text(0).substr(kNamePrefix.size()));
    return {};
  }));
  if (unnamed.empty()) return {};
  return store.run([&](store::Transaction& tx) -> Result<void> {
    while (!unnamed.empty()) {
      GovernanceEvent event{
          .actor = {.id = "remit", .via = "system"}, .action = "names.record", .object = "log"};
      while (!unnamed.empty() && event.names.size() < kNamesAtOnce)
        event.names.insert(unnamed.extract(unnamed.begin()));
      TRY(log.append_governance(tx, event));
    }
    return {};
  });
}

}  // namespace remit::audit
