#include "audit/proven_log.h"

#include <gmock/gmock.h>

#include "audit/published_log.h"

namespace remit::audit {
namespace {

class ProvenLogs : public PublishedLog {
 protected:
  ProvenLog read_log() const { return ProvenLog::open(folder(), key_.verifier()).value(); }
};

TEST_F(ProvenLogs, GiveEntriesAsTheyWereWrittenWhateverTheSize) {
  for (const auto size : {1U, 255U, 256U, 257U, 600U}) {
    fill(size - entries().size());
    publish();
    auto log = read_log();
    const auto all = entries();
    ASSERT_EQ(log.size(), all.size());
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto entry = log.entry(i);
      ASSERT_TRUE(entry) << i << ": " << entry.error().message;
      EXPECT_EQ(*entry, all[i]);
    }
    EXPECT_EQ(log.entry(size).error().code, "RMT-A013");
  }
}

TEST_F(ProvenLogs, ReadWhatTheCheckpointCoversWhereTheFilesHaveMore) {
  fill(100);
  publish();
  const auto older = read(path("checkpoint"));
  const auto all = entries();
  fill(400);
  publish();
  overwrite(path("checkpoint"), older);
  auto log = read_log();
  ASSERT_EQ(log.size(), all.size());
  EXPECT_EQ(log.entry(100).value(), all[100]);
}

TEST_F(ProvenLogs, GiveNoEntryThatTheLogDidNotSign) {
  fill(600);
  publish();
  // Each byte of the entries and of the tiles that lead to the root, some of them.
  for (const std::string file :
       {"tile/entries/000", "tile/entries/002.p/89", "tile/0/001", "tile/1/000.p/2"}) {
    const auto good = read(path(file));
    ASSERT_FALSE(good.empty()) << file;
    for (std::size_t at = 2; at < good.size(); at += good.size() / 7) {
      auto bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1);
      overwrite(path(file), bad);
      auto log = read_log();
      bool refused = false;
      for (const std::uint64_t i : {0U, 300U, 599U}) {
        const auto entry = log.entry(i);
        refused = refused || !entry;
        if (entry) EXPECT_EQ(*entry, entries()[i]) << file << " " << at;
      }
      // Of the bundle's own level 0 nothing is relied on: its entries are hashed.
      EXPECT_TRUE(refused || file == "tile/0/001") << file << " " << at;
    }
    overwrite(path(file), good);
  }
}

TEST_F(ProvenLogs, AreOfTheLogThatTheKeyBelongsTo) {
  fill(3);
  publish();
  const auto other = SigningKey::make(kOrigin, random_).value();
  EXPECT_EQ(ProvenLog::open(folder(), other.verifier()).error().code, "RMT-A003");
  EXPECT_EQ(ProvenLog::open(temp_ / "nothing", key_.verifier()).error().code, "RMT-A013");
}

TEST(FirstNotBefore, FindsThePlaceOfATime) {
  const std::vector<int> times = {1, 3, 3, 3, 7};
  const auto first = [&](int seconds) {
    return first_not_before(
               Instant(std::chrono::seconds(seconds)), times.size(),
               [&](std::uint64_t i) -> Result<Instant> { return Instant(std::chrono::seconds(times[i])); })
        .value();
  };
  EXPECT_EQ(first(0), 0U);
  EXPECT_EQ(first(1), 0U);
  EXPECT_EQ(first(2), 1U);
  EXPECT_EQ(first(3), 1U);
  EXPECT_EQ(first(4), 4U);
  EXPECT_EQ(first(8), 5U);
}

}  // namespace
}  // namespace remit::audit
