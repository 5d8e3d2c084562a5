#include "cli/log_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/names_file.h"
#include "audit/proven_log.h"
#include "base/canonical_json.h"
#include "cli/client.h"
#include "cli/files.h"

namespace remit::cli {
namespace {

namespace json = boost::json;
using audit::Asked;

constexpr std::uint64_t kServerPage = 1000;

// "&name=value" where there is one.
std::string parameter(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : fmt::format("&{}={}", name, segment(value));
}

std::string query_text(const Asked& asked) {
  const auto time = [](const std::optional<Instant>& instant) {
    return instant ? format_instant(*instant) : std::string();
  };
  std::string kind;
  if (asked.kind) kind = *asked.kind == audit::QueryKind::kCall ? "call" : "change";
  return parameter("since", time(asked.since)) + parameter("until", time(asked.until)) +
         parameter("kind", kind) + parameter("environment", asked.environment) +
         parameter("agent", asked.agent) + parameter("destination", asked.destination) +
         parameter("tool", asked.tool) + parameter("effect", asked.effect) +
         parameter("data_class", asked.data_class) + parameter("verdict", asked.verdict) +
         parameter("by", asked.by);
}

// An answer looks at a bounded piece of the log, so that it may hold few entries, or none, and yet not be the
// last.
class ServerLog final : public LogSource {
 public:
  explicit ServerLog(Client client) : client_(std::move(client)) {}

  Result<Page> list(const Asked& asked, std::uint64_t from, std::uint64_t limit) override {
    Page page{.items = {}, .next = from};
    while (page.next && page.items.size() < limit) {
      const auto wanted = std::min<std::uint64_t>(limit - page.items.size(), kServerPage);
      ASSIGN_OR_RETURN(auto answer, client_.get(fmt::format("/v1/audit/list?from={}&limit={}{}", *page.next,
                                                            wanted, query_text(asked))));
      auto& items = answer.at("items").as_array();
      std::ranges::move(items, std::back_inserter(page.items));
      const auto& next = answer.at("next");
      page.next = next.is_null() ? std::nullopt : std::optional(next.to_number<std::uint64_t>());
    }
    return page;
  }

  Result<json::object> entry(std::uint64_t index) override {
    ASSIGN_OR_RETURN(auto answer, client_.get(fmt::format("/v1/audit/entries/{}", index)));
    return std::move(answer.as_object());
  }

  Result<std::vector<audit::Opening>> openings(std::uint64_t index) override {
    ASSIGN_OR_RETURN(const auto answer, client_.get(fmt::format("/v1/audit/entries/{}/openings", index)));
    std::vector<audit::Opening> all;
    for (const auto& line : answer.at("items").as_array()) {
      ASSIGN_OR_RETURN(auto opening, audit::opening_of(line));
      all.push_back(std::move(opening));
    }
    return all;
  }

 private:
  Client client_;
};

std::string_view entry_text(const json::object& entry, std::string_view member) {
  const auto* value = entry.if_contains(member);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

class FolderLog final : public LogSource {
 public:
  FolderLog(audit::ProvenLog log, audit::NamesFile names) : log_(std::move(log)), names_(std::move(names)) {}

  Result<Page> list(const Asked& asked, std::uint64_t from, std::uint64_t limit) override {
    ASSIGN_OR_RETURN(const auto query, audit::Query::of(asked, [this](std::string_view name) {
                       return names_.ids_called(name, log_);
                     }));
    ASSIGN_OR_RETURN(const auto first, place_of(query.since(), 0));
    ASSIGN_OR_RETURN(const auto end, place_of(query.until(), log_.size()));
    Page page;
    std::vector<std::pair<std::uint64_t, json::object>> found;
    auto index = std::max(first, from);
    for (; index < end && found.size() < limit; ++index) {
      ASSIGN_OR_RETURN(const auto text, log_.entry(index));
      if (!query.may_match(text)) continue;
      ASSIGN_OR_RETURN(auto entry, parse(index, text));
      ASSIGN_OR_RETURN(const bool matches, query.matches(entry, name_of()));
      if (matches) found.emplace_back(index, std::move(entry));
    }
    if (index < end) page.next = index;
    ASSIGN_OR_RETURN(const auto endings, endings_of(found));
    for (auto& [at, entry] : found) {
      ASSIGN_OR_RETURN(auto item, item_of(at, std::move(entry), endings));
      page.items.push_back(std::move(item));
    }
    return page;
  }

  Result<json::object> entry(std::uint64_t index) override {
    ASSIGN_OR_RETURN(const auto text, log_.entry(index));
    ASSIGN_OR_RETURN(auto entry, parse(index, text));
    std::vector<std::pair<std::uint64_t, json::object>> found;
    found.emplace_back(index, std::move(entry));
    ASSIGN_OR_RETURN(const auto endings, endings_of(found));
    return item_of(index, std::move(found.front().second), endings);
  }

  Result<std::vector<audit::Opening>> openings(std::uint64_t index) override {
    TRY(log_.entry(index));
    return names_.openings_of(index, log_);
  }

 private:
  using Endings = std::map<std::string, audit::OutcomeReader, std::less<>>;  // by decision

  audit::NameOf name_of() {
    return [this](const std::string& id) { return names_.name_of(id, log_); };
  }

  static Result<json::object> parse(std::uint64_t index, std::string_view text) {
    auto parsed = parse_json(text);
    if (!parsed || !parsed->is_object())
      return fail(ErrorKind::kInvalid, "RMT-A006",
                  fmt::format("entry {} of the log is no JSON object", index));
    return std::move(parsed->get_object());
  }

  Result<std::uint64_t> place_of(const std::optional<Instant>& instant, std::uint64_t otherwise) {
    if (!instant) return otherwise;
    return audit::first_not_before(*instant, log_.size(), [this](std::uint64_t index) -> Result<Instant> {
      ASSIGN_OR_RETURN(const auto text, log_.entry(index));
      ASSIGN_OR_RETURN(const auto entry, parse(index, text));
      return parse_instant(entry_text(entry, "time"));
    });
  }

  // How the calls ended, as whatever comes after the first of them says, to the end of the log.
  Result<Endings> endings_of(const std::vector<std::pair<std::uint64_t, json::object>>& found) {
    Endings endings;
    std::uint64_t first = log_.size();
    for (const auto& [index, entry] : found) {
      if (entry_text(entry, "kind") != "intent") continue;
      endings.try_emplace(std::string(entry_text(entry, "decision")));
      first = std::min(first, index);
    }
    for (auto index = first; index < log_.size(); ++index) {
      ASSIGN_OR_RETURN(const auto text, log_.entry(index));
      if (!text.contains(R"("kind":"outcome")") && !text.contains(R"("kind":"undelivered")")) continue;
      ASSIGN_OR_RETURN(const auto entry, parse(index, text));
      if (const auto ended = endings.find(entry_text(entry, "decision")); ended != endings.end())
        ended->second.add(entry);
    }
    return endings;
  }

  Result<json::object> item_of(std::uint64_t index, json::object entry, const Endings& endings) {
    json::object names;
    for (const auto& id : audit::ids_in(entry)) {
      ASSIGN_OR_RETURN(const auto name, names_.name_of(id, log_));
      if (name) names[id] = *name;
    }
    if (entry.contains("tool_asked")) {
      ASSIGN_OR_RETURN(const auto openings, names_.openings_of(index, log_));
      audit::add_tool_asked(entry, openings, names);
    }
    const auto ended = endings.find(entry_text(entry, "decision"));
    json::value outcome = ended == endings.end() ? json::value(nullptr) : ended->second.outcome();
    return json::object{{"index", index},
                        {"entry", std::move(entry)},
                        {"names", std::move(names)},
                        {"outcome", std::move(outcome)}};
  }

  audit::ProvenLog log_;
  audit::NamesFile names_;
};

}  // namespace

Result<audit::VerifierKey> verifier_key(const std::string& given) {
  std::error_code ec;
  std::string text = given;
  if (std::filesystem::exists(given, ec)) {
    ASSIGN_OR_RETURN(text, read_file(given));
  }
  while (text.ends_with('\n')) text.pop_back();
  return audit::VerifierKey::parse(text);
}

Result<PublishedFolder> published_folder(const Context& context, const AuditOptions& options) {
  PublishedFolder published;
  published.folder = options.folder;
  std::string key = options.key;
  if (options.folder.empty() || key.empty()) {
    ASSIGN_OR_RETURN(const auto config, load(context));
    const server::DataFolder data(config.data);
    if (options.folder.empty())
      published.folder = config.audit_folder.empty() ? data.audit() : config.audit_folder;
    if (key.empty()) {
      ASSIGN_OR_RETURN(key, read_file(data.audit_public_key()));
    }
  }
  ASSIGN_OR_RETURN(published.key, verifier_key(key));
  return published;
}

Result<std::unique_ptr<LogSource>> open_log(const Context& context, const AuditOptions& options) {
  if (options.folder.empty()) {
    ASSIGN_OR_RETURN(auto client, Client::open(context));
    return std::make_unique<ServerLog>(std::move(client));
  }
  ASSIGN_OR_RETURN(auto published, published_folder(context, options));
  ASSIGN_OR_RETURN(auto log, audit::ProvenLog::open(published.folder, published.key));
  audit::NamesFile names;
  if (!options.names.empty()) {
    ASSIGN_OR_RETURN(names, audit::NamesFile::read(options.names));
  }
  return std::make_unique<FolderLog>(std::move(log), std::move(names));
}

}  // namespace remit::cli
