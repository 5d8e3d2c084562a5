// Backup and restore, and the confirmation that a restore asks for.

#include <fmt/format.h>

#include "base/canonical_json.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"
#include "server/restore.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

// One line for each change that the restored state does not have.
void print_undone(const std::vector<std::string>& entries) {
  if (entries.empty()) return;
  fmt::print(
      "\nwhat was done since, and is not in what is governed now; do it again where it still holds:\n");
  for (const auto& text : entries) {
    const auto entry = parse_json(text);
    if (!entry) continue;
    const auto& body = entry->as_object();
    fmt::print("  {}  {:<24} {}\n", cell(body.if_contains("time")), cell(body.if_contains("action")),
               cell(body.if_contains("object")));
  }
}

}  // namespace

Result<int> back_up(const Context& context, const std::string& folder) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  const auto absolute = std::filesystem::absolute(folder).lexically_normal();
  ASSIGN_OR_RETURN(const auto made, client.post("/v1/backups", {{"folder", absolute.string()}}));
  if (context.format == Format::kJson) {
    print_json(made);
    return kOk;
  }
  fmt::print("backed up to {}: revision {}, {} log entries\n", visible(absolute.string()),
             cell(&made.at("revision")), cell(&made.at("entries")));
  fmt::print("the keys are not in it: keep them apart (docs/backup.md)\n");
  return kOk;
}

Result<int> restore(const Context& context, const RestoreCommand& command) {
  ASSIGN_OR_RETURN(const auto config, load(context));
  server::RestoreOptions options;
  if (!command.folder.empty()) options.backup = std::filesystem::absolute(command.folder);
  for (const auto& file : command.checkpoints) {
    ASSIGN_OR_RETURN(auto note, read_file(file));
    options.checkpoints.push_back(std::move(note));
  }
  SystemRandom random;
  ASSIGN_OR_RETURN(const auto restored, server::restore(config, options, SystemClock(), random));
  const auto& recovery = restored.recovery;
  if (context.format == Format::kJson) {
    auto told = recovery.told();
    told["same_log"] = recovery.same_log;
    told["key"] = restored.log_key;
    told["kept"] = restored.kept.string();
    print_json(told);
    return kOk;
  }
  fmt::print("restored {}; what was there before is in {}\n", visible(config.data.string()),
             visible(restored.kept.string()));
  if (!recovery.log.empty()) {
    fmt::print("the backup has {} log entries, {} more were published, {} are missing\n", recovery.store,
               recovery.refilled, recovery.missing);
    if (!recovery.same_log)
      fmt::print("the log goes on as another one, with a key of its own; give it to whoever verifies:\n{}\n",
                 visible(restored.log_key));
    print_undone(recovery.undone);
  }
  fmt::print(
      "\nno call is made until a person has looked: remit serve, then\n"
      "  remit confirm restore --by HUMAN --reason WHY\n");
  return kOk;
}

Result<int> rotate_issuer(const Context& context, const RotateCommand& command) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto done, client.post("/v1/issuers/" + segment(command.environment) + "/rotate",
                                                {{"by", command.by}, {"reason", command.reason}}));
  print_done(
      context, done,
      fmt::format(
          "the issuer of {} has another key from the next start on; tokens of before are good no longer "
          "then\nkeep a copy of the new issuer-{}.jwk with the backup of the keys",
          command.environment, command.environment));
  return kOk;
}

Result<int> confirm(const Context& context, const ConfirmCommand& command) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto done, client.post("/v1/cautions/" + segment(command.kind) + "/confirm",
                                                {{"by", command.by}, {"reason", command.reason}}));
  print_done(context, done.as_object(), "confirmed; calls go on");
  return kOk;
}

}  // namespace remit::cli
