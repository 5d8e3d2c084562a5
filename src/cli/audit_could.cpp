// Which agents could use which tools, when, and on whose word: replayed from the log's changes.

#include <fmt/format.h>

#include <boost/json/value_from.hpp>
#include <map>

#include "audit/authority.h"
#include "cli/commands.h"
#include "cli/log_source.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

namespace json = boost::json;
using audit::Power;

constexpr std::uint64_t kChangesAtOnce = 1000;

using NamesById = std::map<std::string, std::string, std::less<>>;

// Every change up to the end of what is asked for; it all counts for what there was later.
Result<audit::Authority> replay(LogSource& log, const std::optional<Instant>& until, NamesById& names) {
  audit::Authority authority;
  const audit::Asked changes{.until = until, .kind = audit::QueryKind::kChange};
  for (std::optional<std::uint64_t> from = 0; from;) {
    ASSIGN_OR_RETURN(const auto page, log.list(changes, *from, kChangesAtOnce));
    for (const auto& item : page.items) {
      authority.add(item.at("index").to_number<std::uint64_t>(), item.at("entry").as_object());
      for (const auto& [id, name] : item.at("names").as_object())
        names.insert_or_assign(std::string(id), std::string(name.as_string()));
    }
    from = page.next;
  }
  return authority;
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

// In the form of a grant's event, so that a query judges it as it judges those.
json::object as_entry(const Power& power) {
  json::object entry{{"kind", "governance"},
                     {"environment", power.environment},
                     {"deployment", power.deployment},
                     {"tool", power.tool},
                     {"destination", power.destination},
                     {"effect", power.tool_class.effect},
                     {"data_class", power.tool_class.data_class},
                     {"detail",
                      {{"agent", power.agent},
                       {"approver", power.granted.by},
                       {"person", power.approved.by},
                       {"lifter", power.tool_class.said.by}}}};
  if (power.tool_class.labels) entry["labels"] = json::value_from(*power.tool_class.labels);
  return entry;
}

class Report {
 public:
  Report(audit::Asked asked, NamesById names) : asked_(std::move(asked)), names_(std::move(names)) {}

  Result<void> select(std::vector<Power> powers) {
    auto untimed = asked_;
    untimed.since = untimed.until = std::nullopt;
    // Labels that an entry of before does not have may be the ones that are asked for.
    auto unlabelled = untimed;
    unlabelled.data_class.clear();
    ASSIGN_OR_RETURN(const auto query, query_of(untimed));
    ASSIGN_OR_RETURN(const auto without_class, query_of(unlabelled));
    for (auto& one : powers) {
      if (asked_.since && one.until && *one.until <= *asked_.since) continue;
      const auto& judge = one.tool_class.labels ? query : without_class;
      ASSIGN_OR_RETURN(
          const bool matches,
          judge.matches(as_entry(one), [](const std::string&) -> Result<std::optional<std::string>> {
            return std::nullopt;
          }));
      if (matches) powers_.push_back(std::move(one));
    }
    return {};
  }

  json::object answer(const std::vector<audit::Published>& policies) const {
    json::array items;
    items.reserve(powers_.size());
    for (const auto& one : powers_)
      items.push_back(json::object{
          {"deployment", one.deployment},
          {"environment", one.environment},
          {"tool", one.tool},
          {"destination", one.destination},
          {"effect", one.tool_class.effect},
          {"data_class", one.tool_class.data_class},
          {"labels", one.tool_class.labels ? json::value_from(*one.tool_class.labels) : json::value(nullptr)},
          {"from", format_instant(one.from)},
          {"until", one.until ? json::value(format_instant(*one.until)) : json::value(nullptr)},
          {"ended_by", text_or_null(one.ended_by)},
          {"ended_in", one.ended_in ? json::value(*one.ended_in) : json::value(nullptr)},
          {"granted", said(one.granted)},
          {"approved", said(one.approved)},
          {"classified", said(one.tool_class.said)}});
    json::object names;
    for (const auto& [id, name] : names_) names[id] = name;
    return {{"items", std::move(items)}, {"policies", published(policies)}, {"names", std::move(names)}};
  }

  void print(const std::vector<audit::Published>& policies) const {
    std::vector<std::vector<std::string>> rows;
    rows.reserve(powers_.size());
    for (const auto& one : powers_)
      rows.push_back({name(one.deployment), name(one.tool), one.tool_class.effect, data(one.tool_class),
                      day(one.from), one.until ? fmt::format("{} ({})", day(*one.until), one.ended_by) : "-",
                      told(one.granted), told(one.approved), told(one.tool_class.said)});
    print_table(
        {"AGENT", "TOOL", "EFFECT", "DATA", "FROM", "UNTIL", "GRANTED BY", "APPROVED BY", "CLASSIFIED BY"},
        rows);
    fmt::print(
        "\nA number is the entry that says so. What the policies in force allowed is in the decisions: "
        "remit audit list --kind call\n");
    for (const auto& one : policies)
      if (is_asked(one))
        fmt::print("policies of {} published on {} by {}\n", one.environment, day(one.at), told(one.said));
  }

 private:
  Result<audit::Query> query_of(const audit::Asked& asked) const {
    return audit::Query::of(asked, [this](std::string_view called) -> Result<std::vector<std::string>> {
      std::vector<std::string> ids;
      for (const auto& [id, one] : names_)
        if (one == called) ids.push_back(id);
      return ids;
    });
  }

  bool is_asked(const audit::Published& one) const {
    return asked_.environment.empty() || one.environment == asked_.environment;
  }
  json::array published(const std::vector<audit::Published>& policies) const {
    json::array all;
    for (const auto& one : policies)
      if (is_asked(one))
        all.push_back(json::object{{"environment", one.environment},
                                   {"digest", one.digest},
                                   {"time", format_instant(one.at)},
                                   {"published", said(one.said)}});
    return all;
  }
  static json::object said(const audit::Said& said) { return {{"by", said.by}, {"entry", said.entry}}; }

  std::string name(std::string_view id) const {
    const auto found = names_.find(id);
    return visible(found == names_.end() ? id : std::string_view(found->second));
  }
  std::string told(const audit::Said& said) const {
    return fmt::format("{} ({})", name(said.by), said.entry);
  }
  static std::string day(Instant instant) { return format_instant(instant).substr(0, 10); }
  static std::string data(const audit::ToolClass& tool_class) {
    std::string text = visible(tool_class.data_class);
    if (!tool_class.labels) return text + ", labels not recorded";
    for (const auto& label : *tool_class.labels) text += ", " + visible(label);
    return text;
  }

  audit::Asked asked_;
  NamesById names_;
  std::vector<Power> powers_;
};

}  // namespace

Result<int> could(const Context& context, const AuditOptions& options) {
  ASSIGN_OR_RETURN(auto asked, asked_of(options));
  ASSIGN_OR_RETURN(const auto log, open_log(context, options));
  NamesById names;
  ASSIGN_OR_RETURN(auto authority, replay(*log, asked.until, names));
  const auto policies = authority.policies();
  const auto end = asked.until.value_or(SystemClock().now());
  Report report(std::move(asked), std::move(names));
  TRY(report.select(std::move(authority).powers(end)));
  if (context.format == Format::kJson)
    print_json(report.answer(policies));
  else
    report.print(policies);
  return kOk;
}

}  // namespace remit::cli
