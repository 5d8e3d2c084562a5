#include "http/host_rules.h"

#include <gtest/gtest.h>

namespace remit::http {
namespace {

HostRules rules_of(std::initializer_list<std::string_view> hosts) {
  HostRules rules;
  for (const auto host : hosts) rules.hosts.push_back(*parse_authority(host));
  return rules;
}

TEST(HostRules, AHostIsOneOfOurNamesHoweverItIsSpelt) {
  const auto rules =
      rules_of({"GW.example.com.", "other.example:8443", "secure.example:443", "[2001:DB8::0:1]"});
  const struct {
    std::string_view host;
    bool permitted;
  } cases[] = {{"localhost", true},
               {"LOCALHOST:8080", true},
               {"localhost.", true},
               {"127.0.0.1:1", true},
               {"[::1]:65535", true},
               {"[0:0:0:0:0:0:0:1]", true},
               {"gw.example.com", true},
               {"GW.Example.Com:9", true},
               {"gw.example.com.:443", true},
               {"other.example:8443", true},
               {"other.example", false},
               {"other.example:80", false},
               {"secure.example", true},
               {"secure.example:", true},
               {"secure.example:80", false},
               {"[2001:db8:0:0::1]:7420", true},
               {"[2001:db8::2]", false},
               {"evil.example", false},
               {"localhost.evil.com", false},
               {"127.0.0.1.nip.io", false},
               {"evil@localhost", false},
               {"localhost:80:80", false},
               {"localhost:x", false},
               {"localhost:0", false},
               {"localhost:70000", false},
               {"localhost:-1", false},
               {"localhost/", false},
               {"localhost,localhost", false},
               {"%6cocalhost", false},
               {"[::1", false},
               {"[::1]x", false},
               {":80", false},
               {".", false},
               {"", false}};
  for (const auto& [host, permitted] : cases) EXPECT_EQ(rules.permits_host(host), permitted) << host;
  EXPECT_FALSE(HostRules{.loopback = false}.permits_host("localhost"));
}

TEST(HostRules, AnOriginIsAPageOfOursOrOneThatIsConfigured) {
  auto rules = rules_of({"gw.example.com", "secure.example:443"});
  rules.origins = {*normal_origin("HTTPS://App.Example:443"), *normal_origin("http://app.example:3000"),
                   *normal_origin("chrome-extension://AbC")};
  const struct {
    std::string_view origin;
    bool permitted;
  } cases[] = {{"http://localhost:3000", true},
               {"https://gw.example.com", true},
               {"HTTPS://GW.EXAMPLE.COM:443", true},
               {"https://secure.example", true},
               {"http://secure.example", false},
               {"http://[::1]:1", true},
               {"https://app.example", true},
               {"https://app.example:443", true},
               {"https://app.example:444", false},
               {"http://app.example", false},
               {"http://app.example:3000", true},
               {"https://sub.app.example", false},
               {"chrome-extension://abc", true},
               {"chrome-extension://abd", false},
               {"http://evil.example", false},
               {"null", false},
               {"", false},
               {"file://localhost", false},
               {"localhost", false},
               {"http://localhost/x", false},
               {"http://localhost/", false},
               {"http://localhost?x", false},
               {"http://localhost@evil", false},
               {"https://", false},
               {"http://localhost http://localhost", false}};
  for (const auto& [origin, permitted] : cases) EXPECT_EQ(rules.permits_origin(origin), permitted) << origin;
}

TEST(HostRules, AnAddressIsNoName) {
  for (const auto* host : {"10.0.0.7:9464", "[fd00::7]:9464", "127.0.0.1"})
    EXPECT_TRUE(is_address(*parse_authority(host))) << host;
  for (const auto* host : {"remit.example", "10.0.0.7.nip.io", "localhost"})
    EXPECT_FALSE(is_address(*parse_authority(host))) << host;
}

}  // namespace
}  // namespace remit::http
