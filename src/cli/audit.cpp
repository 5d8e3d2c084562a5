// The audit log: read, verified, and its key.

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "audit/verifier.h"
#include "cli/audit_words.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/log_source.h"
#include "cli/output.h"
#include "cli/stop_signal.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kFollowInterval{500};
constexpr std::chrono::milliseconds kPublication{3000};  // what a server takes at most, from start to end

// One line an entry: when, and what in words.
void print_entry(const Context& context, const json::value& item) {
  if (context.format == Format::kJson) return print_json(item);
  fmt::print("{:>6}  {}  {}\n", cell(&item.at("index")),
             cell(item.at("entry").as_object().if_contains("time")), sentence(item.as_object()));
}

std::string_view verdict(const audit::Report& report) {
  if (report.good()) return "verified";
  return report.unfinished() ? "UNFINISHED" : "DAMAGED";
}

void print_report(const audit::Report& report) {
  for (const auto& problem : report.problems) {
    if (problem.entry)
      fmt::print("entry {}: {}\n", *problem.entry, visible(problem.what));
    else
      fmt::print("log: {}\n", visible(problem.what));
  }
  std::string kinds;
  for (const auto& [kind, count] : report.kinds)
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count, visible(kind));
  fmt::print("{}  {}  {} entries ({})\n", verdict(report), report.checkpoint.origin, report.entries, kinds);
  fmt::print("root      {}\n", report.checkpoint.head.root.hex());
  if (!report.first_time.empty()) fmt::print("from      {} to {}\n", report.first_time, report.last_time);
  if (!report.open.empty()) fmt::print("open      {} calls without an outcome yet\n", report.open.size());
  if (report.unfinished())
    fmt::print("what is signed is whole; a publication was cut off, and the next start ends it\n");
}

json::object json_of(const audit::Report& report) {
  json::array problems;
  for (const auto& problem : report.problems)
    problems.push_back(
        json::object{{"entry", problem.entry ? json::value(*problem.entry) : json::value(nullptr)},
                     {"what", problem.what},
                     {"unfinished", problem.unfinished}});
  json::object kinds;
  for (const auto& [kind, count] : report.kinds) kinds[kind] = count;
  json::array open;
  for (const auto& one : report.open)
    open.push_back(json::object{{"decision", one.decision}, {"intent", one.intent}});
  return {{"verified", report.good()},
          {"unfinished", report.unfinished()},
          {"origin", report.checkpoint.origin},
          {"size", report.checkpoint.head.size},
          {"root", report.checkpoint.head.root.hex()},
          {"entries", report.entries},
          {"kinds", std::move(kinds)},
          {"first_time", report.first_time},
          {"last_time", report.last_time},
          {"open", std::move(open)},
          {"problems", std::move(problems)}};
}

}  // namespace

Result<int> tail_log(const Context& context, const AuditOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto answer, client.get(fmt::format("/v1/audit/entries?limit={}", options.count)));
  const StopSignal stop;
  while (true) {
    for (const auto& item : answer.at("items").as_array()) print_entry(context, item);
    if (!options.follow || stop.wait_for(kFollowInterval)) return kOk;
    std::fflush(stdout);
    const auto size = answer.at("size").to_number<std::uint64_t>();
    // `after` is the last index that was seen; an empty log has none.
    ASSIGN_OR_RETURN(answer,
                     client.get(size == 0 ? std::string("/v1/audit/entries?limit=1000")
                                          : fmt::format("/v1/audit/entries?after={}&limit=1000", size - 1)));
    // What came in between two questions is more than one answer holds only under heavy load; the next goes
    // on.
    if (const auto& items = answer.at("items").as_array(); !items.empty())
      answer.as_object()["size"] = items.back().at("index").to_number<std::uint64_t>() + 1;
  }
}

Result<int> verify_log(const Context& context, const AuditOptions& options) {
  if (!options.receipt.empty()) return verify_receipt(context, options);
  ASSIGN_OR_RETURN(const auto published, published_folder(context, options));
  audit::VerifyOptions verify_options{.patience = kPublication};
  // The signer's own last word, where it is at hand: the folder may not be behind it.
  if (options.folder.empty()) {
    ASSIGN_OR_RETURN(const auto config, load(context));
    if (auto note = read_file(server::DataFolder(config.data).audit_checkpoint()))
      verify_options.checkpoints.push_back(*std::move(note));
  }
  for (const auto& file : options.checkpoints) {
    ASSIGN_OR_RETURN(auto note, read_file(file));
    verify_options.checkpoints.push_back(std::move(note));
  }
  ASSIGN_OR_RETURN(const auto report, audit::verify(published.folder, published.key, verify_options));
  if (context.format == Format::kJson)
    print_json(json_of(report));
  else
    print_report(report);
  return report.good() ? kOk : kFindings;
}

Result<int> show_log_key(const Context& context) {
  ASSIGN_OR_RETURN(const auto published, published_folder(context, {}));
  print_done(context, json::object{{"key", published.key.text()}}, published.key.text());
  return kOk;
}

}  // namespace remit::cli
