// The relay between two sockets of this test: what a child's network adds to it is in sandbox_test.cpp.

#include "sandbox/relay.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

namespace remit::sandbox {
namespace {

using ::testing::HasSubstr;

constexpr int kPatience = 5000;  // milliseconds

sockaddr_in address_at(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

struct Listener {
  explicit Listener(std::uint32_t host = INADDR_LOOPBACK, int flags = 0)
      : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)) {
    auto address = address_at(host, 0);
    socklen_t size = sizeof address;
    auto* general = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket.get(), general, size) != 0 || ::listen(socket.get(), 64) != 0 ||
        ::getsockname(socket.get(), general, &size) != 0)
      std::abort();
    port = ntohs(address.sin_port);
  }
  mcp::Descriptor accept() const {
    pollfd watched{.fd = socket.get(), .events = POLLIN, .revents = 0};
    if (::poll(&watched, 1, kPatience) != 1) return {};
    return mcp::Descriptor(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  mcp::Descriptor socket;
  std::uint16_t port = 0;
};

mcp::Descriptor connect_to(std::uint16_t port) {
  mcp::Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = address_at(INADDR_LOOPBACK, port);
  if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
  return made;
}

bool send_all(const mcp::Descriptor& to, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// What comes up to the end, and behind it how it ended if not well.
std::string receive_all(const mcp::Descriptor& from) {
  std::string text;
  std::array<char, 65536> chunk;
  for (;;) {
    pollfd watched{.fd = from.get(), .events = POLLIN, .revents = 0};
    if (::poll(&watched, 1, kPatience) != 1) return text + "[nothing]";
    const auto got = ::recv(from.get(), chunk.data(), chunk.size(), 0);
    if (got < 0) return text + "[" + strerrorname_np(errno) + "]";
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

std::string receive(const mcp::Descriptor& from, std::size_t count) {
  std::string text(count, '\0');
  const auto got = ::recv(from.get(), text.data(), count, MSG_WAITALL);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

std::string noise(std::size_t count, std::uint32_t seed) {
  std::string text(count, '\0');
  for (auto& byte : text) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24U);
  return text;
}

// An address of this machine that others may have too, in host byte order.
std::optional<std::uint32_t> address_of_this_machine() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return std::nullopt;
  std::optional<std::uint32_t> found;
  for (auto* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    const auto address = ntohl(reinterpret_cast<sockaddr_in*>(one->ifa_addr)->sin_addr.s_addr);
    if (address >> 24U != 127 && address >> 16U != 0xa9fe) found = address;
  }
  ::freeifaddrs(all);
  return found;
}

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() { child_ = mcp::launch({.argv = {"/usr/bin/sleep", "1000"}}).value().pid; }
  ~RelayTest() override { end_child(); }

  void end_child() {
    if (child_ < 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(std::exchange(child_, -1), nullptr, 0);
  }

  RelaySettings settings() {
    RelaySettings settings;
    settings.tell = [this](std::string_view id, std::string_view host, std::string_view why) {
      const std::lock_guard lock(mutex_);
      told_ += std::string(id) + " " + std::string(host) + ": " + std::string(why) + "\n";
    };
    return settings;
  }
  // Serves one host; gives the port that the child would find it under.
  std::uint16_t serve(Relay& relay, const std::string& host, std::uint16_t port) {
    Listener door(INADDR_LOOPBACK, SOCK_NONBLOCK);
    std::vector<Relay::Door> doors;
    doors.push_back({.host = {.host = host, .port = port}, .listener = std::move(door.socket)});
    EXPECT_TRUE(relay.serve("dst_1", child_, std::move(doors)));
    return door.port;
  }
  std::string told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  static bool none_left(const Relay& relay) {
    for (int i = 0; i < 500 && relay.connections() > 0; ++i) ::usleep(10'000);
    return relay.connections() == 0;
  }

  pid_t child_ = -1;
  std::mutex mutex_;
  std::string told_;
};

TEST_F(RelayTest, CarriesLargeTransfersBothWaysAtOnceAndWhole) {
  const Listener host;
  Relay relay(settings());
  const auto inner = connect_to(serve(relay, "localhost", host.port));
  const auto outer = host.accept();
  ASSERT_GE(outer.get(), 0);
  const auto question = noise(24'000'000, 1);
  const auto answer = noise(24'000'001, 2);
  std::string got_inside;
  std::string got_outside;
  {
    const std::jthread sends_question([&] {
      EXPECT_TRUE(send_all(inner, question));
      ::shutdown(inner.get(), SHUT_WR);
    });
    const std::jthread sends_answer([&] {
      EXPECT_TRUE(send_all(outer, answer));
      ::shutdown(outer.get(), SHUT_WR);
    });
    const std::jthread reads_answer([&] { got_inside = receive_all(inner); });
    got_outside = receive_all(outer);
  }
  EXPECT_TRUE(got_outside == question) << got_outside.size();
  EXPECT_TRUE(got_inside == answer) << got_inside.size();
  EXPECT_TRUE(none_left(relay));
  EXPECT_EQ(told(), "");
}

TEST_F(RelayTest, TellsOnThatOneEndHasStoppedSendingAndGoesOnWithTheOther) {
  const Listener host;
  Relay relay(settings());
  const auto inner = connect_to(serve(relay, "localhost", host.port));
  const auto outer = host.accept();
  ASSERT_TRUE(send_all(inner, "question"));
  ::shutdown(inner.get(), SHUT_WR);
  EXPECT_EQ(receive_all(outer), "question");
  ASSERT_TRUE(send_all(outer, "answer"));
  EXPECT_EQ(receive(inner, 6), "answer");
  ::shutdown(outer.get(), SHUT_WR);
  EXPECT_EQ(receive_all(inner), "");
  EXPECT_TRUE(none_left(relay));
}

TEST_F(RelayTest, ResetsOneEndWhereTheOtherBreaksOff) {
  const Listener host;
  Relay relay(settings());
  const auto inner = connect_to(serve(relay, "localhost", host.port));
  auto outer = host.accept();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(outer.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  outer = mcp::Descriptor();
  EXPECT_EQ(receive_all(inner), "[ECONNRESET]");
  EXPECT_TRUE(none_left(relay));
}

TEST_F(RelayTest, ResetsAConnectionWhoseHostDoesNotAnswerAndSaysSo) {
  std::uint16_t nobodys = 0;
  {
    const Listener gone;
    nobodys = gone.port;
  }
  Relay relay(settings());
  EXPECT_EQ(receive_all(connect_to(serve(relay, "localhost", nobodys))), "[ECONNRESET]");
  EXPECT_TRUE(none_left(relay));
  EXPECT_THAT(told(), HasSubstr("dst_1 localhost:" + std::to_string(nobodys) + ": Connection refused"));
}

TEST_F(RelayTest, ResetsAConnectionWhoseHostHasNoAddress) {
  Relay relay(settings(), [](const std::string&) -> Result<std::vector<boost::asio::ip::address>> {
    return fail(ErrorKind::kUnavailable, "RMT-M048", "not found");
  });
  EXPECT_EQ(receive_all(connect_to(serve(relay, "db.internal", 5432))), "[ECONNRESET]");
  EXPECT_TRUE(none_left(relay));
  EXPECT_EQ(told(), "dst_1 db.internal:5432: not found\n");
}

TEST_F(RelayTest, WaitsForNoLookupLongerThanForAConnection) {
  auto brief = settings();
  brief.connect = std::chrono::milliseconds(200);
  std::atomic<bool> go_on = false;
  Relay relay(std::move(brief), [&](const std::string&) -> Result<std::vector<boost::asio::ip::address>> {
    while (!go_on) ::usleep(1000);
    return std::vector<boost::asio::ip::address>{boost::asio::ip::make_address("192.0.2.1")};
  });
  EXPECT_EQ(receive_all(connect_to(serve(relay, "db.internal", 5432))), "[ECONNRESET]");
  go_on = true;
  EXPECT_TRUE(none_left(relay));
  EXPECT_EQ(told(), "dst_1 db.internal:5432: it does not answer\n");
}

TEST_F(RelayTest, LooksANameUpForEachConnection) {
  const auto address = address_of_this_machine();
  if (!address) GTEST_SKIP() << "this machine has no address but its own loopback";
  const Listener host(*address);
  std::atomic<int> lookups = 0;
  Relay relay(settings(), [&](const std::string& name) -> Result<std::vector<boost::asio::ip::address>> {
    EXPECT_EQ(name, "db.internal");
    ++lookups;
    return std::vector<boost::asio::ip::address>{boost::asio::ip::address_v4(*address)};
  });
  const auto door = serve(relay, "db.internal", host.port);
  for (int i = 1; i <= 2; ++i) {
    const auto inner = connect_to(door);
    const auto outer = host.accept();
    ASSERT_GE(outer.get(), 0) << told();
    ASSERT_TRUE(send_all(outer, "hello"));
    EXPECT_EQ(receive(inner, 5), "hello");
    EXPECT_EQ(lookups, i);
  }
}

TEST_F(RelayTest, ANameThatComesToStandForThisMachineLeadsNowhere) {
  const Listener host;
  Relay relay(settings(), [](const std::string&) -> Result<std::vector<boost::asio::ip::address>> {
    return std::vector<boost::asio::ip::address>{boost::asio::ip::address_v4::loopback()};
  });
  EXPECT_EQ(receive_all(connect_to(serve(relay, "db.internal", host.port))), "[ECONNRESET]");
  EXPECT_TRUE(none_left(relay));
  EXPECT_THAT(told(), HasSubstr("its name stands for 127.0.0.1"));
  pollfd watched{.fd = host.socket.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&watched, 1, 0), 0) << "it has connected";
}

TEST_F(RelayTest, TakesNoMoreConnectionsThanItMay) {
  const Listener host;
  auto few = settings();
  few.connections_per_child = 2;
  Relay relay(std::move(few));
  const auto door = serve(relay, "localhost", host.port);
  std::vector<mcp::Descriptor> ends;
  for (int i = 0; i < 2; ++i) {
    ends.push_back(connect_to(door));
    ends.push_back(host.accept());
  }
  EXPECT_EQ(receive_all(connect_to(door)), "[ECONNRESET]");
  EXPECT_THAT(told(), HasSubstr("more connections than a child may have"));
  ends.clear();
  EXPECT_TRUE(none_left(relay));
  const auto inner = connect_to(door);
  EXPECT_GE(host.accept().get(), 0) << "a place that was given back is not to be had";
}

TEST_F(RelayTest, EndsAConnectionThatNobodyUses) {
  const Listener host;
  auto brief = settings();
  brief.idle = std::chrono::milliseconds(200);
  Relay relay(std::move(brief));
  const auto inner = connect_to(serve(relay, "localhost", host.port));
  const auto outer = host.accept();
  EXPECT_EQ(receive_all(inner), "[ECONNRESET]");
  EXPECT_EQ(receive_all(outer), "[ECONNRESET]");
  EXPECT_TRUE(none_left(relay));
}

TEST_F(RelayTest, EndsWithTheChildAndSendsOnWhatItSentLast) {
  const Listener host;
  auto brief = settings();
  brief.ending = std::chrono::milliseconds(300);
  Relay relay(std::move(brief));
  const auto door = serve(relay, "localhost", host.port);
  const auto kept = connect_to(door);
  const auto outer = host.accept();
  ASSERT_TRUE(send_all(kept, "last words"));
  end_child();
  EXPECT_EQ(receive_all(outer), "last words[ECONNRESET]");
  EXPECT_EQ(receive_all(kept), "[ECONNRESET]");
  EXPECT_TRUE(none_left(relay));
  const mcp::Descriptor late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = address_at(INADDR_LOOPBACK, door);
  EXPECT_NE(::connect(late.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

TEST_F(RelayTest, EndsWhileConnectionsAreOpen) {
  const Listener host;
  mcp::Descriptor inner;
  mcp::Descriptor outer;
  {
    Relay relay(settings());
    inner = connect_to(serve(relay, "localhost", host.port));
    outer = host.accept();
  }
  EXPECT_EQ(receive_all(inner), "[ECONNRESET]");
  EXPECT_EQ(receive_all(outer), "[ECONNRESET]");
}

}  // namespace
}  // namespace remit::sandbox
