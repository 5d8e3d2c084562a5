// A real log is broken on purpose in each way, and the verifier says which entry shows it.

#include "audit/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/published_log.h"

namespace remit::audit {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::Contains;
using testing::ElementsAre;

MATCHER_P2(At, entry, what, "") {
  return arg.entry == std::uint64_t{entry} && arg.what.find(what) != std::string::npos;
}

class Verifying : public PublishedLog {
 protected:
  // The log of most tests: entry 0 begins it, intents are odd, outcomes even; a second writer at 501.
  void SetUp() override {
    open();
    fill(500);
    close();
    open();
    fill(200);
    publish();
    // Without what only the checkpoint before needed.
    for (const auto* older : {"tile/0/001.p", "tile/entries/001.p", "tile/1/000.p/1"})
      fs::remove_all(path(older));
  }

  // Where entry `index` stands in its bundle.
  static std::size_t offset_of(std::string_view bundle, std::uint64_t index) {
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < index % kTileWidth; ++i)
      at += 2 + (std::size_t{static_cast<std::uint8_t>(bundle[at])} << 8) +
            static_cast<std::uint8_t>(bundle[at + 1]);
    return at + 2;
  }
};

TEST_F(Verifying, AWholeLogIsGood) {
  const auto report = verified();
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.entries, 702U);
  EXPECT_EQ(report.kinds,
            (std::map<std::string, std::uint64_t>{{"start", 2}, {"intent", 350}, {"outcome", 350}}));
  EXPECT_TRUE(report.open.empty());
  EXPECT_EQ(report.first_time, "2026-11-24T05:00:00.000000Z");
  EXPECT_EQ(report.signers.size(), 1U);
}

TEST_F(Verifying, IntentsWithoutAnOutcomeAreListedAndAreNoProblem) {
  fill(1);
  publish();
  const auto report = verified();
  EXPECT_TRUE(report.good());
  ASSERT_EQ(report.open.size(), 1U);
  EXPECT_EQ(report.open[0].intent, 702U);
}

TEST_F(Verifying, AChangedByteNamesItsEntry) {
  for (const std::uint64_t index : {0U, 17U, 255U, 256U, 300U, 701U}) {
    const auto file = path(entries_path({0, index / 256, index / 256 == 2 ? 190U : 256U}));
    const auto whole = read(file);
    auto bundle = whole;
    bundle[offset_of(bundle, index) + 9] ^= 1;
    overwrite(file, bundle);
    EXPECT_THAT(verified().problems, Contains(At(index, "is not the entry that was hashed"))) << index;
    overwrite(file, whole);
  }
  EXPECT_TRUE(verified().good());
}

TEST_F(Verifying, EveryFlippedBitOfEveryFileIsFound) {
  std::mt19937 engine(5);
  std::vector<fs::path> files{path("checkpoint")};
  for (const auto& tile : new_tiles(0, 702)) {
    files.push_back(path(tile_path(tile)));
    if (tile.level == 0) files.push_back(path(entries_path(tile)));
  }
  for (const auto& file : files) {
    const auto whole = read(file);
    for (int i = 0; i < 12; ++i) {
      auto bytes = whole;
      const auto at = std::uniform_int_distribution<std::size_t>(0, bytes.size() - 1)(engine);
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (i % 8)));
      overwrite(file, bytes);
      const auto report = verify(folder(), key_.verifier());
      EXPECT_TRUE(!report || !report->good()) << file << " byte " << at;
    }
    overwrite(file, whole);
  }
  EXPECT_TRUE(verified().good());
}

TEST_F(Verifying, ADroppedOrInsertedRowNamesItsPlace) {
  const auto whole = entries();
  auto dropped = whole;
  dropped.erase(dropped.begin() + 300);
  rewrite(dropped, false);
  auto report = verified();
  EXPECT_THAT(report.problems, Contains(At(300U, "what was between is missing")));
  EXPECT_THAT(report.problems, Contains(At(512U, "is missing")));

  auto inserted = whole;
  inserted.insert(inserted.begin() + 300, whole[299]);
  rewrite(inserted, false);
  report = verified();
  EXPECT_THAT(report.problems, Contains(At(300U, "follows number 299")));
}

TEST_F(Verifying, ABundleWithoutOneOfItsRowsNamesIt) {
  const auto file = path("tile/entries/001");
  auto bundle = read(file);
  const auto from = offset_of(bundle, 300) - 2;
  const auto to = offset_of(bundle, 301) - 2;
  bundle.erase(from, to - from);
  overwrite(file, bundle);
  const auto report = verified();
  EXPECT_THAT(report.problems, Contains(At(300U, "is not the entry that was hashed")));
  EXPECT_THAT(report.problems, Contains(At(300U, "what was between is missing")));
}

TEST_F(Verifying, ATailThatWasCutOffIsFound) {
  const auto file = path("tile/entries/002.p/190");
  const auto bundle = read(file);
  overwrite(file, std::string_view(bundle).substr(0, offset_of(bundle, 650) + 5));
  EXPECT_THAT(verified().problems, ElementsAre(At(650U, "is missing")));
  fs::remove(file);
  EXPECT_THAT(verified().problems, ElementsAre(At(512U, "is missing")));
  fs::remove(path("tile/entries/001"));
  EXPECT_THAT(verified().problems, ElementsAre(At(256U, "is missing")));
}

TEST_F(Verifying, AnOlderStateIsFoundByALaterCheckpoint) {
  fs::copy(folder(), temp_ / "older", fs::copy_options::recursive);
  const auto older = read(path("checkpoint"));
  fill(20);
  publish();
  const auto later = read(path("checkpoint"));
  EXPECT_TRUE(verified({.checkpoints = {older, later}}).good());

  fs::remove_all(folder());
  fs::rename(temp_ / "older", folder());
  EXPECT_TRUE(verified().good());  // by itself it is whole
  EXPECT_THAT(verified({.checkpoints = {later}}).problems,
              ElementsAre(At(702U, "put back to an older state")));
}

TEST_F(Verifying, AForkIsFoundByACheckpointOfTheOtherBranch) {
  const auto before = read(path("checkpoint"));
  fill(2);
  publish();
  const auto branch = read(path("checkpoint"));
  auto other = entries();
  other[702] = entries()[0];
  rewrite(other, true);
  const auto report = verified({.checkpoints = {before, branch}});
  EXPECT_THAT(report.problems, Contains(At(703U, "one of the entries 702 to 703 was changed")));
}

TEST_F(Verifying, ARewrittenLogLeadsToAnotherRoot) {
  auto changed = entries();
  changed[300].replace(changed[300].find("ok"), 2, "no");
  rewrite(changed, false);
  EXPECT_THAT(verified().problems, ElementsAre(At(0U, "lead to another root than the signed one")));
}

TEST_F(Verifying, AChangeOfBundleAndTileShowsInTheLevelAbove) {
  const auto upper = read(path("tile/1/000.p/2"));
  auto changed = entries();
  changed[300].replace(changed[300].find("ok"), 2, "no");
  rewrite(changed, false);
  overwrite(path("tile/1/000.p/2"), upper);
  EXPECT_THAT(verified().problems, ElementsAre(At(256U, "to 511: one of these entries")));
}

TEST_F(Verifying, ATileThatDoesNotHoldWhatItShouldIsFound) {
  auto tile = read(path("tile/0/001"));
  tile[std::size_t{32} * 44] ^= 1;
  overwrite(path("tile/0/001"), tile);
  EXPECT_THAT(verified().problems, ElementsAre(At(300U, "`tile/0/001` does not hold its hash")));
  fs::remove(path("tile/0/001"));
  EXPECT_THAT(verified().problems, ElementsAre(At(256U, "`tile/0/001` does not hold its hash")));
}

TEST_F(Verifying, AFileThatTheLogDoesNotNeedOrThatHoldsMoreIsFound) {
  const auto append = [&](const char* name) { overwrite(path(name), read(path(name)) + "more"); };
  const auto add = [&](const char* name) {
    fs::create_directories(path(name).parent_path());
    overwrite(path(name), "something");
  };
  const struct {
    const char* file;
    bool is_there;
    std::string_view what;
  } cases[] = {
      {"tile/0/000", true, "`tile/0/000` holds more than its hashes"},
      {"tile/0/002.p/190", true, "`tile/0/002.p/190` holds more than its hashes"},
      {"tile/1/000.p/2", true, "`tile/1/000.p/2` holds more than its hashes"},
      {"tile/entries/000", true, "`tile/entries/000` holds more than its entries"},
      {"tile/entries/002.p/190", true, "`tile/entries/002.p/190` holds more than its entries"},
      {"tile/0/002.p/100", false, "`tile/0/002.p/100` was left behind"},
      {"tile/0/000.p/100", false, "`tile/0/000.p/100` was left behind"},
      {"tile/entries/001.p/9", false, "`tile/entries/001.p/9` was left behind"},
      {"tile/0/002.p/189", false, "`tile/0/002.p/189` does not hold what its name says"},
      {"tile/0/002.p/191", false, "does not cover"},
      {"tile/entries/003", false, "does not cover"},
      {"tile/2/000", false, "does not cover"},
      {"tile/3/000.p/1", false, "does not cover"},
      {"tile/9/000", false, "is not a file of the log"},
      {"tile/0/2", false, "is not a file of the log"},
      {"tile/0/000.p/256", false, "is not a file of the log"},
      {"tile/0/000.Xy12Zq", false, "was being written when its process ended"},
      {"tile/index.html", false, "is not a file of the log"},
  };
  // The one older partial file that may stay.
  const auto newest = read(path("tile/0/002.p/190")).substr(0, std::size_t{32} * 180);
  add("tile/0/002.p/180");
  overwrite(path("tile/0/002.p/180"), newest);
  add("tile/entries/002.p/180");
  const auto bundle = read(path("tile/entries/002.p/190"));
  overwrite(path("tile/entries/002.p/180"),
            std::string_view(bundle).substr(0, offset_of(bundle, 512 + 180) - 2));
  ASSERT_TRUE(verified().good());
  for (const auto& [file, is_there, what] : cases) {
    const auto before = is_there ? read(path(file)) : std::string();
    if (is_there)
      append(file);
    else
      add(file);
    const auto report = verified();
    EXPECT_TRUE(std::ranges::any_of(
        report.problems, [&](const auto& one) { return one.what.find(what) != std::string::npos; }))
        << file << ": " << testing::PrintToString(report.problems);
    if (is_there)
      overwrite(path(file), before);
    else
      fs::remove(path(file));
    const bool unfinished = what.contains("was left behind") || what.contains("was being written");
    EXPECT_EQ(report.unfinished(), unfinished) << file;
  }
  overwrite(path("index.html"), "beside the log");
  EXPECT_TRUE(verified().good());
}

// The folder of each moment between two checkpoints: what comes is written file by file (the bundle of
// entries before its hashes), then the signer's state, then the checkpoint, then what nobody needs any more
// goes.
TEST_F(Verifying, APublicationThatWasCutOffIsToldFromDamage) {
  const auto before = temp_ / "before";
  fs::copy(folder(), before, fs::copy_options::recursive);
  const auto start = read(path("checkpoint"));
  fill(600);
  std::vector<std::string> written;  // in their order
  TileBuilder builder;
  const auto all = entries();
  const auto sink = [&](const TileFile& file) -> Result<void> {
    if (!fs::exists(before / file.path())) written.push_back(file.path());
    return {};
  };
  for (const auto& entry : all) ASSERT_TRUE(builder.add(as_bytes(entry), sink));
  ASSERT_TRUE(builder.partial(sink));
  publish();
  ASSERT_EQ(written.size(), 9U);
  const auto after = temp_ / "after";
  fs::rename(folder(), after);
  const auto state = read(after / "checkpoint");

  fs::rename(before, folder());
  const VerifyOptions with_start{.checkpoints = {start}};
  for (const auto& file : written) {
    fs::create_directories(path(file).parent_path());
    overwrite(path(file + ".a1B2c3"), "half");
    EXPECT_TRUE(verified(with_start).unfinished()) << file;
    fs::remove(path(file + ".a1B2c3"));
    fs::copy_file(after / file, path(file));
    const auto report = verified(with_start);
    EXPECT_TRUE(report.unfinished()) << file << testing::PrintToString(report.problems);
    EXPECT_EQ(report.entries, 702U);
  }
  const VerifyOptions with_state{.checkpoints = {state}};
  auto report = verified(with_state);  // signed, and not yet published
  EXPECT_TRUE(report.unfinished()) << testing::PrintToString(report.problems);
  EXPECT_EQ(report.entries, 1302U);
  // Damage beside it stays damage, of what is signed and of what is not.
  for (const auto* file : {"tile/0/001", "tile/0/003", "tile/entries/004", "tile/entries/005.p/22"}) {
    const auto whole = read(path(file));
    overwrite(path(file), std::string_view(whole).substr(0, whole.size() - 1));
    EXPECT_FALSE(verified(with_start).good()) << file;
    EXPECT_FALSE(verified(with_start).unfinished()) << file;
    EXPECT_FALSE(verified(with_state).unfinished()) << file;
    overwrite(path(file), whole);
  }
  fs::remove(path("tile/entries/003"));
  EXPECT_FALSE(verified(with_start).unfinished());  // what follows is not the next in a row
  EXPECT_THAT(verified(with_state).problems, Contains(At(702U, "put back to an older state")));
  fs::copy_file(after / "tile/entries/003", path("tile/entries/003"));
  overwrite(path("checkpoint"), state);
  report = verified(with_state);  // nothing is missing; what only the last checkpoint needed may be too much
  EXPECT_TRUE(report.good() || report.unfinished()) << testing::PrintToString(report.problems);
}

TEST_F(Verifying, WhatTheKeyHolderCannotHideIsFoundInTheEntries) {
  const auto edit = [](std::string& entry, const std::string& from, const std::string& to) {
    const auto at = entry.find(from);
    ASSERT_NE(at, std::string::npos) << entry;
    entry.replace(at, from.size(), to);
  };
  struct Case {
    const char* name;
    std::function<void(std::vector<std::string>&)> change;
    std::uint64_t entry;
    const char* what;
  };
  const std::vector<Case> cases = {
      {"a gap in the numbering", [](auto& all) { all.erase(all.begin() + 9); }, 9,
       "what was between is missing"},
      {"an outcome without its intent",
       [](auto& all) {
         // The intent has become something else, under the same number.
         all[5].replace(all[5].find("\"intent\""), 8, "\"remark\"");
       },
       6, "is an outcome without an intent"},
      {"an outcome of another intent", [&](auto& all) { edit(all[6], "\"intent\":5", "\"intent\":3"); }, 6,
       "names another entry"},
      {"one decision twice",
       [&](auto& all) {
         edit(all[3], std::string(json::parse(all[3]).at("decision").as_string()),
              std::string(json::parse(all[5]).at("decision").as_string()));
       },
       5, "has an intent already"},
      {"the last of a writer dropped", [](auto& all) { all.erase(all.begin() + 500); }, 500,
       "what was between is missing"},
      {"the beginning dropped", [](auto& all) { all.erase(all.begin()); }, 0,
       "is not the beginning of a log"},
      {"a time before the one in front", [&](auto& all) { edit(all[4], "T05:00:00", "T04:00:00"); }, 4,
       "before the entry in front of it"},
      {"not JSON", [](auto& all) { all[4] = "{"; }, 4, "is not a JSON object"},
      {"an unknown version", [&](auto& all) { edit(all[4], "\"v\":1", "\"v\":2"); }, 4, "version"},
      {"no time", [&](auto& all) { edit(all[4], "\"time\"", "\"tide\""); }, 4, "lacks its kind"},
      {"not canonical", [&](auto& all) { edit(all[4], "\"v\":1", "\"v\": 1"); }, 4, "canonical"},
  };
  const auto whole = entries();
  for (const auto& [name, change, entry, what] : cases) {
    auto changed = whole;
    change(changed);
    rewrite(changed, true);
    EXPECT_THAT(verified().problems, Contains(At(entry, what))) << name;
  }
}

TEST_F(Verifying, NothingIsVerifiedWithoutTheKeyOrTheCheckpoint) {
  const auto other = SigningKey::make(kOrigin, random_).value();
  EXPECT_EQ(verify(folder(), other.verifier()).error().code, "RMT-A003");
  EXPECT_EQ(verify(temp_ / "nothing", key_.verifier()).error().code, "RMT-A013");
  const auto report = verified({.checkpoints = {"garbage"}});
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].entry, std::nullopt);
}

}  // namespace
}  // namespace remit::audit
