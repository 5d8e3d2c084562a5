// Each way to lose, swap or put back a file of the data folder: what the start says, and what verifying the
// log says. Never a new key beside old rows, never a second history under one key.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include "audit/verifier.h"
#include "base/canonical_json.h"
#include "server/testing.h"
#include "store/temp_folder.h"

namespace remit::server {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, std::string>;  // by path beneath the folder

// Nothing of what is no file.
std::string text_of(const fs::path& file) {
  if (!fs::is_regular_file(file)) return {};
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Files files_in(const fs::path& folder) {
  Files files;
  for (const auto& one : fs::recursive_directory_iterator(folder))
    if (one.is_regular_file()) files[fs::relative(one.path(), folder).string()] = text_of(one.path());
  return files;
}

// Without what SQLite and the lock keep beside the store.
Files kept_files(const fs::path& folder) {
  auto files = files_in(folder);
  for (const auto* name : {"remit.db-wal", "remit.db-shm", "remit.db.lock"}) files.erase(name);
  return files;
}

void put_back(const fs::path& folder, const Files& files) {
  for (const auto& one : fs::directory_iterator(folder)) fs::remove_all(one.path());
  for (const auto& [name, bytes] : files) {
    const auto file = folder / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    ::chmod(file.c_str(), name.starts_with("audit/") || name.ends_with(".pub") ? 0644 : 0600);
  }
}

Result<std::unique_ptr<Plane>> open_plane_in(const fs::path& folder) {
  Config config;
  config.data = folder;
  config.listen = {"127.0.0.1:0"};
  config.threads = 1;
  return Plane::open(std::move(config));
}

std::vector<std::string> entries_in(const fs::path& folder) {
  const auto store =
      store::Store::open({.file = folder / "remit.db", .migrations = plane_migrations()}).value();
  std::vector<std::string> entries;
  EXPECT_TRUE(store->read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto all, audit::read_entries(reader, 0, 1'000'000));
    for (const auto& [index, text] : all) entries.push_back(text);
    return {};
  }));
  return entries;
}

// A plane with a little history, as it was some commands ago and as it is now, and another plane.
class DataFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    work(root_ / "plane", "ana");
    older_ = kept_files(root_ / "plane");
    work(root_ / "plane", "raj");
    whole_ = kept_files(root_ / "plane");
    work(root_ / "other", "eve");
    others_ = kept_files(root_ / "other");
    key_ = *audit::VerifierKey::parse(
        whole_.at("audit.key.pub").substr(0, whole_.at("audit.key.pub").size() - 1));
  }

  static void work(const fs::path& folder, const char* name) {
    const auto plane = open_plane_in(folder).value();
    const auto body = std::string(R"({"name":")") + name + R"("})";
    EXPECT_EQ(asked(*plane, http::Method::kPost, "/v1/humans", body).status, 201);
    plane->publish().value();
  }

  std::string verified() const {
    const auto state = text_of(folder() / "audit.checkpoint");
    audit::VerifyOptions options;
    if (!state.empty()) options.checkpoints.push_back(state);
    const auto report = audit::verify(folder() / "audit", key_, options);
    if (!report) return std::string(report.error().code);
    if (report->unfinished()) return "unfinished";
    return report->good() ? "good" : "damaged";
  }

  // What `remit verify state` finds.
  static std::string state_problems(Plane& plane) {
    const auto answer = asked(plane, http::Method::kGet, "/v1/state");
    const auto body = parse_json(answer.body);
    if (answer.status != 200 || !body) return answer.body;
    return boost::json::serialize(body->at("problems"));
  }

  fs::path folder() const { return root_ / "plane"; }

  store::TempFolder root_;
  Files older_, whole_, others_;
  audit::VerifierKey key_;
};

TEST_F(DataFolderTest, EveryFileLostSwappedOrPutBackIsRefusedOrMended) {
  // What the start says (and with it every command without a server, `verify state` too), and what verifying
  // the folder says before it. "": it starts, and then all is as it was before the damage.
  struct Row {
    const char* file;
    const char* way;
    const char* start;
    const char* verify;
  };
  const auto& checkpoint = whole_.at("audit/checkpoint");
  const auto line = checkpoint.find('\n') + 1;
  const auto width = checkpoint.substr(line, checkpoint.find('\n', line) - line);
  const std::string bundle = "audit/tile/entries/000.p/" + width;
  const std::string tile = "audit/tile/0/000.p/" + width;
  const Row rows[] = {
      {"remit.db", "gone", "RMT-X023", "good"},
      {"remit.db", "empty", "RMT-X023", "good"},
      {"remit.db", "cut", "RMT-S003", "good"},
      {"remit.db", "older", "RMT-A020", "good"},
      {"remit.db", "another's", "RMT-X024", "good"},
      {"remit.db", "unreadable", "RMT-S004", "good"},
      {"audit.key", "gone", "RMT-X023", "good"},
      {"audit.key", "empty", "RMT-A022", "good"},
      {"audit.key", "cut", "RMT-A022", "good"},
      {"audit.key", "another's", "RMT-X024", "good"},
      {"audit.key", "unreadable", "RMT-A021", "good"},
      {"audit.key.pub", "gone", "RMT-X023", "good"},
      {"audit.key.pub", "empty", "RMT-X024", "good"},
      {"audit.key.pub", "cut", "RMT-X024", "good"},
      {"audit.key.pub", "another's", "RMT-X024", "good"},
      {"audit.key.pub", "unreadable", "RMT-A021", "good"},
      {"vault.key", "gone", "RMT-X023", "good"},
      {"vault.key", "empty", "RMT-C002", "good"},
      {"vault.key", "cut", "RMT-C002", "good"},
      {"vault.key", "another's", "RMT-X024", "good"},
      {"vault.key", "unreadable", "RMT-C002", "good"},
      {"issuer-sandbox.jwk", "gone", "RMT-X023", "good"},
      {"issuer-pilot.jwk", "gone", "RMT-X023", "good"},
      {"issuer-production.jwk", "gone", "RMT-X023", "good"},
      {"issuer-production.jwk", "empty", "RMT-J049", "good"},
      {"issuer-production.jwk", "cut", "RMT-J049", "good"},
      {"issuer-production.jwk", "another's", "RMT-X024", "good"},
      {"issuer-production.jwk", "unreadable", "RMT-J050", "good"},
      {"audit.checkpoint", "gone", "RMT-A023", "good"},
      {"audit.checkpoint", "empty", "RMT-A001", "good"},
      {"audit.checkpoint", "cut", "RMT-A001", "damaged"},
      {"audit.checkpoint", "older", "", "good"},  // the published one is later
      {"audit.checkpoint", "another's", "RMT-A003", "damaged"},
      {"audit.checkpoint", "unreadable", "RMT-A021", "good"},
      {"audit/checkpoint", "gone", "", "RMT-A013"},
      {"audit/checkpoint", "empty", "", "RMT-A001"},
      {"audit/checkpoint", "cut", "", "RMT-A001"},
      {"audit/checkpoint", "older", "", "unfinished"},
      {"audit/checkpoint", "another's", "RMT-A020", "RMT-A003"},
      {"audit/checkpoint", "unreadable", "RMT-A021", "RMT-A021"},
      {bundle.c_str(), "gone", "", "damaged"},
      {bundle.c_str(), "empty", "", "damaged"},
      {bundle.c_str(), "cut", "", "damaged"},
      {tile.c_str(), "gone", "", "damaged"},
      {tile.c_str(), "empty", "", "damaged"},
      {tile.c_str(), "cut", "", "damaged"},
  };
  for (const auto& [file, way, start, verify] : rows) {
    const std::string name = std::string(file) + " " + way;
    put_back(folder(), whole_);
    const auto path = folder() / file;
    const std::string_view done = way;
    if (done == "gone") fs::remove(path);
    if (done == "empty") std::ofstream(path, std::ios::trunc).close();
    if (done == "cut") fs::resize_file(path, fs::file_size(path) / 2);
    if (done == "older") std::ofstream(path, std::ios::binary) << older_.at(file);
    if (done == "another's") std::ofstream(path, std::ios::binary) << others_.at(file);
    if (done == "unreadable") {  // also for root
      fs::remove(path);
      fs::create_directory(path);
      ::chmod(path.c_str(), 0700);
    }
    EXPECT_EQ(verified(), verify) << name;
    const auto before = kept_files(folder());
    const auto log_before = start[0] != 'R' ? entries_in(folder()) : std::vector<std::string>();
    auto plane = open_plane_in(folder());
    EXPECT_EQ(plane ? "" : std::string(plane.error().code), start)
        << name << ": " << (plane ? "" : format(plane.error()));
    if (!plane) {
      // Nothing was made, signed or written. (A database that cannot be opened is SQLite's to touch.)
      auto after = kept_files(folder());
      if (std::string_view(file) == "remit.db") {
        after.erase("remit.db");
        auto others = before;
        others.erase("remit.db");
        EXPECT_EQ(after, others) << name;
      } else {
        EXPECT_EQ(after, before) << name;
      }
      continue;
    }
    EXPECT_EQ(state_problems(**plane), "[]") << name;
    plane->reset();
    EXPECT_EQ(verified(), "good") << name;
    audit::VerifyOptions options{
        .checkpoints = {whole_.at("audit.checkpoint"), older_.at("audit.checkpoint")}};
    EXPECT_TRUE(audit::verify(folder() / "audit", key_, options)->good()) << name;
    for (const auto* key : {"audit.key", "audit.key.pub", "vault.key", "issuer-production.jwk"})
      EXPECT_EQ(text_of(folder() / key), whole_.at(key)) << name;
    const auto log_after = entries_in(folder());
    ASSERT_GT(log_after.size(), log_before.size()) << name;
    EXPECT_TRUE(std::equal(log_before.begin(), log_before.end(), log_after.begin())) << name;
  }
}

TEST_F(DataFolderTest, AnIssuersKeyIsTheOneThatTheStoreSaysWhereverARotationIsKilled) {
  const auto file = folder() / "issuer-production.jwk";
  const auto next = folder() / "issuer-production.jwk.next";
  {
    const auto plane = open_plane_in(folder()).value();
    const auto* body = R"({"by":"ana","reason":"a year has passed"})";
    EXPECT_EQ(asked(*plane, http::Method::kPost, "/v1/issuers/production/rotate", body).status, 200);
  }
  const auto rotated = text_of(file);
  EXPECT_NE(rotated, whole_.at("issuer-production.jwk"));
  EXPECT_TRUE(open_plane_in(folder()));

  const auto put = [](const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), 0600);
  };
  put(next, rotated);  // after the commit, before the exchange
  put(file, whole_.at("issuer-production.jwk"));
  EXPECT_TRUE(open_plane_in(folder()));
  EXPECT_EQ(text_of(file), rotated);
  put(next, others_.at("issuer-production.jwk"));  // before the commit
  EXPECT_TRUE(open_plane_in(folder()));
  EXPECT_EQ(text_of(file), rotated);
  EXPECT_FALSE(fs::exists(next));
  put(file, whole_.at("issuer-production.jwk"));  // the key of before, put back
  EXPECT_EQ(open_plane_in(folder()).error().code, "RMT-X024");
}

TEST_F(DataFolderTest, OlderCheckpointsDoNotHideAStoreThatWasPutBack) {
  for (const auto& older : {std::vector<const char*>{"remit.db", "audit.checkpoint"},
                            {"remit.db", "audit.checkpoint", "audit/checkpoint"}}) {
    auto files = whole_;
    for (const auto* file : older) files[file] = older_.at(file);
    put_back(folder(), files);
    const auto before = kept_files(folder());
    const auto refused = open_plane_in(folder());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "RMT-A020") << refused.error().message;
    EXPECT_EQ(kept_files(folder()), before);
  }
  auto files = whole_;
  for (const auto* file : {"audit.key", "audit.key.pub", "audit.checkpoint"}) files.erase(file);
  put_back(folder(), files);
  EXPECT_EQ(open_plane_in(folder()).error().code, "RMT-X023");
}

TEST_F(DataFolderTest, WhatIsMissingIsNamedAllAtOnce) {
  auto files = whole_;
  for (const auto* file : {"vault.key", "issuer-pilot.jwk", "audit.key.pub"}) files.erase(file);
  put_back(folder(), files);
  const auto refused = open_plane_in(folder());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "missing in " + folder().string() + ": audit.key.pub, vault.key, issuer-pilot.jwk");
}

TEST_F(DataFolderTest, WhatIsOpenToOthersIsRefusedWithTheCommandThatMendsIt) {
  const struct {
    const char* file;
    mode_t mode;
    const char* mend;  // none: it may be so
  } cases[] = {{"", 0755, "chmod 700 "},
               {"", 0710, "chmod 700 "},
               {"remit.db", 0666, "chmod 600 "},
               {"remit.db", 0640, "chmod 600 "},
               {"vault.key", 0604, "chmod 600 "},
               {"audit.key", 0644, "chmod 600 "},
               {"issuer-pilot.jwk", 0640, "chmod 600 "},
               {"audit.checkpoint", 0644, "chmod 600 "},
               {"audit.key.pub", 0664, "chmod 644 "},
               {"audit.key.pub", 0600, nullptr}};
  for (const auto& [file, mode, mend] : cases) {
    put_back(folder(), whole_);
    const auto path = *file == '\0' ? folder() : folder() / file;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const auto opened = open_plane_in(folder());
    if (mend == nullptr) {
      EXPECT_TRUE(opened) << path;
    } else {
      ASSERT_FALSE(opened) << path;
      EXPECT_EQ(opened.error().code, "RMT-X022") << path;
      EXPECT_EQ(opened.error().fix, "Type: " + std::string(mend) + path.string());
    }
    ASSERT_EQ(::chmod(folder().c_str(), 0700), 0);
  }
}

// As the demo's, which lies in the usual one.
TEST_F(DataFolderTest, WhatWasMadeAboveOneMayBeADataFolderToo) {
  const auto before = ::umask(022);
  EXPECT_TRUE(open_plane_in(root_ / "state" / "remit" / "demo"));
  EXPECT_TRUE(open_plane_in(root_ / "state" / "remit"));
  ::umask(before);
  EXPECT_EQ(open_plane_in(root_ / "state" / "remit" / "remit.db" / "below").error().code, "RMT-X020");
}

TEST_F(DataFolderTest, AFolderOfAnotherAccountIsRefusedWithItsName) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  for (const auto* file : {"", "remit.db", "vault.key"}) {
    put_back(folder(), whole_);
    const auto path = *file == '\0' ? folder() : folder() / file;
    ASSERT_EQ(::chown(path.c_str(), 1, 1), 0);
    const auto refused = open_plane_in(folder());
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, "RMT-X022");
    EXPECT_NE(refused.error().fix.find("sudo -u daemon"), std::string::npos) << refused.error().fix;
    ASSERT_EQ(::chown(folder().c_str(), 0, 0), 0);
  }
}

TEST_F(DataFolderTest, ARefusedStartWritesNothingHoweverOftenItIsTried) {
  auto files = whole_;
  files.erase("vault.key");
  put_back(folder(), files);
  const auto before = entries_in(folder());
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(open_plane_in(folder()));
  EXPECT_EQ(entries_in(folder()), before);
}

TEST_F(DataFolderTest, RowsThatWereChangedBehindRemitsBackAreRefused) {
  const struct {
    const char* change;
    const char* code;
  } cases[] = {
      {"UPDATE human SET name = 'mallory' WHERE name = 'ana'", "RMT-S011"},
      {"DELETE FROM human WHERE name = 'raj'", "RMT-S011"},
      {"INSERT INTO human (id, name, joined_at, revision) VALUES ('hum_x', 'mallory', 1, 1)", "RMT-S011"},
      {"UPDATE plane_key SET fingerprint = 'x' WHERE file = 'vault.key'", "RMT-S011"},
      {"INSERT INTO identity_hold (subject, kind, placed_by, placed_at, reason, revision) VALUES "
       "('d', 'drift', 'p', 1, '', 1)",
       "RMT-S011"},
      {"DELETE FROM store_sum WHERE name = 'human'", "RMT-S011"},
      {"DELETE FROM store_sum", "RMT-A026"},
      {"UPDATE store_sum SET sum = zeroblob(2048) WHERE name = 'human'", "RMT-S011"},
      {"UPDATE store_sum SET sum = zeroblob(7) WHERE name = 'human'", "RMT-S003"},
      {"DELETE FROM store_revision", "RMT-S003"},
  };
  for (const auto& [change, code] : cases) {
    put_back(folder(), whole_);
    {
      const auto store =
          store::Store::open({.file = folder() / "remit.db", .migrations = plane_migrations()}).value();
      // The store serves no more where its revision is gone, which the change itself hears.
      std::ignore = store->run([&](store::Transaction& tx) -> Result<void> {
        TRY(tx.execute(change));
        return {};
      });
    }
    const auto refused = open_plane_in(folder());
    if (std::string_view(change) == "DELETE FROM store_revision") {
      EXPECT_TRUE(refused) << "a change that leaves no revision is not kept";
      continue;
    }
    ASSERT_FALSE(refused) << change;
    EXPECT_EQ(refused.error().code, code) << change << ": " << refused.error().message;
  }
  // Rows and sums of an older store under the newer log.
  put_back(folder(), whole_);
  {
    std::ofstream(root_ / "older.db", std::ios::binary) << older_.at("remit.db");
    const auto older =
        store::Store::open({.file = root_ / "older.db", .migrations = plane_migrations()}).value();
    Bytes sum;
    ASSERT_TRUE(older->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT sum FROM store_sum WHERE name = 'human'"));
      sum = rows.at(0).blob(0);
      return {};
    }));
    const auto store =
        store::Store::open({.file = folder() / "remit.db", .migrations = plane_migrations()}).value();
    ASSERT_TRUE(store->run([&](store::Transaction& tx) -> Result<void> {
      TRY(tx.execute("DELETE FROM human WHERE name = 'raj'"));
      TRY(tx.execute("UPDATE store_sum SET sum = ? WHERE name = 'human'", {sum}));
      return {};
    }));
  }
  EXPECT_EQ(open_plane_in(folder()).error().code, "RMT-A026");
}

TEST_F(DataFolderTest, TheMakingOfAPlaneGoesOnWhereItWasBroken) {
  // A kill after each file that is made: the store, then the keys, in no matter which order.
  const auto fresh = root_ / "fresh";
  for (std::size_t made = 0; made <= 3; ++made) {
    fs::remove_all(fresh);
    fs::create_directory(fresh);
    ::chmod(fresh.c_str(), 0700);
    store::Store::open({.file = fresh / "remit.db", .migrations = plane_migrations(), .governs = is_governed})
        .value();
    const char* keys[] = {"audit.key", "vault.key", "issuer-sandbox.jwk"};
    for (std::size_t i = 0; i < made; ++i) {
      std::ofstream(fresh / keys[i]) << whole_.at(keys[i]);
      ::chmod((fresh / keys[i]).c_str(), 0600);
    }
    std::ofstream(fresh / "vault.key.part") << "half";
    std::ofstream(fresh / "audit.checkpoint.aB3dEf") << "half";
    auto plane = open_plane_in(fresh);
    ASSERT_TRUE(plane) << made << ": " << format(plane.error());
    for (std::size_t i = 0; i < made; ++i) EXPECT_EQ(text_of(fresh / keys[i]), whole_.at(keys[i]));
    EXPECT_FALSE(fs::exists(fresh / "vault.key.part"));
    EXPECT_FALSE(fs::exists(fresh / "audit.checkpoint.aB3dEf"));
    plane->reset();
    EXPECT_TRUE(open_plane_in(fresh));
  }
}

}  // namespace
}  // namespace remit::server
