// A backup is whole or none, and what is restored from one has a log with one history.

#include "server/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <csignal>
#include <fstream>

#include "audit/verifier.h"
#include "base/canonical_json.h"
#include "server/backup.h"
#include "server/testing.h"
#include "store/temp_folder.h"

namespace remit::server {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::AnyOf;
using testing::HasSubstr;

std::string file_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

audit::VerifierKey key_in(const fs::path& folder) {
  auto text = file_text(folder / "audit.key.pub");
  text.pop_back();
  return audit::VerifierKey::parse(text).value();
}

class Restores : public testing::Test {
 protected:
  Config config() const {
    Config config;
    config.data = data();
    config.listen = {"127.0.0.1:0"};
    config.threads = 1;
    return config;
  }
  fs::path data() const { return root_ / "plane"; }
  fs::path backup() const { return root_ / "backup"; }

  static http::Response post(Plane& plane, const std::string& path, const json::object& body) {
    return asked(plane, http::Method::kPost, path, json::serialize(body));
  }
  static json::object status(Plane& plane) { return get(plane, "/v1/status"); }
  static json::object get(Plane& plane, const std::string& path) {
    return parse_json(asked(plane, http::Method::kGet, path).body).value().as_object();
  }
  // A plane of which a backup was made while it ran, and that went on afterwards.
  void live() {
    const auto plane = Plane::open(config()).value();
    ASSERT_EQ(post(*plane, "/v1/humans", {{"name", "ana"}}).status, 201);
    const auto made = post(*plane, "/v1/backups", {{"folder", backup().string()}});
    ASSERT_EQ(made.status, 201) << made.body;
    ASSERT_EQ(post(*plane, "/v1/humans", {{"name", "raj"}}).status, 201);
    ASSERT_EQ(post(*plane, "/v1/humans", {{"name", "eve"}}).status, 201);
    plane->publish().value();
  }
  Result<Restored> restore(const RestoreOptions& options = {}) {
    return server::restore(config(), options, clock_, random_);
  }
  // The entry that says that there was a restore.
  json::object told(Plane& plane) {
    const auto answer = get(plane, "/v1/audit/entries?limit=1000");
    for (const auto& item : answer.at("items").as_array())
      if (const auto* restored = item.at("entry").as_object().if_contains("restored"))
        return restored->as_object();
    return {};
  }

  store::TempFolder root_;
  SystemClock clock_;
  SystemRandom random_;
};

TEST_F(Restores, PublishedEntriesMakeItTheSameLog) {
  live();
  const auto before = file_text(data() / "audit.checkpoint");
  const auto key = key_in(data());
  const auto restored = restore({.backup = backup()});
  ASSERT_TRUE(restored) << format(restored.error());
  EXPECT_TRUE(restored->recovery.same_log);
  EXPECT_GE(restored->recovery.refilled, 2U);
  EXPECT_EQ(restored->recovery.missing, 0U);
  EXPECT_EQ(restored->recovery.undone.size(), 2U);  // raj and eve
  EXPECT_EQ(key_in(data()).text(), key.text());
  {
    const auto plane = Plane::open(config()).value();
    EXPECT_EQ(told(*plane).at("log"), json::value(key.name));
    EXPECT_EQ(told(*plane).at("missing"), 0);
    EXPECT_EQ(status(*plane).at("counts").at("humans"), 1);  // what is governed is as it was
    EXPECT_EQ(status(*plane).at("cautions").as_array().size(), 1U);
    EXPECT_TRUE(get(*plane, "/v1/state").at("problems").as_array().empty());
    EXPECT_EQ(post(*plane, "/v1/cautions/restore/confirm", {{"by", "nobody"}, {"reason", "seen"}}).status,
              404);
    const auto confirmed = post(*plane, "/v1/cautions/restore/confirm", {{"by", "ana"}, {"reason", "seen"}});
    EXPECT_EQ(confirmed.status, 200) << confirmed.body;
    EXPECT_TRUE(status(*plane).at("cautions").as_array().empty());
    EXPECT_EQ(post(*plane, "/v1/cautions/restore/confirm", {{"by", "ana"}, {"reason", "seen"}}).status, 404);
    plane->publish().value();
  }
  const auto report = audit::verify(data() / "audit", key, {.checkpoints = {before}});
  EXPECT_TRUE(report->good()) << (report->good() ? "" : report->problems.front().what);
}

TEST_F(Restores, WhatIsMissingMakesItAnotherLogUnderAnotherKeyThatSaysSo) {
  const struct {
    const char* name;
    std::function<void()> loss;
    bool checkpoint_known;
  } cases[] = {{"the published log is gone", [&] { fs::remove_all(data() / "audit"); }, true},
               {"the last signed checkpoint is gone", [&] { fs::remove(data() / "audit.checkpoint"); }, true},
               {"both are",
                [&] {
                  fs::remove_all(data() / "audit");
                  fs::remove(data() / "audit.checkpoint");
                },
                false}};
  for (const auto& [name, loss, checkpoint_known] : cases) {
    for (const auto* folder : {"plane", "backup"}) fs::remove_all(root_ / folder);
    live();
    const auto key = key_in(data());
    const auto before = file_text(data() / "audit.checkpoint");
    loss();
    const auto restored = restore({.backup = backup()});
    ASSERT_TRUE(restored) << name << format(restored.error());
    EXPECT_FALSE(restored->recovery.same_log) << name;
    const auto next = key_in(data());
    EXPECT_EQ(next.name, key.name + "/2");
    EXPECT_NE(next.text(), key.text());
    EXPECT_EQ(restored->log_key, next.text());
    EXPECT_EQ(key_in(restored->kept).text(), key.text());  // nothing is deleted
    {
      const auto plane = Plane::open(config());
      ASSERT_TRUE(plane) << name << format(plane.error());
      const auto entry = told(**plane);
      EXPECT_EQ(entry.at("log"), json::value(key.name)) << name;
      EXPECT_EQ(entry.at("checkpoint").is_null(), !checkpoint_known) << name;
      EXPECT_EQ(entry.at("missing").to_number<int>() > 0, checkpoint_known) << name;
    }
    const auto report = audit::verify(data() / "audit", next);
    ASSERT_TRUE(report) << name << format(report.error());
    EXPECT_TRUE(report->good()) << name;
    EXPECT_FALSE(audit::verify(data() / "audit", key)) << name;  // the old key signs no second history
  }
}

TEST_F(Restores, ALostCheckpointIsGoneOnFromWithoutABackup) {
  live();
  fs::remove(data() / "audit.checkpoint");
  EXPECT_EQ(Plane::open(config()).error().code, "RMT-A023");
  const auto restored = restore();
  ASSERT_TRUE(restored) << format(restored.error());
  EXPECT_FALSE(restored->recovery.same_log);
  EXPECT_EQ(restored->recovery.missing, 0U);
  const auto plane = Plane::open(config()).value();
  EXPECT_EQ(status(*plane).at("counts").at("humans"), 3);
}

TEST_F(Restores, AMachineThatHasOnlyTheKeysAndABackupGoesOn) {
  live();
  const auto kept = file_text(data() / "audit.checkpoint");
  const store::TempFolder keys;
  for (const auto& file : DataFolder(data()).key_files()) fs::copy(file, keys / file.filename().c_str());
  fs::remove_all(data());
  EXPECT_EQ(restore({.backup = backup()}).error().code, "RMT-X023") << "without the keys";
  for (const auto& file : DataFolder(data()).key_files()) fs::copy(keys / file.filename().c_str(), file);
  const auto restored = restore({.backup = backup(), .checkpoints = {kept}});
  ASSERT_TRUE(restored) << format(restored.error());
  EXPECT_FALSE(restored->recovery.same_log);
  EXPECT_GT(restored->recovery.missing, 0U);
  EXPECT_TRUE(Plane::open(config()));
}

TEST_F(Restores, ADamagedBackupOrAKeyOfAnotherPlaneChangesNothing) {
  live();
  const auto store = file_text(data() / "remit.db");
  EXPECT_EQ(restore({.backup = root_ / "none"}).error().code, "RMT-X031");
  const auto vault = file_text(data() / "vault.key");
  std::ofstream(data() / "vault.key") << std::string(64, 'a') << "\n";
  EXPECT_EQ(restore({.backup = backup()}).error().code, "RMT-X024");
  std::ofstream(data() / "vault.key") << vault;
  std::fstream(backup() / "remit.db", std::ios::in | std::ios::out | std::ios::binary).seekp(5000) << "x";
  EXPECT_EQ(restore({.backup = backup()}).error().code, "RMT-X032");
  fs::remove(backup() / "backup.json");
  EXPECT_EQ(restore({.backup = backup()}).error().code, "RMT-X031");
  EXPECT_EQ(file_text(data() / "remit.db"), store);
  EXPECT_TRUE(Plane::open(config()));
}

TEST_F(Restores, ABackupIsMadeInAFolderOfItsOwn) {
  live();
  const auto plane = Plane::open(config()).value();
  EXPECT_EQ(post(*plane, "/v1/backups", {{"folder", backup().string()}}).status, 409);
  EXPECT_EQ(post(*plane, "/v1/backups", {{"folder", "relative"}}).status, 400);
  fs::create_directory(root_ / "papers");
  std::ofstream(root_ / "papers" / "thesis.txt") << "mine";
  EXPECT_EQ(post(*plane, "/v1/backups", {{"folder", (root_ / "papers").string()}}).status, 409);
  struct stat mode{};
  ASSERT_EQ(::stat((backup() / "remit.db").c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777U, 0600U);
}

// Ends a child after `delay`, wherever it is then.
void run_and_kill(const std::function<void()>& work, std::chrono::microseconds delay) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    work();
    ::_exit(0);
  }
  ::usleep(static_cast<useconds_t>(delay.count()));
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
}

TEST_F(Restores, AKillInTheMiddleLeavesWhatTheNextRestoreGoesOnWith) {
  live();
  fs::rename(data(), root_ / "as it was");
  int broken_off = 0;
  for (int round = 0; round < 25; ++round) {
    fs::remove_all(data());
    fs::copy(root_ / "as it was", data(), fs::copy_options::recursive);
    ::chmod(data().c_str(), 0700);
    if (round % 2 == 1) fs::remove_all(data() / "audit");  // another log, with more to exchange
    run_and_kill([&] { std::ignore = restore({.backup = backup()}); }, std::chrono::milliseconds(3 * round));
    const auto broken = [&]() -> std::optional<Error> {
      const auto opened = Plane::open(config());
      return opened ? std::nullopt : std::optional(opened.error());
    }();
    if (broken) {
      ++broken_off;
      EXPECT_EQ(broken->code, "RMT-X033") << format(*broken);
      const auto restored = restore();
      ASSERT_TRUE(restored) << format(restored.error());
    }
    EXPECT_TRUE(Plane::open(config())) << "round " << round;
    EXPECT_TRUE(audit::verify(data() / "audit", key_in(data()))->good()) << "round " << round;
  }
  RecordProperty("broken_off", broken_off);
}

TEST_F(Restores, AKillInTheMiddleOfABackupLeavesNoneAndTheNextOneIsWhole) {
  live();
  fs::remove_all(backup());
  for (int round = 0; round < 15; ++round) {
    run_and_kill(
        [&] {
          const auto plane = Plane::open(config());
          if (plane) post(**plane, "/v1/backups", {{"folder", backup().string()}});
          ::_exit(0);
        },
        std::chrono::milliseconds(4 * round));
    const auto made = read_backup(backup());
    if (!made) EXPECT_EQ(made.error().code, "RMT-X031") << format(made.error());
    if (made) fs::remove_all(backup());
  }
  const auto plane = Plane::open(config()).value();
  ASSERT_EQ(post(*plane, "/v1/backups", {{"folder", backup().string()}}).status, 201);
  EXPECT_TRUE(read_backup(backup()));
}

}  // namespace
}  // namespace remit::server
