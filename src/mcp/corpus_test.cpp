// The specification's own example messages (2026-07-28), read by the parsers of this module.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "mcp/tools.h"
#include "mcp/version.h"

namespace remit::mcp {
namespace {

namespace fs = std::filesystem;

const fs::path kExamples = fs::path(REMIT_CORPORA_DIR) / "mcp/schema/schema/2026-07-28/examples";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<fs::path> examples() {
  std::vector<fs::path> found;
  if (!fs::exists(kExamples)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(kExamples))
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  return found;
}

TEST(Corpus, EveryCompleteMessageParsesAndEverythingElseIsRefused) {
  const auto files = examples();
  ASSERT_EQ(files.size(), 129U) << "the corpus is missing: " << kExamples;
  std::map<MessageKind, int> kinds;
  int parts = 0;
  for (const auto& path : files) {
    const auto text = read(path);
    const auto message = parse_message(text);
    const bool is_message = text.find("\"jsonrpc\"") != std::string::npos;
    EXPECT_EQ(message.has_value(), is_message) << path;
    if (message) {
      ++kinds[message->kind()];
    } else {
      EXPECT_EQ(message.error().error.code, "RMT-M003") << path;
      ++parts;
    }
  }
  EXPECT_GT(kinds[MessageKind::kRequest], 5);
  EXPECT_GT(kinds[MessageKind::kNotification], 5);
  EXPECT_GT(kinds[MessageKind::kResponse], 5);
  EXPECT_GT(kinds[MessageKind::kError], 2);
  EXPECT_GT(parts, 50);
}

TEST(Corpus, EveryRequestOfTheStatelessEraIsKnownAsOne) {
  int requests = 0;
  for (const auto& path : examples()) {
    const auto message = parse_message(read(path));
    if (!message || message->kind() != MessageKind::kRequest) continue;
    EXPECT_EQ(era_of(*message), Era::kStateless) << path;
    ++requests;
  }
  EXPECT_GT(requests, 5);
}

// One of them is not of the revision that agents speak: an output that is no object came with 2026-07-28.
TEST(Corpus, EveryExampleToolThatClientsCanReadIsRead) {
  int tools = 0;
  int set_aside = 0;
  for (const auto& path : examples()) {
    if (path.parent_path().filename() != "Tool") continue;
    const auto text = read(path);
    const auto tool = parse_tool(text);
    if (path.filename() == "tool-with-array-output-schema.json") {
      ASSERT_FALSE(tool);
      EXPECT_EQ(tool.error().message, R"(/outputSchema/type: must be "object")");
      ++set_aside;
      continue;
    }
    ASSERT_TRUE(tool) << path << tool.error().message;
    EXPECT_EQ(tool->raw, text);
    ++tools;
  }
  EXPECT_EQ(tools, 5);
  EXPECT_EQ(set_aside, 1);
}

}  // namespace
}  // namespace remit::mcp
