// The log, asked: which entries are such, one in words, what its commitments are to, and the names to take
// along.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

#include "base/canonical_json.h"
#include "cli/audit_words.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/log_source.h"
#include "cli/output.h"
#include "cli/time_argument.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

// What of an opening is shown, with whether it opens what the entry has there.
json::object shown(const audit::Opening& opening) {
  auto line = audit::to_json(opening);
  if (!opening.value) line["value"] = nullptr;
  return line;
}

// "arguments.path=\"/tmp\"": a value that somebody says a field has. Errors: kInvalid RMT-K004.
struct Claim {
  std::string field;
  json::value value;
};
Result<Claim> parse_claim(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return fail(ErrorKind::kInvalid, "RMT-K004", fmt::format("`{}` is not FIELD=VALUE", text));
  const auto value = text.substr(equals + 1);
  const auto parsed = parse_json(value);
  return Claim{.field = text.substr(0, equals), .value = parsed ? *parsed : json::value(json::string(value))};
}

// An opening whose value is not kept, opened by the value that somebody says it has.
Result<void> take_claims(const std::vector<std::string>& claims, std::vector<audit::Opening>& openings) {
  for (const auto& text : claims) {
    ASSIGN_OR_RETURN(auto claim, parse_claim(text));
    const auto found = std::ranges::find(openings, claim.field, &audit::Opening::field);
    if (found == openings.end())
      return fail(ErrorKind::kNotFound, "RMT-A013", fmt::format("nothing opens the field `{}`", claim.field));
    found->value = std::move(claim.value);
  }
  return {};
}

std::vector<std::string> committed_fields(const json::object& entry) {
  std::vector<std::string> fields;
  for (const std::string_view member : {"names", "texts", "reason", "tool_asked", "arguments", "result"}) {
    const auto* value = entry.if_contains(member);
    if (value == nullptr) continue;
    if (audit::commitment_at(entry, member)) fields.emplace_back(member);
    if (value->is_object())
      for (const auto& one : value->get_object())
        fields.push_back(fmt::format("{}.{}", member, std::string_view(one.key())));
  }
  // The reason of a call is a code, and no commitment.
  std::erase_if(fields, [&](const auto& field) {
    const auto text = audit::commitment_at(entry, field);
    return !text || !text->starts_with("hmac-sha256:");
  });
  return fields;
}

}  // namespace

Result<audit::Asked> asked_of(const AuditOptions& options) {
  const auto time = [](const std::string& text) -> Result<std::optional<Instant>> {
    if (text.empty()) return std::nullopt;
    const auto now = SystemClock().now();
    ASSIGN_OR_RETURN(const auto instant, parse_time(text, now));
    // "30d" lies behind: the log has nothing of what is to come.
    return text.contains('-') ? instant : now - (instant - now);
  };
  audit::Asked asked;
  ASSIGN_OR_RETURN(asked.since, time(options.since));
  ASSIGN_OR_RETURN(asked.until, time(options.until));
  if (!options.kind.empty())
    asked.kind = options.kind == "call" ? audit::QueryKind::kCall : audit::QueryKind::kChange;
  asked.environment = options.environment;
  asked.agent = options.agent;
  asked.destination = options.destination;
  asked.tool = options.tool;
  asked.effect = options.effect;
  asked.data_class = options.data_class;
  asked.verdict = options.verdict;
  asked.by = options.by;
  return asked;
}

Result<int> list_log(const Context& context, const AuditOptions& options) {
  ASSIGN_OR_RETURN(const auto asked, asked_of(options));
  ASSIGN_OR_RETURN(const auto log, open_log(context, options));
  ASSIGN_OR_RETURN(auto page, log->list(asked, options.from, options.limit));
  if (context.format == Format::kJson) {
    print_json(json::object{{"items", std::move(page.items)},
                            {"next", page.next ? json::value(*page.next) : json::value(nullptr)}});
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  rows.reserve(page.items.size());
  for (const auto& item : page.items) rows.push_back(entry_row(item.as_object()));
  print_table(kEntryHeadings, rows);
  if (page.next) fmt::print(stderr, "there may be more: --from {}\n", *page.next);
  return kOk;
}

Result<int> show_entry(const Context& context, const AuditOptions& options) {
  ASSIGN_OR_RETURN(const auto log, open_log(context, options));
  ASSIGN_OR_RETURN(const auto item, log->entry(options.index));
  if (context.format == Format::kJson) {
    print_json(item);
    return kOk;
  }
  fmt::print("{}\n\n", sentence(item));
  const auto lines = entry_lines(item);
  std::size_t widest = 0;
  for (const auto& [heading, _] : lines) widest = std::max(widest, heading.size());
  for (const auto& [heading, value] : lines) fmt::print("{:<{}}  {}\n", heading, widest, value);
  return kOk;
}

Result<int> reveal_entry(const Context& context, const AuditOptions& options) {
  ASSIGN_OR_RETURN(const auto log, open_log(context, options));
  ASSIGN_OR_RETURN(const auto item, log->entry(options.index));
  const auto& entry = item.at("entry").as_object();
  ASSIGN_OR_RETURN(auto openings, log->openings(options.index));
  TRY(take_claims(options.values, openings));
  for (const auto& opening : openings)
    if (opening.value) TRY(audit::check_opening(opening, entry));
  if (context.format == Format::kJson) {
    json::array items;
    for (const auto& opening : openings) items.push_back(shown(opening));
    print_json(json::object{{"items", std::move(items)}});
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& field : committed_fields(entry)) {
    const auto found = std::ranges::find(openings, field, &audit::Opening::field);
    if (found == openings.end())
      rows.push_back(
          {visible(field), "-", "nothing here opens it: it was erased, or is not in the names file"});
    else if (!found->value)
      rows.push_back(
          {visible(field), "-", "not kept; --value " + visible(field) + "=… says whether it was that"});
    else
      rows.push_back({visible(field), cell(&*found->value), "is what the log commits to"});
  }
  print_table({"FIELD", "VALUE", ""}, rows);
  return kOk;
}

Result<int> export_names(const Context& context, const AuditOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  // Whole or not there: written beside it first.
  const std::filesystem::path part = options.out + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  std::string target = "/v1/audit/names";
  std::uint64_t count = 0;
  while (true) {
    ASSIGN_OR_RETURN(const auto answer, client.get(target));
    const auto& lines = answer.at("items").as_array();
    if (lines.empty()) break;
    for (const auto& line : lines) {
      const std::string_view field = line.at("field").as_string();
      if (!options.texts && !field.starts_with("names.")) continue;
      out << json::serialize(line) << '\n';
      ++count;
    }
    target =
        fmt::format("/v1/audit/names?entry={}&field={}", lines.back().at("entry").to_number<std::uint64_t>(),
                    segment(std::string_view(lines.back().at("field").as_string())));
  }
  out.close();
  std::error_code ec;
  if (out) std::filesystem::rename(part, options.out, ec);
  if (!out || ec)
    return fail(ErrorKind::kInvalid, "RMT-K006", fmt::format("`{}` cannot be written", options.out));
  print_done(
      context, json::object{{"file", options.out}, {"openings", count}},
      fmt::format("{}  {} openings; give it to whoever audits, with the log's folder", options.out, count));
  return kOk;
}

}  // namespace remit::cli
