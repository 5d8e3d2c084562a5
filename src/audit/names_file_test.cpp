#include "audit/names_file.h"

#include <gmock/gmock.h>

#include "audit/published_log.h"

namespace remit::audit {
namespace {

namespace json = boost::json;

class NamesFiles : public PublishedLog {
 protected:
  const std::string agent_ = "agt_" + std::string(32, 'a');

  void name(const std::string& text) {
    ASSERT_TRUE(store_->run([&](store::Transaction& tx) -> Result<void> {
      TRY(log_->append_governance(tx, {.actor = {.id = "operator"},
                                       .action = "agent.rename",
                                       .object = agent_,
                                       .names = {{agent_, text}}}));
      return {};
    }));
  }
  std::string lines() {
    std::string text;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(const auto all, text_openings(reader, {}, 100));
      for (const auto& one : all) text += json::serialize(to_json(one)) + "\n";
      return {};
    }));
    return text;
  }
  Result<NamesFile> file(std::string_view text) {
    overwrite(temp_ / "names", text);
    return NamesFile::read(temp_ / "names");
  }
};

TEST_F(NamesFiles, NameWhatTheLogCommitsTo) {
  name("invoice-bot");
  name("bill-bot");
  publish();
  auto log = ProvenLog::open(folder(), key_.verifier()).value();
  auto names = file(lines()).value();
  EXPECT_EQ(names.name_of(agent_, log).value(), "bill-bot") << "the last one";
  EXPECT_EQ(names.ids_called("invoice-bot", log).value(), std::vector<std::string>{agent_});
  EXPECT_TRUE(names.ids_called("somebody", log).value().empty());
  EXPECT_EQ(names.name_of("agt_" + std::string(32, 'b'), log).value(), std::nullopt);
  EXPECT_EQ(names.openings_of(1, log).value().size(), 1U);
}

TEST_F(NamesFiles, ThatSayOtherThanTheLogAreRefusedWhenTheyAreUsed) {
  name("invoice-bot");
  publish();
  auto log = ProvenLog::open(folder(), key_.verifier()).value();
  auto text = lines();
  text.replace(text.find("invoice-bot"), 7, "private");
  auto names = file(text).value();
  EXPECT_EQ(names.name_of(agent_, log).error().code, "RMT-A015");
  EXPECT_EQ(names.ids_called("private-bot", log).error().code, "RMT-A015");
  EXPECT_EQ(names.openings_of(1, log).error().code, "RMT-A015");
}

TEST_F(NamesFiles, MayKnowMoreThanTheCheckpointCovers) {
  name("invoice-bot");
  publish();
  name("bill-bot");
  auto log = ProvenLog::open(folder(), key_.verifier()).value();
  auto names = file(lines()).value();
  EXPECT_EQ(names.name_of(agent_, log).value(), "invoice-bot");
}

TEST_F(NamesFiles, NameTheLineThatIsNone) {
  name("invoice-bot");
  const auto refused = file(lines() + "\n{}\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "RMT-A016");
  EXPECT_THAT(refused.error().message, testing::HasSubstr(":3:"));
  EXPECT_EQ(NamesFile::read(temp_ / "none").error().code, "RMT-A013");
}

}  // namespace
}  // namespace remit::audit
