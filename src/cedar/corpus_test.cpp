#include "cedar/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace cedar {
namespace {

const std::filesystem::path kCorpora = std::filesystem::path(REMIT_CORPORA_DIR) / "cedar";

TEST(Corpus, EveryGeneratedRequestIsDecidedAsTheReferenceDoes) {
  ASSERT_TRUE(std::filesystem::is_directory(kCorpora / "corpus-tests"))
      << "unpack the corpora: scripts/corpora";
  std::vector<std::string> failures;
  const CorpusResult result =
      run_corpus(kCorpora / "corpus-tests", [&](const std::string& failure) { failures.push_back(failure); });
  EXPECT_THAT(failures, testing::IsEmpty());
  EXPECT_EQ(result.passed, 46'856U);
}

// Some entities write an attribute as {"type", "id"} without the escape: an entity only to who reads the
// schema.
TEST(Corpus, HandwrittenRequestsAgreeUnlessTheirEntitiesNeedTheSchema) {
  ASSERT_TRUE(std::filesystem::is_directory(kCorpora / "handwritten"))
      << "unpack the corpora: scripts/corpora";
  std::set<std::string> failing;
  const CorpusResult result = run_corpus(kCorpora / "handwritten", [&](const std::string& failure) {
    const std::string file = failure.substr(0, failure.find(" request"));
    failing.insert(std::filesystem::relative(file, kCorpora / "handwritten/tests").string());
  });
  EXPECT_THAT(failing, testing::ElementsAre("example_use_cases/4d.json", "example_use_cases/4e.json",
                                            "example_use_cases/4f.json", "multi/3.json", "multi/4.json"));
  EXPECT_EQ(result.passed, 61U);
}

}  // namespace
}  // namespace cedar
