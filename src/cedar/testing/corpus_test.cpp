#include "cedar/testing/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include "cedar/schema.h"

namespace cedar {
namespace {

const std::filesystem::path kCorpora = std::filesystem::path(REMIT_CORPORA_DIR) / "cedar";

TEST(Corpus, EveryGeneratedCaseIsValidatedAndDecidedAsTheReferenceDoes) {
  ASSERT_TRUE(std::filesystem::is_directory(kCorpora / "corpus-tests"))
      << "unpack the corpora: scripts/corpora";
  std::vector<std::string> failures;
  const CorpusResult result =
      run_corpus(kCorpora / "corpus-tests", [&](const std::string& failure) { failures.push_back(failure); });
  EXPECT_THAT(failures, testing::IsEmpty());
  EXPECT_EQ(result.passed, 46'856U + 5'857U);  // requests and validations
}

TEST(Corpus, EveryHandwrittenCaseIsValidatedAndDecidedAsTheReferenceDoes) {
  ASSERT_TRUE(std::filesystem::is_directory(kCorpora / "handwritten"))
      << "unpack the corpora: scripts/corpora";
  std::vector<std::string> failures;
  const CorpusResult result =
      run_corpus(kCorpora / "handwritten", [&](const std::string& failure) { failures.push_back(failure); });
  EXPECT_THAT(failures, testing::IsEmpty());
  EXPECT_GT(result.passed, 80U);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

// What validation says of policies, whichever of its forms the schema comes in.
TEST(Corpus, ASchemaMeansTheSameInBothSyntaxes) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kCorpora)) {
    if (entry.path().extension() == ".cedarschema") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  ASSERT_GT(files.size(), 5'000U) << "unpack the corpora: scripts/corpora";
  for (std::size_t i = 0; i < files.size(); i += 4) {
    const auto schema = Schema::parse(content(files[i]));
    ASSERT_TRUE(schema.has_value()) << files[i];
    const auto from_json = Schema::parse_json(schema->to_json());
    ASSERT_TRUE(from_json.has_value()) << files[i];
    const auto text = from_json->to_cedar();
    ASSERT_TRUE(text.has_value()) << files[i] << text.error();
    const auto again = Schema::parse(*text);
    ASSERT_TRUE(again.has_value()) << files[i];
    EXPECT_EQ(again->to_json(), schema->to_json()) << files[i];

    const auto policies =
        PolicySet::parse(content(std::filesystem::path(files[i]).replace_extension(".cedar")));
    if (!policies) continue;  // the handwritten ones share schemas
    const auto verdict = [&](const Schema& one) {
      std::string found;
      for (const Finding& finding : validate(*policies, one).findings)
        found += finding.diagnostic.message + "\n";
      return found;
    };
    EXPECT_EQ(verdict(*from_json), verdict(*schema)) << files[i];
    EXPECT_EQ(verdict(*again), verdict(*schema)) << files[i];
  }
}

}  // namespace
}  // namespace cedar
