#include "audit/publisher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "audit/published_log.h"
#include "audit/tile_reader.h"

namespace remit::audit {
namespace {

namespace fs = std::filesystem;

class Publishing : public PublishedLog {
 protected:
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& one : fs::recursive_directory_iterator(folder()))
      if (one.is_regular_file()) all[fs::relative(one.path(), folder()).string()] = read(one.path());
    return all;
  }
  void add(const std::string& name) {
    fs::create_directories(path(name).parent_path());
    overwrite(path(name), "something");
  }
};

TEST_F(Publishing, EachStepExtendsTheOneBeforeAndVerifies) {
  TreeHead before = publisher_->published()->head;
  EXPECT_EQ(before.size, 1U);
  for (const std::size_t count : {3U, 250U, 2U, 1U, 600U}) {
    fill(count);
    const auto checkpoint = publish();
    EXPECT_EQ(checkpoint.head.size, before.size + count);
    TileReader tiles(folder(), checkpoint.head.size);
    const auto proof = make_consistency_proof(before.size, checkpoint.head.size, tiles.reader()).value();
    EXPECT_TRUE(verify_consistency(before, checkpoint.head, proof));
    before = checkpoint.head;
    EXPECT_TRUE(verified().good());
    EXPECT_EQ(verified().checkpoint.head, checkpoint.head);
  }
}

TEST_F(Publishing, WithNothingNewNothingChanges) {
  fill(10);
  publish();
  const auto before = files();
  publish();
  EXPECT_EQ(files(), before);
}

TEST_F(Publishing, EveryEntryHasAnInclusionProof) {
  fill(600);
  const auto head = publish().head;
  TileReader tiles(folder(), head.size);
  const auto all = entries();
  for (const std::uint64_t index : {0U, 1U, 255U, 256U, 511U, 512U, 600U}) {
    EXPECT_EQ(tiles.entry(index).value(), all[index]);
    const auto proof = make_inclusion_proof(index, head.size, tiles.reader()).value();
    EXPECT_TRUE(verify_inclusion(index, leaf_hash(as_bytes(all[index])), head, proof)) << index;
  }
  EXPECT_EQ(tiles.entry(601).error().code, "RMT-A013");
}

TEST_F(Publishing, APartialFileGoesOneCheckpointAfterTheOneThatNeededIt) {
  fill(100);
  publish();
  EXPECT_TRUE(fs::exists(path("tile/0/000.p/101")));
  EXPECT_TRUE(fs::exists(path("tile/entries/000.p/101")));
  const auto reader_has = publisher_->published()->head;
  fill(50);
  publish();
  // Whoever has read the checkpoint before finds all that it covers.
  TileReader tiles(folder(), reader_has.size);
  EXPECT_EQ(root_of(reader_has.size, tiles.reader()).value(), reader_has.root);
  EXPECT_TRUE(fs::exists(path("tile/0/000.p/101")));
  EXPECT_TRUE(fs::exists(path("tile/0/000.p/151")));
  EXPECT_TRUE(verified().good());
  fill(150);
  publish();
  EXPECT_FALSE(fs::exists(path("tile/0/000.p/101")));
  EXPECT_TRUE(fs::exists(path("tile/0/000.p/151")));
  fill(2);
  publish();
  EXPECT_FALSE(fs::exists(path("tile/0/000.p")));
  EXPECT_FALSE(fs::exists(path("tile/entries/000.p")));
  EXPECT_TRUE(fs::exists(path("tile/0/000")));
  EXPECT_TRUE(fs::exists(path("tile/1/000.p/1")));
}

TEST_F(Publishing, WhatIsMissingOrDamagedIsMadeAgainAtTheOpening) {
  fill(600);
  publish();
  publisher_ = Publisher::open(*store_, key_, options()).value();
  publish();  // without what only the checkpoint before needed
  const auto before = files();
  const std::vector<std::function<void()>> damages = {
      [&] { fs::remove_all(folder()); },
      [&] { fs::remove(path("checkpoint")); },  // as after a crash before the publication
      [&] { fs::remove(path("tile/entries/001")); },
      [&] { overwrite(path("tile/0/000"), "not a tile"); },
      [&] { overwrite(path("tile/entries/002.p/89"), ""); },
      [&] { overwrite(path("tile/0/000"), read(path("tile/0/000")) + "more"); },
      [&] { overwrite(path("tile/0/000.Xy12Zq"), "half"); },  // as a process leaves them that was killed
      [&] { overwrite(path("checkpoint.Xy12Zq"), "half"); },
      [&] { add("tile/0/000.p/7"); },
      [&] { add("tile/0/002.p/90"); },  // of entries that there are not
      [&] { add("tile/3/000"); },
      [&] { add("tile/entries/x001/000"); },
      [&] { add("tile/note.txt"); },
  };
  for (std::size_t i = 0; i < damages.size(); ++i) {
    publisher_.reset();
    damages[i]();
    publisher_ = Publisher::open(*store_, key_, options()).value();
    publish();
    EXPECT_EQ(files(), before) << "damage " << i;
  }
}

TEST_F(Publishing, AnOpeningThatIsRefusedWritesNothing) {
  fill(10);
  publish();
  close();
  fs::copy(temp_ / "remit.db", temp_ / "backup.db");
  open();
  fill(10);
  publish();
  const auto signed_before = publisher_->published()->head.size;
  fill(4);
  // Published and not yet signed, as by a process that was killed in between.
  rewrite(entries(), false);
  fill(6);
  close();
  const auto as_left = files();
  const auto state = read(options().state);
  const auto older_state =
      key_.sign(Checkpoint{.origin = std::string(kOrigin), .head = {0, empty_root()}}.text());

  const struct {
    const char* name;
    bool older_store;
    std::function<void()> damage;
    const char* code;
    const char* says;
  } cases[] = {
      {"an older store", true, [] {}, "RMT-A020", "state` covers"},
      {"an older store, and the state is gone", true, [&] { fs::remove(options().state); }, "RMT-A023",
       "is missing"},
      {"an older store and an older state", true, [&] { overwrite(options().state, *older_state); },
       "RMT-A020", "checkpoint` covers"},
      {"an older store and older checkpoints", true,
       [&] {
         overwrite(options().state, *older_state);
         overwrite(path("checkpoint"), *older_state);
       },
       "RMT-A020", "holds entry"},
      {"the state is gone", false, [&] { fs::remove(options().state); }, "RMT-A023", "is missing"},
      {"another log's folder", false,
       [&] {
         overwrite(path("checkpoint"),
                   SigningKey::make(kOrigin, random_)
                       .value()
                       .sign(Checkpoint{.origin = std::string(kOrigin), .head = {0, empty_root()}}.text())
                       .value());
       },
       "RMT-A020", "another log's"},
      {"a published entry that the store has not", false,
       [&] {
         auto bundle = read(path("tile/entries/000.p/" + std::to_string(signed_before + 4)));
         bundle.replace(bundle.rfind("pay"), 3, "buy");
         overwrite(path("tile/entries/000.p/" + std::to_string(signed_before + 4)), bundle);
       },
       "RMT-A020", "is not the one that was published"},
  };
  fs::copy(temp_ / "remit.db", temp_ / "whole.db");
  for (const auto& [name, older_store, damage, code, says] : cases) {
    fs::copy(temp_ / (older_store ? "backup.db" : "whole.db"), temp_ / "remit.db",
             fs::copy_options::overwrite_existing);
    damage();
    const auto before = files();
    open_store();
    const auto refused = Publisher::open(*store_, key_, options());
    store_.reset();
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, code) << name << ": " << refused.error().message;
    EXPECT_NE(refused.error().message.find(says), std::string::npos)
        << name << ": " << refused.error().message;
    EXPECT_EQ(files(), before) << name;
    for (const auto& [file, bytes] : as_left) overwrite(folder() / file, bytes);
    overwrite(options().state, state);
  }
  open();
  EXPECT_TRUE(verified().good());
}

TEST_F(Publishing, AStateThatIsOlderThanThePublishedCheckpointIsNoLeaveToSignAnew) {
  fill(10);
  publish();
  const auto older = read(options().state);
  fill(10);
  publish();
  publisher_.reset();
  overwrite(options().state, older);
  publisher_ = Publisher::open(*store_, key_, options()).value();
  fill(2);
  EXPECT_EQ(publish().head.size, 23U);
  EXPECT_TRUE(verified({.checkpoints = {older}}).good());
}

TEST_F(Publishing, WhatWasDoneToTheEndOfTheLogIsFoundBeforeItIsSigned) {
  fill(3);  // the last is open
  publish();
  fill(5);  // and here too
  close();
  fs::copy(temp_ / "remit.db", temp_ / "whole.db");
  const struct {
    const char* change;
    const char* says;
  } cases[] = {
      {"UPDATE log_entry SET n = n + 1 WHERE idx = 7", "another writer, number or time"},
      {"UPDATE log_entry SET writer = 'wrt_other' WHERE idx = 7", "another writer, number or time"},
      {"UPDATE log_entry SET time = time + 5 WHERE idx = 7", "another writer, number or time"},
      {"INSERT INTO log_open VALUES ('dec_none', 4)", "lists decision dec_none as an open call"},
      {"INSERT INTO log_open SELECT subject, 4 FROM log_entry WHERE idx = 4", "as an open call"},
      {"DELETE FROM log_open", "neither open nor has an outcome"},
      {"INSERT INTO log_entry VALUES (9, 'w', 0, 1, NULL, 'garbage')", "not one that Remit has written"},
      {"INSERT INTO log_entry SELECT 9, writer, n, time, subject, entry FROM log_entry WHERE idx = 8",
       "its writer or number is another"},
      {"INSERT INTO log_entry VALUES (10, 'w', 0, 1, NULL, '{}')", "is missing in the store"},
      {"DELETE FROM log_entry WHERE idx = 6", "is missing in the store"},
      {"UPDATE log_entry SET entry = replace(entry, '\"intent\":4', '\"intent\":3') WHERE idx = 5",
       "without the intent that it names"},
  };
  for (const auto& [change, says] : cases) {
    fs::copy(temp_ / "whole.db", temp_ / "remit.db", fs::copy_options::overwrite_existing);
    open_store();
    ASSERT_TRUE(store_->run([&](store::Transaction& tx) -> Result<void> {
      TRY(tx.execute(change));
      return {};
    })) << change;
    const auto refused = Publisher::open(*store_, key_, options());
    store_.reset();
    ASSERT_FALSE(refused) << change;
    EXPECT_EQ(refused.error().code, "RMT-A024") << change;
    EXPECT_NE(refused.error().message.find(says), std::string::npos)
        << change << ": " << refused.error().message;
  }
}

TEST_F(Publishing, AStoreThatWasPutBackIsRefusedAndNoFileTouched) {
  fill(10);
  publish();
  close();
  fs::copy(temp_ / "remit.db", temp_ / "backup.db");
  open();
  fill(10);
  publish();
  close();
  fs::copy(temp_ / "backup.db", temp_ / "remit.db", fs::copy_options::overwrite_existing);
  const auto before = files();
  open_store();
  const auto refused = Publisher::open(*store_, key_, options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "RMT-A020");
  EXPECT_EQ(files(), before);
}

TEST_F(Publishing, RowsThatWereChangedOrDroppedAreRefused) {
  for (const char* change :
       {"UPDATE log_entry SET entry = '{}' WHERE idx = 3", "DELETE FROM log_entry WHERE idx = 3"}) {
    fill(10);
    publish();
    const auto before = files();
    publisher_.reset();
    const auto kept = entries().at(3);
    ASSERT_TRUE(store_->run([&](store::Transaction& tx) -> Result<void> {
      TRY(tx.execute(change));
      return {};
    }));
    const auto refused = Publisher::open(*store_, key_, options());
    ASSERT_FALSE(refused) << change;
    EXPECT_EQ(refused.error().code, "RMT-A020") << change;
    EXPECT_EQ(files(), before);
    ASSERT_TRUE(store_->run([&](store::Transaction& tx) -> Result<void> {
      TRY(tx.execute(
          "INSERT OR REPLACE INTO log_entry (idx, writer, n, time, entry) VALUES (3, 'w', 3, 1, ?)", {kept}));
      return {};
    }));
    publisher_ = Publisher::open(*store_, key_, options()).value();
  }
}

TEST_F(Publishing, NothingIsSignedAfterAnotherHasSigned) {
  fill(4);
  publish();
  const Checkpoint other{.origin = std::string(kOrigin), .head = {9, leaf_hash({})}};
  overwrite(options().state, key_.sign(other.text()).value());
  fill(4);
  EXPECT_EQ(publisher_->publish().error().code, "RMT-A020");
}

TEST_F(Publishing, AStateThatIsNotSignedByTheKeyIsRefused) {
  publish();
  publisher_.reset();
  const auto other = SigningKey::make(kOrigin, random_).value();
  EXPECT_EQ(Publisher::open(*store_, other, options()).error().code, "RMT-A003");
  overwrite(options().state, "garbage");
  EXPECT_EQ(Publisher::open(*store_, key_, options()).error().code, "RMT-A001");
}

TEST_F(Publishing, AfterAnErrorOfTheDiskTheNextCallGoesOn) {
  fill(100);
  publish();
  fill(200);
  fs::create_directories(path("tile/0/000/in the way"));
  const auto failed = publisher_->publish();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "RMT-A021");
  EXPECT_EQ(verified().checkpoint.head.size, 101U);  // what was published before stays whole
  fs::remove_all(path("tile/0/000"));
  EXPECT_EQ(publish().head.size, 301U);
  EXPECT_TRUE(verified().good());
}

[[noreturn]] void append_until_killed(const fs::path& database, const SigningKey& key,
                                      const Publisher::Options& options, int pipe) {
  SystemClock clock;
  SystemRandom random;
  auto store = store::Store::open({.file = database, .migrations = migrations()});
  if (!store) ::_exit(1);
  auto publisher = Publisher::open(**store, key, options);
  auto log = Log::open(**store, clock, random);
  if (!log || !publisher) ::_exit(2);
  for (;;) {
    const auto appended = (*store)->run([&](store::Transaction& tx) -> Result<void> {
      for (int i = 0; i < 40; ++i)
        TRY((*log)->append_intent(tx, DecisionId::make(clock, random), {{"tool", "pay"}}, {}));
      return {};
    });
    const auto published = (*publisher)->publish();
    if (!appended || !published) ::_exit(3);
    const std::uint64_t size = published->head.size;
    if (::write(pipe, &size, sizeof size) != sizeof size) ::_exit(4);
  }
}

TEST_F(Publishing, AKillAtAnyInstantLeavesALogThatVerifiesAndExtendsItsLastCheckpoint) {
  close();
  for (int round = 0; round < 6; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) append_until_killed(temp_ / "remit.db", key_, options(), ends[1]);
    ::close(ends[1]);
    std::uint64_t published = 0;
    std::uint64_t size = 0;
    for (int i = 0; i < 3 && ::read(ends[0], &size, sizeof size) == sizeof size; ++i) published = size;
    std::this_thread::sleep_for(std::chrono::milliseconds(7 * round));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(ends[0], &size, sizeof size) == sizeof size) published = size;
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);

    const auto last = read(path("checkpoint"));
    const auto as_left = verified();
    EXPECT_TRUE(as_left.good() || as_left.unfinished())
        << "round " << round << testing::PrintToString(as_left.problems);
    EXPECT_GE(as_left.checkpoint.head.size, published);
    open();
    const auto report = verified({.checkpoints = {last}});
    EXPECT_TRUE(report.good()) << "round " << round << ": " << report.problems.front().what;
    EXPECT_FALSE(log_->found_open().empty());
    close();
  }
}

TEST_F(Publishing, TheKeyFileIsMadeOnceAndKeptPrivate) {
  const auto file = temp_ / "log.key";
  EXPECT_EQ(open_signing_key(file).error().code, "RMT-A013");
  const auto key = make_signing_key(file, kOrigin, random_).value();
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(open_signing_key(file).value().verifier(), key.verifier());
  EXPECT_EQ(make_signing_key(file, kOrigin, random_).error().code, "RMT-A022");
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  EXPECT_EQ(open_signing_key(file).error().code, "RMT-A022");
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  overwrite(file, "PRIVATE+KEY+x");
  EXPECT_EQ(open_signing_key(file).error().code, "RMT-A022");
  EXPECT_EQ(make_signing_key(temp_ / "new.key", "a name", random_).error().code, "RMT-A002");
}

}  // namespace
}  // namespace remit::audit
