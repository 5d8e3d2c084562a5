#include "gateway/listing.h"

#include <gtest/gtest.h>

#include "gateway/testing/mcp_server.h"

namespace remit::gateway::testing {
namespace {

const DestinationId kCrm = DestinationId::trusted("dst_crm");

mcp::ToolPage page(const std::vector<std::string>& definitions) {
  mcp::ToolPage made;
  for (const auto& definition : definitions) made.tools.push_back(mcp::parse_tool(definition).value());
  return made;
}

snapshot::Tool known(std::string_view name, std::string_view id) {
  snapshot::Tool made;
  made.id = ToolId::trusted(std::string(id));
  made.destination = kCrm;
  made.name = name;
  made.definition = tool(name);
  return made;
}

bool news(const mcp::ToolPage& listing, const std::vector<snapshot::Tool>& tools,
          std::vector<snapshot::SetAside> set_aside = {}) {
  snapshot::SnapshotData data;
  snapshot::Destination crm;
  crm.id = kCrm;
  crm.set_aside = std::move(set_aside);
  data.destinations = {crm};
  data.tools = tools;
  return is_news(listing, kCrm, snapshot::Snapshot(std::move(data)));
}

// Loops hear of lists one after another, and each must not take what it heard last for what the catalog
// knows.
TEST(Listings, AreNewsWhereTheCatalogKnowsOtherwise) {
  const auto read = known("read", "tol_1");
  const auto write = known("write", "tol_2");
  auto missing = write;
  missing.missing = true;
  auto quarantined = write;
  quarantined.quarantined = true;
  const auto both = page({tool("read"), tool("write")});
  EXPECT_FALSE(news(both, {read, write}));
  EXPECT_TRUE(news(both, {read})) << "a new one";
  EXPECT_TRUE(news(both, {read, missing})) << "it is back";
  EXPECT_TRUE(news(both, {read, quarantined})) << "as pinned again";
  EXPECT_TRUE(news(page({tool("read")}), {read, write})) << "one is gone";
  EXPECT_FALSE(news(page({tool("read")}), {read, missing}));
  EXPECT_FALSE(news(page({tool("read"), tool("write", "changed")}), {read, quarantined}));

  auto odd = page({tool("read")});
  odd.refused.push_back({"odd", Error{ErrorKind::kInvalid, "RMT-M020", "no"}});
  EXPECT_TRUE(news(odd, {read}));
  EXPECT_FALSE(news(odd, {read}, {{"odd", "no"}}));
  EXPECT_TRUE(news(page({tool("read")}), {read}, {{"odd", "no"}}));
  EXPECT_NE(digest_of(odd), digest_of(page({tool("read")})));
}

}  // namespace
}  // namespace remit::gateway::testing
