#include "sandbox/hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/confinement.h"

namespace remit::sandbox {
namespace {

using boost::asio::ip::make_address;

std::string placed(const std::vector<std::string>& declared) {
  const auto hosts = place_hosts(declared);
  if (!hosts) return std::string(hosts.error().code);
  std::string text;
  for (const auto& host : *hosts) text += to_string(host.declared) + " at " + host.address.to_string() + "\n";
  return text;
}

TEST(Hosts, ANameHasALoopbackAddressOfItsOwn) {
  EXPECT_EQ(placed({"DB.internal.:5432", "mail.example:25", "db.internal:443"}),
            "db.internal:5432 at 127.0.0.2\nmail.example:25 at 127.0.0.3\ndb.internal:443 at 127.0.0.2\n");
}

TEST(Hosts, ThisMachineAndAnAddressAreFoundWhereTheyAlwaysAre) {
  EXPECT_EQ(placed({"localhost:1", "192.0.2.7:2", "[2001:DB8:0::1]:3", "127.0.0.1:4", "[::1]:5"}),
            "localhost:1 at 127.0.0.1\n192.0.2.7:2 at 192.0.2.7\n[2001:db8::1]:3 at 2001:db8::1\n"
            "127.0.0.1:4 at 127.0.0.1\n[::1]:5 at ::1\n");
}

TEST(Hosts, WhatIsNoOneHostAndPortIsRefused) {
  for (const std::string bad : {"",
                                "db.internal",
                                "db.internal:",
                                "db.internal:0",
                                "db.internal:65536",
                                "db.internal:x",
                                ":5432",
                                "http://db.internal:80",
                                "db.internal:80/x",
                                "user@db.internal:80",
                                "*.internal:443",
                                "db .internal:1",
                                "a b:1",
                                "-db:1",
                                "db..internal:1",
                                ".db:1",
                                "127.1:80",
                                "0x7f000001:80",
                                "2130706433:80",
                                "db.0x1:80",
                                "0.0.0.0:80",
                                "0.1.2.3:80",
                                "255.255.255.255:80",
                                "224.0.0.1:80",
                                "127.0.0.2:80",
                                "[::]:80",
                                "[::ffff:192.0.2.1]:80",
                                "[ff02::1]:80",
                                "[fe80::1]:80",
                                "2001:db8::1:80",
                                "[db.internal]:80",
                                "db\n127.0.0.1 other:80"})
    EXPECT_EQ(placed({bad}), "RMT-C043") << bad;
  EXPECT_EQ(placed({std::string(64, 'a') + ":80"}), "RMT-C043");
}

TEST(Hosts, NothingIsDeclaredTwice) {
  EXPECT_EQ(placed({"db.internal:1", "DB.internal:1"}), "RMT-C043");
  EXPECT_EQ(placed({"localhost:1", "127.0.0.1:1"}), "RMT-C043");
  std::vector<std::string> many;
  for (std::size_t i = 0; i <= kMaxHosts; ++i) many.push_back("h" + std::to_string(i) + ":1");
  EXPECT_EQ(placed(many), "RMT-C043");
  many.pop_back();
  EXPECT_NE(placed(many), "RMT-C043");
}

TEST(Hosts, TheChildsFileNamesEachOnce) {
  EXPECT_EQ(hosts_file({}), "127.0.0.1 localhost child\n::1 localhost\n");
  EXPECT_EQ(hosts_file(*place_hosts({"db.internal:1", "db.internal:2", "192.0.2.7:3", "localhost:4"})),
            "127.0.0.1 localhost child\n127.0.0.2 db.internal\n");
  EXPECT_EQ(hosts_file(*place_hosts({"child:1"})), "127.0.0.1 localhost\n127.0.0.2 child\n");
}

TEST(Hosts, ANameStandsForNothingThatListensOnThisMachineAlone) {
  for (const auto* good :
       {"192.0.2.7", "10.0.0.1", "172.16.0.1", "2001:db8::1", "fd00::1", "::ffff:10.0.0.1"})
    EXPECT_TRUE(may_stand_for(make_address(good))) << good;
  for (const auto* bad : {"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.0.0.1", "169.254.169.254", "224.0.0.1",
                          "::1", "::", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"})
    EXPECT_FALSE(may_stand_for(make_address(bad))) << bad;
}

}  // namespace
}  // namespace remit::sandbox
