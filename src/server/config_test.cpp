#include "server/config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "store/temp_folder.h"

namespace remit::server {
namespace {

TEST(Config, TakesEveryDocumentedKey) {
  const auto config = parse_config(R"(
data = "data"
listen = ["127.0.0.1:0", "[::1]:7420"]
public_url = "HTTPS://Remit.Acme.example:443/"
hosts = ["remit.acme.example", "REMIT.acme.example.:8443"]
origins = ["https://App.acme.example:443/", "http://dev.acme.example:3000"]
metrics_listen = "127.0.0.1:9464"
plain_http_beyond_loopback = true
threads = 3
drain_seconds = 5
[log]
level = "warn"
[audit]
folder = "/srv/tiles"
origin = "remit.acme.example/audit"
min_free_mib = 128
clock_jump_days = 30
[calls]
upstream_open_seconds = 3
upstream_answer_seconds = 30
[limits]
connections = 100
header_seconds = 3
mcp_body_kib = 128
[children]
production = "landlock"
folder = "children"
accounts = "300000-300009"
memory_mib = 512
processes = 64
open_files = 256
file_mib = 10
temporary_mib = 20
)",
                                   "/etc/remit");
  ASSERT_TRUE(config) << config.error().front().error.message;
  EXPECT_EQ(config->data, "/etc/remit/data");
  EXPECT_EQ(config->listen, (std::vector<std::string>{"127.0.0.1:0", "[::1]:7420"}));
  EXPECT_EQ(config->public_url, "https://remit.acme.example");
  EXPECT_EQ(config->hosts,
            (std::vector<http::Authority>{{"remit.acme.example", 0}, {"remit.acme.example", 8443}}));
  EXPECT_EQ(config->origins,
            (std::vector<std::string>{"https://app.acme.example", "http://dev.acme.example:3000"}));
  EXPECT_EQ(config->metrics_listen, "127.0.0.1:9464");
  EXPECT_TRUE(config->plain_http_beyond_loopback);
  EXPECT_EQ(config->threads, 3U);
  EXPECT_EQ(config->drain, std::chrono::seconds{5});
  EXPECT_EQ(config->log_level, "warn");
  EXPECT_EQ(config->audit_folder, "/srv/tiles");
  EXPECT_EQ(config->audit_origin, "remit.acme.example/audit");
  EXPECT_EQ(config->min_free_bytes, 128U * 1024 * 1024);
  EXPECT_EQ(config->clock_jump, std::chrono::days{30});
  EXPECT_EQ(config->upstream_open, std::chrono::seconds{3});
  EXPECT_EQ(config->upstream_answer, std::chrono::seconds{30});
  EXPECT_EQ(config->limits.count("connections"), 100U);
  EXPECT_EQ(config->limits.time("header_seconds"), std::chrono::seconds{3});
  EXPECT_EQ(config->limits.bytes("mcp_body_kib"), 128U * 1024);
  const auto& children = config->children;
  EXPECT_EQ(children.production, sandbox::Level::kLandlock);
  EXPECT_EQ(children.folder, "/etc/remit/children");
  EXPECT_EQ(children.accounts.first, 300'000U);
  EXPECT_EQ(children.accounts.last, 300'009U);
  EXPECT_EQ(children.limits.memory_bytes, 512U << 20U);
  EXPECT_EQ(children.limits.processes, 64U);
  EXPECT_EQ(children.limits.files, 256U);
  EXPECT_EQ(children.limits.file_bytes, 10U << 20U);
  EXPECT_EQ(children.limits.temporary_bytes, 20U << 20U);
}

TEST(Config, HasAKeyWithARangeForEveryLimit) {
  for (std::size_t i = 0; i < std::size(kLimits); ++i) {
    const auto& limit = kLimits[i];
    const auto read = [&](std::int64_t value) {
      return parse_config(fmt::format("data = \"d\"\n[limits]\n{} = {}", limit.name, value), "/");
    };
    EXPECT_EQ(parse_config("data = \"d\"", "/")->limits.value(i), limit.standard) << limit.name;
    for (const auto within : {limit.least, limit.most}) {
      ASSERT_TRUE(read(within)) << limit.name;
      EXPECT_EQ(read(within)->limits.value(i), within) << limit.name;
    }
    for (const auto beyond : {limit.least - 1, limit.most + 1}) {
      ASSERT_FALSE(read(beyond)) << limit.name;
      const auto error = read(beyond).error().front().error;
      EXPECT_EQ(error.code, "RMT-X004") << limit.name;
      EXPECT_EQ(error.message, fmt::format("`limits.{}` must be from {} to {}, not {}", limit.name,
                                           limit.least, limit.most, beyond));
    }
  }
}

TEST(Config, TellsLineAndFixOfEachFault) {
  struct Case {
    std::string_view toml;
    std::size_t line;
    std::string_view code, message, fix;
  };
  const Case cases[] = {
      {"data = \"d\"\nlisten = ", 2, "RMT-X001", "", ""},
      {"data = \"d\"\ndata = \"e\"", 2, "RMT-X001", "", ""},
      {"data = \"d\"\nlistn = \"127.0.0.1:1\"", 2, "RMT-X002", "unknown key `listn`",
       "did you mean `listen`?"},
      {"data = \"d\"\n[log]\nlevle = \"info\"", 3, "RMT-X002", "unknown key `log.levle`",
       "did you mean `level`?"},
      {"data = \"d\"\n[limits]\nconection = 9", 3, "RMT-X002", "unknown key `limits.conection`",
       "did you mean `connections`?"},
      {"data = \"d\"\n[tls]\ncert = \"x\"", 2, "RMT-X002", "unknown key `tls`", "known: "},
      {"data = 7", 1, "RMT-X003", "`data` must be a string, not integer", ""},
      {"data = \"\"", 1, "RMT-X004", "`data` must not be empty", ""},
      {"data = \"d\"\nlisten = [1]", 2, "RMT-X003", "`listen` must be a string", ""},
      {"data = \"d\"\nlisten = []", 2, "RMT-X004", "`listen` must name at least one address", ""},
      {"data = \"d\"\nhosts = 7", 2, "RMT-X003", "`hosts` must be a string or a list", ""},
      {"data = \"d\"\nhosts = \"https://a.example\"", 2, "RMT-X004",
       "`hosts` must be names of hosts, not `https://a.example`", "remit.example.com"},
      {"data = \"d\"\nhosts = \"*\"", 2, "RMT-X004", "`hosts` must be names of hosts, not `*`", ""},
      {"data = \"d\"\norigins = \"*\"", 2, "RMT-X004", "`origins` must be origins of web pages, not `*`",
       "no wildcard"},
      {"data = \"d\"\norigins = \"null\"", 2, "RMT-X004", "not `null`", ""},
      {"data = \"d\"\norigins = \"https://a.example/x\"", 2, "RMT-X004", "not `https://a.example/x`", ""},
      {"data = \"d\"\nmetrics_listen = \"0.0.0.0:9\"", 2, "RMT-X005",
       "`metrics_listen` would serve plain HTTP", ""},
      {"data = \"d\"\nlisten = \"7420\"", 2, "RMT-X004", "`listen` must be ADDRESS:PORT", "127.0.0.1:7420"},
      {"data = \"d\"\nlisten = \"127.0.0.1:99999\"", 2, "RMT-X004", "`listen` must be ADDRESS:PORT", ""},
      {"data = \"d\"\n\nlisten = \"0.0.0.0:80\"", 3, "RMT-X005", "plain HTTP on `0.0.0.0:80`", ""},
      {"data = \"d\"\npublic_url = \"ftp://x\"", 2, "RMT-X004", "`public_url` must be", ""},
      {"data = \"d\"\npublic_url = \"https://x/y\"", 2, "RMT-X004", "without a path", ""},
      {"data = \"d\"\nthreads = 0", 2, "RMT-X004", "`threads` must be from 1 to 256, not 0", ""},
      {"data = \"d\"\nthreads = \"two\"", 2, "RMT-X003", "`threads` must be an integer, not string", ""},
      {"data = \"d\"\nplain_http_beyond_loopback = 1", 2, "RMT-X003", "must be true or false", ""},
      {"data = \"d\"\n[log]\nlevel = \"wran\"", 3, "RMT-X004", "`log.level` must be a level",
       "did you mean `warn`?"},
      {"data = \"d\"\nlog = \"info\"", 2, "RMT-X003", "`log` must be a table", ""},
      {"listen = \"127.0.0.1:1\"", 0, "RMT-X006", "`data` is missing", ""},
  };
  for (const auto& expected : cases) {
    const auto config = parse_config(expected.toml, "/");
    ASSERT_FALSE(config) << expected.toml;
    const auto& problem = config.error().front();
    EXPECT_EQ(problem.line, expected.line) << expected.toml;
    EXPECT_EQ(problem.error.code, expected.code) << expected.toml;
    EXPECT_TRUE(problem.error.message.contains(expected.message)) << problem.error.message;
    EXPECT_TRUE(fix_of(problem.error).contains(expected.fix)) << fix_of(problem.error);
    EXPECT_FALSE(fix_of(problem.error).empty()) << expected.toml;
  }
}

TEST(Config, AnEmptyListOfHostsOrOriginsIsNone) {
  const auto config = parse_config("data = \"d\"\nhosts = []\norigins = []", "/");
  ASSERT_TRUE(config) << config.error().front().error.message;
  EXPECT_TRUE(config->hosts.empty());
  EXPECT_TRUE(config->origins.empty());
}

TEST(Config, TellsAllFaultsOfAFileAtOnce) {
  const store::TempFolder folder;
  const auto file = folder / "remit.toml";
  std::ofstream(file) << "data = \"d\"\nlistn = 1\nthreads = -1\n";
  const auto config = load_config(file);
  ASSERT_FALSE(config);
  const auto told = format(config.error());
  EXPECT_TRUE(told.starts_with("RMT-X002: " + file.string() + ":2: unknown key `listn`")) << told;
  EXPECT_TRUE(told.contains("\nRMT-X004: " + file.string() + ":3: ")) << told;
  EXPECT_EQ(exit_code(config.error().kind), 2);
}

TEST(Config, SaysWhichFileCannotBeRead) {
  const auto config = load_config("/nowhere/remit.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, "RMT-X007");
  EXPECT_TRUE(config.error().message.contains("/nowhere/remit.toml"));
}

TEST(Config, TakesPlainHttpBeyondLoopbackOnlyWhenTold) {
  for (const auto address : {"127.0.0.1:1", "[::1]:1", "localhost:1"})
    EXPECT_TRUE(check_listen(address, false));
  for (const auto address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "remit.example:1"}) {
    EXPECT_EQ(check_listen(address, false).error().code, "RMT-X005") << address;
    EXPECT_TRUE(check_listen(address, true)) << address;
  }
}

}  // namespace
}  // namespace remit::server
