#include "mcp/version.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

TEST(Version, NegotiatesTheOneAskedForOrTheLatest) {
  const struct {
    std::string_view requested, agreed;
  } cases[] = {{"2025-03-26", "2025-03-26"}, {"2025-06-18", "2025-06-18"}, {"2025-11-25", "2025-11-25"},
               {"2026-07-28", "2025-11-25"}, {"2024-11-05", "2025-11-25"}, {"", "2025-11-25"}};
  for (const auto& c : cases) EXPECT_EQ(negotiate(c.requested), c.agreed) << c.requested;
}

TEST(Version, TellsTheErasApart) {
  constexpr std::string_view kMeta = R"("_meta":{"io.modelcontextprotocol/protocolVersion":)";
  const struct {
    std::string rest;
    Era era;
  } cases[] = {
      {R"("method":"initialize","params":{"protocolVersion":"2026-07-28"})", Era::kSessions},
      {R"("method":"tools/list")", Era::kSessions},
      {R"("method":"tools/list","params":{"_meta":{"progressToken":1}})", Era::kSessions},
      {R"("method":"tools/list","params":{"_meta":7})", Era::kSessions},
      {R"("method":"server/discover")", Era::kStateless},
      {R"("method":"initialize","params":{)" + std::string(kMeta) + R"("2026-07-28"}})", Era::kStateless},
      {R"("method":"ping","params":{)" + std::string(kMeta) + R"("1900-01-01"}})", Era::kStateless},
      {R"("method":"ping","params":{)" + std::string(kMeta) + "null}}", Era::kStateless},
      {R"("result":{)" + std::string(kMeta) + R"("2026-07-28"}})", Era::kSessions},
  };
  for (const auto& c : cases)
    EXPECT_EQ(era_of(parse_message(R"({"jsonrpc":"2.0","id":1,)" + c.rest + "}").value()), c.era) << c.rest;
}

TEST(Version, RefusesAProbeAsAnUnknownMethodUnderItsId) {
  const auto probe =
      parse_message(R"({"jsonrpc":"2.0","id":"server-discover-probe-1","method":"server/discover"})").value();
  const auto answer = parse_message(make_error(refuse_stateless(probe))).value();
  EXPECT_EQ(answer.error_code(), kMethodNotFound);
  EXPECT_EQ(answer.id()->raw(), "\"server-discover-probe-1\"");
}

}  // namespace
}  // namespace remit::mcp
