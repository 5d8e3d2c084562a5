// What a child can and cannot do, on each level that this machine has: each thing that it must not be able to
// do has a twin beside it that it can.

#include "sandbox/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "sandbox/landlock.h"

namespace remit::sandbox {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kChild = REMIT_PROBE_CHILD;
const std::string kChildFolder = fs::path(kChild).parent_path().string();

// Its output up to its end, and how it ended.
struct Ran {
  std::string out, err;
  int status = -1;
};

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> chunk;
  ::fcntl(fd, F_SETFL, 0);
  for (ssize_t got = 0; (got = ::read(fd, chunk.data(), chunk.size())) > 0;)
    text.append(chunk.data(), static_cast<std::size_t>(got));
  return text;
}

Ran run(const mcp::Command& command) {
  auto child = mcp::launch(command);
  if (!child) return {.out = {}, .err = child.error().message};
  child->standard_input = mcp::Descriptor();
  Ran ran{.out = read_all(child->standard_output.get()), .err = read_all(child->standard_error.get())};
  int status = 0;
  ::waitpid(child->pid, &status, 0);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ran;
}

std::vector<Machine> machines() {
  const auto best = probe(200'000);
  std::vector<Machine> all;
  for (const auto level : {Level::kNamespaces, Level::kAccount, Level::kLandlock, Level::kNone}) {
    if (level > best.level || (level == Level::kAccount && !best.own_accounts) ||
        (level == Level::kLandlock && best.landlock == 0))
      continue;
    auto machine = best;
    machine.level = level;
    machine.own_accounts = best.own_accounts && level >= Level::kAccount;
    all.push_back(std::move(machine));
  }
  return all;
}

class Confined : public ::testing::TestWithParam<Machine> {
 protected:
  Confined() {
    std::string pattern = ::testing::TempDir() + "/remit-sandbox-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    root_ = fs::canonical(root_);
    ::chmod(root_.c_str(), 0755);
    for (const auto name : {"data", "in", "out", "other"}) fs::create_directory(root_ / name);
    ::chmod((root_ / "data").c_str(), 0700);
    write(root_ / "data/vault.key", "key");
    ::chmod((root_ / "data/vault.key").c_str(), 0600);
    write(root_ / "in/note", "note");
    write(root_ / "other/note", "note");
    ::chmod((root_ / "other").c_str(), 0700);
    if (GetParam().own_accounts && GetParam().level == Level::kAccount &&
        ::chown((root_ / "out").c_str(), 1234, 1234) != 0)
      std::abort();
    Settings settings{
        .data = root_ / "data",
        .children = GetParam().level == Level::kAccount ? root_ / "children" : root_ / "data/children"};
    settings.limits.file_bytes = 8 << 20U;
    settings.limits.processes = 40;
    settings.limits.temporary_bytes = 4 << 20U;
    settings.relay.connect = std::chrono::milliseconds(300);
    sandbox_.emplace(settings, GetParam());
    confinement_.reads = {kChildFolder, (root_ / "in").string()};
    confinement_.writes = {(root_ / "out").string()};
  }
  ~Confined() override { fs::remove_all(root_); }

  static void write(const fs::path& file, std::string_view text) { std::ofstream(file) << text; }

  std::string does(std::vector<std::string> what, const std::string& id = "dst_1") {
    confinement_.command = {kChild};
    confinement_.command.insert(confinement_.command.end(), what.begin(), what.end());
    const auto command = sandbox_->command(id, confinement_);
    if (!command) return command.error().message;
    const auto ran = run(*command);
    return ran.out.empty() ? ran.err : ran.out.substr(0, ran.out.find('\n'));
  }
  std::string in(const std::string& name) const { return (root_ / name).string(); }
  bool at_least(Level level) const { return GetParam().level >= level; }

  fs::path root_;
  std::optional<Sandbox> sandbox_;
  Confinement confinement_;
};

TEST_P(Confined, ReadsWhatIsDeclaredAndNothingElse) {
  EXPECT_EQ(does({"read", in("in/note")}), "ok");
  EXPECT_EQ(does({"read", "/usr/bin/env"}), "ok");
  if (!at_least(Level::kLandlock)) return;
  EXPECT_NE(does({"read", in("data/vault.key")}), "ok");
  EXPECT_NE(does({"read", in("other/note")}), "ok");
  EXPECT_EQ(does({"read", "/etc/ssl/openssl.cnf"}), "ok") << "what every program's libraries read";
  EXPECT_NE(does({"read", "/etc/shadow"}), "ok");
  EXPECT_NE(does({"read", fmt::format("/proc/{}/environ", ::getpid())}), "ok");
  EXPECT_NE(does({"read", fmt::format("/proc/{}/root/etc/shadow", ::getpid())}), "ok");
}

TEST_P(Confined, WritesWhatIsDeclaredAndItsHomeAndNothingElse) {
  EXPECT_EQ(does({"write", in("out/mine")}), "ok");
  EXPECT_EQ(does({"write", "in-my-home"}), "ok");
  struct stat made = {};
  struct stat folder = {};
  ASSERT_EQ(::stat(in("out/mine").c_str(), &made), 0);
  ASSERT_EQ(::stat(in("out").c_str(), &folder), 0);
  EXPECT_EQ(made.st_uid, folder.st_uid) << "what a child makes belongs to whom the folder belongs";
  if (!at_least(Level::kLandlock)) return;
  EXPECT_NE(does({"write", in("in/mine")}), "ok");
  EXPECT_NE(does({"write", in("other/mine")}), "ok");
  EXPECT_NE(does({"write", "/usr/mine"}), "ok");
  EXPECT_NE(does({"link", in("out/link")}), "ok") << "a link leads nowhere that is not in sight";
}

TEST_P(Confined, HasAHomeOfItsOwnThatStays) {
  EXPECT_EQ(does({"write", "kept"}), "ok");
  EXPECT_EQ(does({"read", "kept"}), "ok");
  EXPECT_EQ(does({"read", "kept"}, "dst_2"), "ENOENT");
  if (!at_least(Level::kLandlock)) return;
  const auto other =
      fs::path(in(GetParam().level == Level::kAccount ? "children" : "data/children")) / "dst_1/home/kept";
  ASSERT_TRUE(fs::exists(other));
  EXPECT_NE(does({"read", other.string()}, "dst_2"), "ok");
}

TEST_P(Confined, OpensNoConnectionWhereNoneIsDeclared) {
  const mcp::Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto port = std::to_string(ntohs(address.sin_port));
  EXPECT_NE(does({"connect", port}), "ok");
  confinement_.network = Network::kAll;
  EXPECT_EQ(does({"connect", port}), "ok");
}

TEST_P(Confined, ReachesNoSocketOfOthers) {
  const auto listen_on = [](const std::string& path, bool abstract) {
    mcp::Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path, address.sun_path + (abstract ? 1 : 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener.get(), 8), 0);
    return listener;
  };
  const auto remit = listen_on(in("data/remit.sock"), false);
  const auto name = fmt::format("remit-sandbox-{}", ::getpid());
  const auto abstract = listen_on(name, true);
  for (const auto network : {Network::kNone, Network::kHosts, Network::kAll}) {
    if (network == Network::kHosts && !at_least(Level::kNamespaces)) continue;
    confinement_.network = network;
    confinement_.hosts.clear();
    if (network == Network::kHosts) confinement_.hosts = {"localhost:80"};
    EXPECT_NE(does({"connect-local", in("data/remit.sock")}), "ok");
    if (network != Network::kAll || !at_least(Level::kNamespaces) || GetParam().landlock >= kLandlockScopes)
      EXPECT_NE(does({"connect-abstract", name}), "ok");
  }
  EXPECT_EQ(does({"call", "pair"}), "ok");
}

// Says hello to whoever connects, until it goes.
class Host {
 public:
  Host() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* general = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), general, size) != 0 || ::listen(listener_.get(), 8) != 0 ||
        ::getsockname(listener_.get(), general, &size) != 0)
      std::abort();
    port_ = std::to_string(ntohs(address.sin_port));
    thread_ = std::jthread([this] {
      for (int taken = -1; (taken = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        const mcp::Descriptor connection(taken);
        ++taken_;
        [[maybe_unused]] const auto sent = ::send(taken, "hello", 5, MSG_NOSIGNAL);
      }
    });
  }
  ~Host() { ::shutdown(listener_.get(), SHUT_RDWR); }
  const std::string& port() const { return port_; }
  int taken() const { return taken_; }

 private:
  mcp::Descriptor listener_;
  std::string port_;
  std::atomic<int> taken_ = 0;
  std::jthread thread_;
};

TEST_P(Confined, ReachesTheHostsThatAreDeclaredAndNoOther) {
  const Host declared;
  const Host other;
  confinement_.network = Network::kHosts;
  confinement_.hosts = {"localhost:" + declared.port(), "db.internal:5432"};
  if (!at_least(Level::kNamespaces)) {
    EXPECT_THAT(does({"reach", "localhost", declared.port()}), HasSubstr("held to single hosts"));
    EXPECT_EQ(sandbox_->check(confinement_).error().code, "RMT-C044");
    return;
  }
  EXPECT_EQ(does({"reach", "localhost", declared.port()}), "ok");
  EXPECT_EQ(does({"reach", "127.0.0.1", declared.port()}), "ok");
  EXPECT_EQ(declared.taken(), 2);
  EXPECT_EQ(does({"reach", "localhost", other.port()}), "ECONNREFUSED");
  EXPECT_EQ(does({"reach", "::1", declared.port()}), "ECONNREFUSED");
  EXPECT_EQ(does({"reach", "127.0.0.9", declared.port()}), "ECONNREFUSED");
  EXPECT_EQ(does({"reach", "db.internal", declared.port()}), "ECONNREFUSED");
  EXPECT_EQ(does({"reach", "192.0.2.1", "443"}), "ENETUNREACH");
  EXPECT_EQ(does({"reach", "2001:db8::1", "443"}), "ENETUNREACH");
  EXPECT_EQ(does({"reach", "other.internal", "5432"}), "EAI_NONAME");
  EXPECT_EQ(does({"reach", "2130706433", other.port()}), "ECONNREFUSED");
  EXPECT_EQ(other.taken(), 0);
}

// An end that resets the connection is where the door is and the host is not.
TEST_P(Confined, FindsAHostUnderItsAddressAndUnderAnyPort) {
  if (!at_least(Level::kNamespaces)) GTEST_SKIP() << "there are no single hosts";
  confinement_.network = Network::kHosts;
  confinement_.hosts = {"192.0.2.7:443", "192.0.2.7:22", "10.1.2.3:5432", "[2001:db8::7]:443", "localhost:1"};
  EXPECT_EQ(does({"reach", "192.0.2.7", "443"}), "ECONNRESET");
  EXPECT_EQ(does({"reach", "192.0.2.7", "22"}), "ECONNRESET");
  EXPECT_EQ(does({"reach", "2001:db8::7", "443"}), "ECONNRESET");
  EXPECT_EQ(does({"reach", "localhost", "1"}), "ECONNRESET");
  EXPECT_EQ(does({"reach", "192.0.2.7", "80"}), "ECONNREFUSED");
  EXPECT_EQ(does({"reach", "192.0.2.8", "443"}), "ENETUNREACH");
  EXPECT_EQ(does({"reach", "10.1.2.4", "5432"}), "ENETUNREACH");
  EXPECT_EQ(does({"reach", "2001:db8::8", "443"}), "ENETUNREACH");
}

TEST_P(Confined, ThatReachesSingleHostsHasTheSameOnEveryStart) {
  if (!at_least(Level::kNamespaces)) GTEST_SKIP() << "there are no single hosts";
  const Host host;
  confinement_.network = Network::kHosts;
  confinement_.hosts = {"localhost:" + host.port()};
  std::vector<std::jthread> starts;
  for (int i = 0; i < 4; ++i)
    starts.emplace_back([&] {
      auto confinement = confinement_;
      confinement.command = {kChild, "reach", "localhost", host.port()};
      for (int j = 0; j < 5; ++j) {
        const auto command = sandbox_->command("dst_1", confinement);
        ASSERT_TRUE(command) << command.error().message;
        EXPECT_EQ(run(*command).out, "ok\n");
      }
    });
  starts.clear();
  EXPECT_EQ(host.taken(), 20);
}

TEST_P(Confined, IsNotStartedWhereItsHostsCannotBeMadeReady) {
  if (!at_least(Level::kNamespaces)) GTEST_SKIP() << "there are no single hosts";
  confinement_.network = Network::kHosts;
  confinement_.hosts = {"localhost:80"};
  confinement_.command = {kChild, "exit", "0"};
  auto command = sandbox_->command("dst_1", confinement_);
  ASSERT_TRUE(command);
  command->argv.front() = "/usr/bin/true";  // it ends without a word of what it made
  const auto child = mcp::launch(*command);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, "RMT-M048");
}

TEST_P(Confined, SignalsNobodyOutside) {
  if (!at_least(Level::kAccount) && GetParam().landlock < kLandlockScopes)
    GTEST_SKIP() << "as the machine lacks";
  EXPECT_NE(does({"signal", std::to_string(::getpid())}), "ok");
}

TEST_P(Confined, IsDeniedWhatNoServerNeeds) {
  for (const std::string what : {"unshare", "clone-user", "clone3", "mount", "keyctl", "bpf", "io_uring",
                                 "userfaultfd", "perf", "newer", "ptrace", "vsock", "packet",
                                 "netlink-events", "wide-family", "setuid-file", "setuid-create"})
    EXPECT_NE(does({"call", what}), "ok") << what;
  EXPECT_EQ(does({"call", "chmod"}), "ok");
}

TEST_P(Confined, HasLimits) {
  EXPECT_EQ(does({"fill", "big", std::to_string(1 << 30U)}), "EFBIG");
  EXPECT_EQ(does({"fill", "small", std::to_string(1 << 20U)}), "ok");
  EXPECT_EQ(does({"allocate", std::to_string(std::uint64_t{3} << 30U)}), "ENOMEM");
  EXPECT_EQ(does({"allocate", std::to_string(1 << 20U)}), "ok");
  if (at_least(Level::kNamespaces)) {
    EXPECT_EQ(does({"fill", "/tmp/big", std::to_string(6 << 20U)}), "ENOSPC");
    EXPECT_NE(does({"fill", "/big", "1"}), "ok");
    EXPECT_NE(does({"fill", "/dev/big", "1"}), "ok");
  }
  if (at_least(Level::kAccount)) {
    const int forked = std::stoi(does({"fork", "2000"}));
    EXPECT_GT(forked, 10);
    EXPECT_LT(forked, 400);
  }
}

TEST_P(Confined, HasTheEnvironmentThatIsDeclared) {
  confinement_.environment = {{"TOKEN", "a b"}, {"PATH", "/opt/bin"}};
  confinement_.command = {"/usr/bin/env"};
  const auto command = sandbox_->command("dst_1", confinement_);
  ASSERT_TRUE(command) << command.error().message;
  const auto ran = run(*command);
  EXPECT_THAT(ran.out, HasSubstr("TOKEN=a b\n"));
  EXPECT_THAT(ran.out, HasSubstr("PATH=/opt/bin\n"));
  EXPECT_THAT(ran.out, HasSubstr("HOME=/"));
  EXPECT_THAT(ran.out, ::testing::Not(HasSubstr("REMIT")));
  for (const auto& argument : command->argv) EXPECT_THAT(argument, ::testing::Not(HasSubstr("a b")));
}

TEST_P(Confined, StartsInTheFolderThatIsDeclared) {
  confinement_.working_directory = in("in");
  EXPECT_EQ(does({"read", "note"}), "ok");
}

TEST_P(Confined, HoldsNoDescriptorThatLeadsOut) {
  confinement_.command = {"/bin/sh", "-c", "cd /proc/self/fd 2>/dev/null && echo *; exit 0"};
  for (const auto network : {Network::kNone, Network::kHosts}) {
    if (network == Network::kHosts && !at_least(Level::kNamespaces)) continue;
    confinement_.network = network;
    if (network == Network::kHosts) confinement_.hosts = {"localhost:80"};
    const auto command = sandbox_->command("dst_1", confinement_);
    ASSERT_TRUE(command);
    const auto ran = run(*command);
    if (!ran.out.empty() && ran.out != "*\n")
      EXPECT_THAT(ran.out, ::testing::AnyOf("0 1 2\n", "0 1 2 3\n", "0 1 10 2\n"));
  }
}

TEST_P(Confined, EndsWithTheStatusOfItsProgram) {
  confinement_.command = {kChild, "exit", "3"};
  const auto command = sandbox_->command("dst_1", confinement_);
  ASSERT_TRUE(command);
  EXPECT_EQ(run(*command).status, 3);
}

INSTANTIATE_TEST_SUITE_P(OnEachLevel, Confined, ::testing::ValuesIn(machines()),
                         [](const auto& param) { return std::string(to_string(param.param.level)); });

TEST(Declared, MustBeTheChildrensToHave) {
  std::string pattern = ::testing::TempDir() + "/remit-declared-XXXXXX";
  const fs::path root = fs::canonical(::mkdtemp(pattern.data()));
  fs::create_directories(root / "data/inner");
  fs::create_directories(root / "files/inner");
  fs::create_symlink(root / "files", root / "link");
  const auto check_reads = [&](std::vector<std::string> reads, std::vector<std::string> writes = {}) {
    const auto checked = check(
        {.command = {"/usr/bin/env"}, .reads = std::move(reads), .writes = std::move(writes)}, root / "data");
    return checked ? std::string("ok") : std::string(checked.error().code) + " " + checked.error().message;
  };
  EXPECT_EQ(check_reads({(root / "files").string()}), "ok");
  EXPECT_EQ(check_reads({}, {(root / "files").string(), (root / "files").string()}), "ok");
  for (const std::string& bad :
       {std::string("/"), std::string("/etc"), std::string("/proc"), std::string("/proc/1"),
        std::string("/run/user"), std::string("/sys/fs"), std::string("/dev/shm"), std::string("relative"),
        std::string(""), (root / "files/").string(), (root / "files/../files").string(),
        (root / "nowhere").string(), (root / "link").string(), (root / "link/inner").string(),
        (root / "data").string(), (root / "data/inner").string(), root.string()})
    EXPECT_THAT(check_reads({bad}), ::testing::StartsWith("RMT-C040")) << bad;
  EXPECT_THAT(check_reads({(root / "files/inner").string()}, {(root / "files").string()}),
              HasSubstr("written already"));
  fs::remove_all(root);
}

TEST(Program, IsFoundOnTheSearchPathAndMustBeInSight) {
  EXPECT_EQ(find_program("env").value_or(""), "/usr/bin/env");
  EXPECT_EQ(find_program("/usr/bin/env").value_or(""), "/usr/bin/env");
  for (const std::string bad : {"no-such-program", "./env", "/etc/passwd", "/usr/bin", ""})
    EXPECT_EQ(find_program(bad).error().code, "RMT-C041") << bad;
  const auto checked = check({.command = {kChild}}, "/nowhere");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, "RMT-C041");
  EXPECT_THAT(checked.error().fix, HasSubstr("--reads " + kChildFolder));
}

TEST(Machine, SaysWhatItLacks) {
  const auto machine = probe(200'000);
  RecordProperty("machine", describe(machine));
  EXPECT_TRUE(machine.level == Level::kNamespaces || !machine.lacks.empty());
  for (const auto level : {Level::kNone, Level::kLandlock, Level::kAccount, Level::kNamespaces})
    EXPECT_EQ(parse_level(to_string(level)), level);
  EXPECT_FALSE(parse_level("best"));
}

}  // namespace
}  // namespace remit::sandbox
