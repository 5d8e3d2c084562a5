// The auditor's question of docs/auditing.md, answered by its commands as they are printed there, from a
// folder, a names file and the public key: there is no data folder and no server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "audit/openings.h"
#include "audit/publisher.h"
#include "base/canonical_json.h"
#include "catalog/catalog.h"
#include "cli/command_line.h"
#include "identity/registry.h"
#include "store/temp_folder.h"

namespace remit::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<store::Migration> governed_tables() {
  auto all = audit::migrations();
  std::ranges::move(identity::migrations(), std::back_inserter(all));
  std::ranges::move(catalog::migrations(), std::back_inserter(all));
  return all;
}

// A year's history on a clock of its own, by the commands that a server runs.
class History {
 public:
  explicit History(const fs::path& folder)
      : folder_(folder),
        store_(store::Store::open({.file = folder / "remit.db", .migrations = governed_tables()}).value()),
        publisher_(
            audit::Publisher::open(*store_, key_, {.folder = folder / "log", .state = folder / "state"})
                .value()),
        log_(audit::Log::open(*store_, clock_, random_).value()),
        vault_(catalog::Vault::make(folder / "vault.key", random_).value()) {}

  void on(std::string_view day) { clock_.set(parse_instant(std::string(day) + "T09:00:00Z").value()); }

  template <typename Work>
  auto run(Work work) {
    typename std::invoke_result_t<Work, store::Transaction&>::value_type value{};
    const auto done = store_->run([&](store::Transaction& tx) -> Result<void> {
      ASSIGN_OR_RETURN(value, work(tx));
      return {};
    });
    EXPECT_TRUE(done) << done.error().message;
    return value;
  }
  void act(const store::Store::Work& work) {
    const auto done = store_->run(work);
    EXPECT_TRUE(done) << done.error().message;
  }

  HumanId person(std::string_view name) {
    return run([&](auto& tx) { return registry_.add_human(tx, operator_, name); });
  }
  DeploymentId agent(const std::string& name, const HumanId& owner, const HumanId& approver,
                     Environment environment = Environment::kProduction) {
    const auto thumbprint = to_base64url(random_.bytes(32));
    const auto made = run([&](auto& tx) {
      return registry_.register_agent(
          tx, operator_,
          {.name = name,
           .owner = owner,
           .purpose = "keeps the customers' records tidy",
           .process = "customer care",
           .issuing_system = "remit-cli",
           .environment = environment,
           .expires = clock_.now() + std::chrono::days(85),
           .key = {.public_jwk = R"({"kty":"OKP"})", .thumbprint = thumbprint, .material = thumbprint}});
    });
    act([&](auto& tx) { return registry_.approve(tx, operator_, made.deployment, approver); });
    return made.deployment;
  }
  // A destination whose tools are classified as their names say.
  std::map<std::string, ToolId> destination(Environment environment, const HumanId& owner,
                                            const HumanId& approver) {
    const auto id = run([&](auto& tx) {
      return catalog_.add_destination(tx, operator_,
                                      {.environment = environment,
                                       .name = "crm",
                                       .transport = snapshot::HttpTransport{"http://127.0.0.1:9/mcp"},
                                       .data_class = snapshot::DataClass::kConfidential,
                                       .owner = owner,
                                       .approver = approver});
    });
    mcp::ToolPage page;
    for (const auto* name : {"delete_customer", "read_customer"})
      page.tools.push_back(
          mcp::parse_tool(R"({"name":")" + std::string(name) + R"(","inputSchema":{"type":"object"}})")
              .value());
    const auto found = run([&](auto& tx) { return catalog_.record_discovery(tx, operator_, id, page); });
    std::map<std::string, ToolId> tools{{"delete_customer", found.added.at(0)},
                                        {"read_customer", found.added.at(1)}};
    for (const auto& [name, tool] : tools)
      act([&](auto& tx) {
        return catalog_.classify(
            tx, operator_, tool,
            {.effect = name.starts_with("delete") ? snapshot::Effect::kDelete : snapshot::Effect::kRead,
             .data_class = snapshot::DataClass::kConfidential,
             .labels = {"customer"}},
            approver);
      });
    destinations_[environment] = id;
    return tools;
  }
  void grant(const DeploymentId& deployment, const std::string& name, const ToolId& tool,
             const HumanId& approver, Environment environment = Environment::kProduction) {
    run([&](auto& tx) -> Result<identity::Granted> {
      ASSIGN_OR_RETURN(auto tool_class, catalog::class_of(tx, tool));
      return registry_.grant(tx, {.id = approver.str()},
                             {.deployment = deployment,
                              .tool = tool,
                              .tool_name = "crm/" + name,
                              .tool_environment = environment,
                              .tool_class = std::move(tool_class),
                              .approver = approver});
    });
  }
  void revoke(const DeploymentId& deployment, const ToolId& tool, const HumanId& person) {
    act([&](auto& tx) { return registry_.revoke_grant(tx, {.id = person.str()}, deployment, tool); });
  }
  // What the gateway writes of a call of the tool that deletes.
  void call(const DeploymentId& deployment, const ToolId& tool, bool allowed,
            Environment environment = Environment::kProduction) {
    const auto id = DecisionId::make(clock_, random_);
    json::object body{{"environment", to_string(environment)},
                      {"deployment", deployment.str()},
                      {"tool", tool.str()},
                      {"destination", destinations_.at(environment).str()},
                      {"effect", "delete"},
                      {"data_class", "confidential"},
                      {"labels", json::array{"customer"}},
                      {"verdict", allowed ? "allow" : "deny"},
                      {"reason", allowed ? "RMT-D000" : "RMT-D042"}};
    act([&](store::Transaction& tx) -> Result<void> {
      std::vector<audit::FieldSecret> secrets;
      body["arguments"] = audit::commit_to_members({{"customer", 4711}}, "arguments", random_, secrets);
      TRY(allowed ? log_->append_intent(tx, id, body, secrets) : log_->append_denial(tx, id, body, secrets));
      if (allowed) TRY(log_->append_outcome(tx, id, audit::OutcomeStatus::kOk, {}, {}));
      return {};
    });
  }

  // What an auditor is given: `log/`, `log.pub` and `names.jsonl`.
  void publish(const fs::path& to) {
    ASSERT_TRUE(publisher_->publish());
    fs::remove_all(to / "log");
    fs::copy(folder_ / "log", to / "log", fs::copy_options::recursive);
    std::ofstream(to / "log.pub") << key_.verifier().text() << '\n';
    std::ofstream names(to / "names.jsonl");
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(const auto all, audit::text_openings(reader, {}, 10'000));
      for (const auto& one : all) names << json::serialize(audit::to_json(one)) << '\n';
      return {};
    }));
  }

  identity::Registry& registry() { return registry_; }

 private:
  const fs::path folder_;
  const audit::Actor operator_{"operator", "cli"};
  ManualClock clock_{parse_instant("2026-01-15T09:00:00Z").value()};
  SeededRandom random_{23};
  audit::SigningKey key_ = audit::SigningKey::make("remit.example/log", random_).value();
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Publisher> publisher_;  // before the first entry: a log of some would want its state
  std::unique_ptr<audit::Log> log_;
  catalog::Vault vault_;
  identity::Registry registry_{*log_, clock_, random_};
  catalog::Catalog catalog_{*log_, clock_, random_, vault_, identity::require_active_human};
  std::map<Environment, DestinationId> destinations_;
};

class Auditing : public testing::Test {
 protected:
  void SetUp() override {
    former_ = fs::current_path();
    make_history();
    fs::current_path(auditor_.path());
    // Whatever would look for a data folder finds none.
    ::setenv("REMIT_DATA", (auditor_.path() / "none").c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
  void TearDown() override { fs::current_path(former_); }

  void make_history() {
    const store::TempFolder server;
    History history(server.path());
    const auto ana = history.person("Ana Sousa");
    const auto raj = history.person("Raj Patel");
    const auto lea = history.person("Lea Brandt");
    const auto tools = history.destination(Environment::kProduction, ana, raj);
    const auto test_tools = history.destination(Environment::kSandbox, ana, raj);
    const auto& wipe = tools.at("delete_customer");
    history.on("2026-02-01");
    const auto tidy = history.agent("tidy-bot", ana, raj);
    const auto report = history.agent("report-bot", ana, raj);
    const auto former = history.agent("former-bot", ana, raj);
    const auto trial = history.agent("trial-bot", ana, raj, Environment::kSandbox);
    history.grant(tidy, "delete_customer", wipe, lea);
    history.grant(report, "read_customer", tools.at("read_customer"), lea);
    history.grant(former, "delete_customer", wipe, lea);
    history.grant(trial, "delete_customer", test_tools.at("delete_customer"), lea, Environment::kSandbox);
    history.on("2026-02-20");
    history.revoke(former, wipe, raj);
    history.publish(auditor_.path());
    fs::copy(auditor_.path() / "log" / "checkpoint", auditor_.path() / "checkpoint.kept");
    history.on("2026-02-25");
    history.call(tidy, wipe, true);
    history.on("2026-03-05");
    history.call(tidy, wipe, true);
    history.call(trial, test_tools.at("delete_customer"), true, Environment::kSandbox);
    history.on("2026-03-12");
    history.call(tidy, wipe, false);
    history.on("2026-03-20");
    history.revoke(tidy, wipe, raj);
    history.on("2026-04-02");
    history.call(tidy, wipe, false);
    // What it was all about is gone by the time of the audit.
    history.act([&](auto& tx) { return history.registry().retire(tx, {.id = "operator"}, tidy, "done"); });
    history.act([&](auto& tx) -> Result<void> {
      TRY(history.registry().human_leaves(tx, {.id = "operator"}, lea));
      return {};
    });
    history.publish(auditor_.path());
  }

  // The commands that the page prints, in their order.
  static std::vector<std::string> commands_of_the_page() {
    std::ifstream page(fs::path(REMIT_SOURCE_DIR) / "docs/auditing.md");
    std::vector<std::string> commands;
    for (std::string line; std::getline(page, line);)
      if (line.starts_with("remit ")) commands.push_back(line);
    return commands;
  }

  struct Ran {
    int exit_code;
    std::string printed;
  };
  static Ran run(const std::string& command) {
    std::vector<std::string> words{
        std::istream_iterator<std::string>(*std::make_unique<std::istringstream>(command)), {}};
    words.erase(words.begin());  // remit
    testing::internal::CaptureStdout();
    const auto read = read_command_line(words);
    const auto done = read ? (*read)() : Result<int>(std::unexpected(read.error()));
    Ran ran{.exit_code = done ? *done : exit_code(done.error().kind),
            .printed = testing::internal::GetCapturedStdout()};
    if (!done) ran.printed += format(done.error());
    return ran;
  }

  // The rows of a table, without its heading.
  static std::vector<std::string> rows(const std::string& printed) {
    std::istringstream in(printed);
    std::vector<std::string> all;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line) && !line.empty()) all.push_back(line);
    return all;
  }

  store::TempFolder auditor_;
  fs::path former_;
};

TEST_F(Auditing, TheQuestionIsAnsweredByThePagesCommandsFromAFolderANamesFileAndTheKeyAlone) {
  const auto commands = commands_of_the_page();
  ASSERT_EQ(commands.size(), 7U);

  const auto whole = run(commands.at(0));
  EXPECT_EQ(whole.exit_code, 0) << whole.printed;
  EXPECT_THAT(whole.printed, HasSubstr("verified"));

  const auto who = run(commands.at(1));
  ASSERT_EQ(who.exit_code, 0) << who.printed;
  ASSERT_EQ(rows(who.printed).size(), 1U) << who.printed;
  EXPECT_THAT(
      rows(who.printed).front(),
      AllOf(HasSubstr("production/tidy-bot"), HasSubstr("crm/delete_customer"), HasSubstr("2026-02-01"),
            HasSubstr("2026-03-20 (grant.revoke)"), HasSubstr("Lea Brandt ("), HasSubstr("Raj Patel (")));

  const auto did = run(commands.at(2));
  ASSERT_EQ(did.exit_code, 0) << did.printed;
  const auto calls = rows(did.printed);
  ASSERT_EQ(calls.size(), 2U) << did.printed;
  EXPECT_THAT(calls.at(0),
              AllOf(HasSubstr("2026-03-05"), HasSubstr("production/tidy-bot"), HasSubstr("allow, ok")));
  EXPECT_THAT(calls.at(1), AllOf(HasSubstr("2026-03-12"), HasSubstr("deny RMT-D042")));

  const auto shown = run(commands.at(3));
  EXPECT_EQ(shown.exit_code, 0) << shown.printed;
  EXPECT_THAT(shown.printed, HasSubstr("Lea Brandt granted crm/delete_customer to production/tidy-bot"));
  const auto revealed = run(commands.at(4));
  EXPECT_EQ(revealed.exit_code, 0) << revealed.printed;
  EXPECT_THAT(revealed.printed,
              AllOf(HasSubstr("texts.shown_name"), HasSubstr("is what the log commits to")));
  const auto proven = run(commands.at(5));
  EXPECT_EQ(proven.exit_code, 0) << proven.printed;
  const auto receipt = run(commands.at(6));
  EXPECT_EQ(receipt.exit_code, 0) << receipt.printed;
  EXPECT_THAT(receipt.printed, HasSubstr("verified  remit.example/log  entry 26 of"));
}

TEST_F(Auditing, WithoutANamesFileIdsStandForNames) {
  auto command = commands_of_the_page().at(1);
  command.erase(command.find(" --names names.jsonl"), 20);
  const auto who = run(command);
  EXPECT_EQ(who.exit_code, 0) << who.printed;
  EXPECT_THAT(who.printed, AllOf(HasSubstr("dep_"), Not(HasSubstr("tidy-bot"))));
}

TEST_F(Auditing, ANamesFileThatLiesIsRefused) {
  std::string text;
  {
    std::ifstream in("names.jsonl");
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (auto at = text.find("Lea Brandt"); at != std::string::npos; at = text.find("Lea Brandt", at))
    text.replace(at, 10, "Eve Brandt");
  std::ofstream("names.jsonl") << text;
  for (const auto place : {1U, 3U}) {
    const auto lied = run(commands_of_the_page().at(place));
    EXPECT_EQ(lied.exit_code, exit_code(ErrorKind::kForbidden)) << lied.printed;
    EXPECT_THAT(lied.printed, AllOf(HasSubstr("RMT-A015"), Not(HasSubstr("Eve"))));
  }
}

TEST_F(Auditing, AnEntryThatWasChangedIsNeverAnAnswer) {
  for (const auto& file : fs::recursive_directory_iterator("log/tile/entries")) {
    if (!file.is_regular_file()) continue;
    std::string text;
    {
      std::ifstream in(file.path(), std::ios::binary);
      text.assign(std::istreambuf_iterator<char>(in), {});
    }
    const auto denial = text.find(R"("verdict":"deny")");
    if (denial == std::string::npos) continue;  // a narrower bundle of before
    text.replace(denial, 16, R"("verdict":"hold")");
    std::ofstream(file.path(), std::ios::binary) << text;
  }
  for (const auto place : {1U, 2U, 3U, 5U}) {
    const auto ran = run(commands_of_the_page().at(place));
    EXPECT_EQ(ran.exit_code, exit_code(ErrorKind::kInvalid)) << ran.printed;
    EXPECT_THAT(ran.printed, HasSubstr("RMT-A005"));
  }
  EXPECT_EQ(run(commands_of_the_page().at(0)).exit_code, 9);
}

TEST_F(Auditing, AReceiptThatWasChangedProvesNothing) {
  ASSERT_EQ(run(commands_of_the_page().at(5)).exit_code, 0);
  std::string text;
  {
    std::ifstream in("26.tlog-proof");
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto at = text.find("index 26");
  std::ofstream("26.tlog-proof") << text.replace(at, 8, "index 25");
  const auto receipt = run(commands_of_the_page().at(6));
  EXPECT_EQ(receipt.exit_code, 9) << receipt.printed;
  EXPECT_THAT(receipt.printed, HasSubstr("NOT PROVEN"));
}

TEST_F(Auditing, AnArgumentIsShownToBeWhatSomebodySaysItIs) {
  // Its salt is on the server alone, so nothing in the names file opens it.
  const auto revealed = run("remit audit reveal 33 --folder log --key log.pub --names names.jsonl");
  EXPECT_EQ(revealed.exit_code, 0) << revealed.printed;
  EXPECT_THAT(revealed.printed, AllOf(HasSubstr("arguments.customer"), HasSubstr("nothing here opens it")));
}

}  // namespace
}  // namespace remit::cli
