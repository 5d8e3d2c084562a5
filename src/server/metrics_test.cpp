#include "server/metrics.h"

#include <gmock/gmock.h>

#include <map>
#include <regex>
#include <sstream>

#include "store/temp_folder.h"

namespace remit::server {
namespace {

using testing::Contains;
using testing::Pair;
using testing::SizeIs;

struct Family {
  std::string help, type;
  std::map<std::string, std::string> samples;  // labels to value
};

// The text format as Prometheus reads it (exposition format 0.0.4): HELP and TYPE of a family, then its
// samples.
std::map<std::string, Family> parse(const std::string& text) {
  static const std::regex help(R"(# HELP ([a-z_]+) (.+))");
  static const std::regex type(R"(# TYPE ([a-z_]+) (counter|gauge|histogram))");
  static const std::regex sample(R"(([a-z_]+)((?:\{(?:[a-z]+="[^"]*",?)+\})?) ([0-9.]+))");
  std::map<std::string, Family> families;
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      current = match[1];
      EXPECT_FALSE(families.contains(current)) << "twice: " << current;
      families[current].help = match[2];
    } else if (std::regex_match(line, match, type)) {
      EXPECT_EQ(match[1], current) << line;
      families[current].type = match[2];
    } else if (std::regex_match(line, match, sample)) {
      const auto part = match[1].str().substr(std::min(match[1].str().size(), current.size()));
      const bool of_histogram = part == "_bucket" || part == "_sum" || part == "_count";
      EXPECT_TRUE(match[1].str().starts_with(current)) << line;
      EXPECT_EQ(of_histogram, families[current].type == "histogram") << line;
      EXPECT_NE(families[current].type, "") << line;
      EXPECT_TRUE(families[current].samples.emplace(part + match[2].str(), match[3]).second) << line;
    } else {
      ADD_FAILURE() << "not understood: " << line;
    }
  }
  EXPECT_TRUE(text.ends_with('\n'));
  return families;
}

class Metrics : public testing::Test {
 protected:
  std::map<std::string, Family> read() {
    snapshot::SnapshotData data;
    data.tools.resize(6);
    for (int i = 0; i < 3; ++i) data.tools.at(i).missing = true;
    data.tools.at(5).quarantined = true;
    data.destinations.resize(2);
    data.destinations.at(0).set_aside.resize(4);
    data.destinations.at(1).set_aside.resize(3);
    const snapshot::Snapshot snapshot(std::move(data));
    gateway::CallTotals calls;
    call_counters_.add_to(calls);
    return parse(metrics_text({.gateway = counters_,
                               .calls = calls,
                               .store = *store_,
                               .published_entries = published_,
                               .token_replays = replays_,
                               .snapshot = &snapshot,
                               .children = 9,
                               .waiting_messages = 21,
                               .policy_errors = {0, 0, 22},
                               .publishing_lag = std::chrono::milliseconds(1500),
                               .free = {{"data", 23}, {"audit", 24}}}));
  }
  store::TempFolder folder_ = store::TempFolder::in_memory();
  std::unique_ptr<store::Store> store_ =
      store::Store::open({.file = folder_ / "remit.db", .migrations = {}}).value();
  gateway::GatewayCounters counters_;
  gateway::CallCounters call_counters_;
  std::atomic<std::uint64_t> published_{0};
  std::atomic<std::uint64_t> replays_{0};
};

TEST_F(Metrics, HaveNameHelpAndTypeAndCountWhatHappened) {
  auto& elsewhere = call_counters_.of(Environment::kProduction, nullptr);
  for (int i = 0; i < 2; ++i) elsewhere.decided(decision::Verdict::kDeny);
  elsewhere.upstream_errors.add(4);
  counters_.refused_requests = 5;
  counters_.open_calls = 6;
  counters_.sessions = 7;
  counters_.streams = 8;
  counters_.expired_sessions = 10;
  counters_.expired_upstreams = 11;
  counters_.evicted_sessions = 12;
  counters_.evicted_children = 13;
  counters_.refused_sessions = 14;
  counters_.refused_children = 15;
  counters_.undelivered = 16;
  counters_.credential_echoes = 17;
  published_ = 9'007'199;
  replays_ = 9;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(store_->run([](store::Transaction& tx) -> Result<void> {
      TRY(tx.next_revision());
      return {};
    }));

  struct Case {
    std::string name, type;
    std::map<std::string, std::string> samples;
  };
  const std::vector<Case> cases = {
      {"remit_credential_echoes_total", "counter", {{"", "17"}}},
      {"remit_refused_requests_total", "counter", {{"", "5"}}},
      {"remit_open_calls", "gauge", {{"", "6"}}},
      {"remit_sessions", "gauge", {{"", "7"}}},
      {"remit_streams", "gauge", {{"", "8"}}},
      {"remit_children", "gauge", {{"", "9"}}},
      {"remit_expired_total", "counter", {{R"({what="session"})", "10"}, {R"({what="upstream"})", "11"}}},
      {"remit_evicted_total", "counter", {{R"({what="session"})", "12"}, {R"({what="child"})", "13"}}},
      {"remit_no_room_total", "counter", {{R"({what="session"})", "14"}, {R"({what="child"})", "15"}}},
      {"remit_undelivered_answers_total", "counter", {{"", "16"}}},
      {"remit_store_commits_total", "counter", {{"", "3"}}},
      {"remit_revision", "gauge", {{"", std::to_string(store_->revision())}}},
      {"remit_tools_withheld",
       "gauge",
       {{R"({why="quarantined"})", "1"}, {R"({why="missing"})", "3"}, {R"({why="unusable"})", "7"}}},
      {"remit_audit_published_entries", "gauge", {{"", "9007199"}}},
      {"remit_audit_publishing_lag_seconds", "gauge", {{"", "1.5"}}},
      {"remit_queue_depth", "gauge", {{R"({queue="store"})", "0"}, {R"({queue="messages"})", "21"}}},
      {"remit_disk_free_bytes", "gauge", {{R"({folder="data"})", "23"}, {R"({folder="audit"})", "24"}}},
      {"remit_policy_errors",
       "gauge",
       {{R"({environment="sandbox"})", "0"},
        {R"({environment="pilot"})", "0"},
        {R"({environment="production"})", "22"}}},
      {"remit_token_replays_total", "counter", {{"", "9"}}},
  };
  const auto families = read();
  // Those of calls have a test of their own.
  EXPECT_THAT(families, SizeIs(cases.size() + 4));
  for (const auto& [name, type, samples] : cases) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(families.contains(name));
    EXPECT_EQ(families.at(name).type, type);
    EXPECT_NE(families.at(name).help, "");
    EXPECT_EQ(families.at(name).samples, samples);
    // Prometheus' naming: counters end in _total, and nothing else does.
    EXPECT_EQ(name.ends_with("_total"), type == "counter");
  }
  EXPECT_GE(store_->revision(), 3);
}

TEST_F(Metrics, OfCallsSayWhereAndHowLong) {
  snapshot::Destination notes;
  notes.id = DestinationId::trusted("dst_1");
  notes.name = "notes";
  auto& series = call_counters_.of(Environment::kSandbox, &notes);
  for (int i = 0; i < 3; ++i) series.decided(decision::Verdict::kAllow);
  series.decided(decision::Verdict::kHold);
  series.upstream_errors.add(4);
  series.upstream.observe(std::chrono::milliseconds(2));
  series.upstream.observe(std::chrono::milliseconds(20));
  series.upstream.observe(std::chrono::minutes(2));
  call_counters_.decisions(Environment::kSandbox).observe(std::chrono::milliseconds(3));
  const auto families = read();

  const auto& calls = families.at("remit_calls_total").samples;
  EXPECT_EQ(calls.at(R"({environment="sandbox",verdict="allow",destination="notes"})"), "3");
  EXPECT_EQ(calls.at(R"({environment="sandbox",verdict="hold",destination="notes"})"), "1");
  EXPECT_EQ(calls.at(R"({environment="sandbox",verdict="deny",destination=""})"), "0");
  EXPECT_EQ(
      families.at("remit_upstream_errors_total").samples.at(R"({environment="sandbox",destination="notes"})"),
      "4");
  const auto& upstream = families.at("remit_upstream_seconds").samples;
  EXPECT_EQ(upstream.at(R"(_bucket{environment="sandbox",destination="notes",le="0.001"})"), "0");
  EXPECT_EQ(upstream.at(R"(_bucket{environment="sandbox",destination="notes",le="0.0025"})"), "1");
  EXPECT_EQ(upstream.at(R"(_bucket{environment="sandbox",destination="notes",le="60"})"), "2");
  EXPECT_EQ(upstream.at(R"(_bucket{environment="sandbox",destination="notes",le="+Inf"})"), "3");
  EXPECT_EQ(upstream.at(R"(_count{environment="sandbox",destination="notes"})"), "3");
  EXPECT_EQ(upstream.at(R"(_sum{environment="sandbox",destination="notes"})"), "120.022");
  EXPECT_EQ(families.at("remit_decision_seconds").samples.at(R"(_count{environment="sandbox"})"), "1");
}

TEST_F(Metrics, AreThereBeforeAnythingHappens) {
  const auto families = read();
  EXPECT_THAT(families.at("remit_calls_total").samples,
              Contains(Pair(R"({environment="pilot",verdict="deny",destination=""})", "0")));
  EXPECT_THAT(families.at("remit_sessions").samples, Contains(Pair("", "0")));
}

}  // namespace
}  // namespace remit::server
