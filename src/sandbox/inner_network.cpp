#include "sandbox/inner_network.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <system_error>

#include "sandbox/confinement.h"

namespace remit::sandbox {
namespace {

constexpr std::chrono::milliseconds kAtMost{5000};
constexpr std::size_t kMostTold = 4096;
constexpr int kBacklog = 64;

std::unexpected<Error> failed(std::string_view what) {
  return fail(ErrorKind::kUnavailable, "RMT-M048",
              fmt::format("the network of a child could not be made ready: {}", what));
}
std::unexpected<Error> failed(std::string_view what, int error) {
  return failed(fmt::format("{}: {}", what, std::generic_category().message(error)));
}

// One host as the process that enters needs it: it may not allocate.
struct Socket {
  sockaddr_storage address = {};
  socklen_t size = 0;
  bool on_interface = false;  // its address has to be given to the interface first
};

Socket socket_of(const InnerHost& host) {
  Socket made;
  if (host.address.is_v4()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(host.declared.port);
    address.sin_addr.s_addr = htonl(host.address.to_v4().to_uint());
    made.size = sizeof address;
    std::memcpy(&made.address, &address, sizeof address);
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(host.declared.port);
    const auto bytes = host.address.to_v6().to_bytes();
    std::memcpy(&address.sin6_addr, bytes.data(), bytes.size());
    made.size = sizeof address;
    std::memcpy(&made.address, &address, sizeof address);
  }
  return made;
}

// What the process that enters tells: how far it came. With step 0 come the sockets.
struct Told {
  std::int32_t step = 0;
  std::int32_t error = 0;
};
constexpr std::array<std::string_view, 6> kSteps = {"",
                                                    "entering its user namespace",
                                                    "entering its network namespace",
                                                    "giving its interface the address of a declared host",
                                                    "listening for a declared host",
                                                    "handing the sockets on"};
enum Step : std::int32_t { kDone, kUser, kNetwork, kInterface, kListen, kHand };

// Below, up to enter(): after a fork, async-signal-safe calls only.

// A further address of `lo`, under a name of its own (netdevice(7)), for this one host alone.
bool give_v4(int control, const sockaddr_storage& address, std::size_t number) {
  ifreq request{};
  std::memcpy(request.ifr_name, "lo:", 3);
  request.ifr_name[3] = static_cast<char>('a' + number);
  static_assert(kMaxHosts <= 26);
  std::memcpy(&request.ifr_addr, &address, sizeof request.ifr_addr);
  reinterpret_cast<sockaddr_in*>(&request.ifr_addr)->sin_port = 0;
  if (ioctl(control, SIOCSIFADDR, &request) != 0) return false;
  sockaddr_in mask{};
  mask.sin_family = AF_INET;
  mask.sin_addr.s_addr = 0xffffffff;
  std::memcpy(&request.ifr_netmask, &mask, sizeof mask);
  return ioctl(control, SIOCSIFNETMASK, &request) == 0;
}

bool give_v6(int control, const sockaddr_storage& address) {
  ifreq name{};
  std::memcpy(name.ifr_name, "lo", 3);
  if (ioctl(control, SIOCGIFINDEX, &name) != 0) return false;
  struct {  // in6_ifreq of linux/ipv6.h, which cannot be included beside netinet/in.h
    in6_addr address;
    std::uint32_t prefix_bits;
    int interface;
  } request = {reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, 128, name.ifr_ifindex};
  return ioctl(control, SIOCSIFADDR, &request) == 0;
}

bool give(const Socket& one, std::size_t number) {
  const int control = socket(one.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return control >= 0 && (one.address.ss_family == AF_INET ? give_v4(control, one.address, number)
                                                           : give_v6(control, one.address));
}

// The interface may not be up yet: an address is bound to before it is there.
int listening(const Socket& one) {
  const bool v4 = one.address.ss_family == AF_INET;
  const int made = socket(one.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int yes = 1;
  if (made < 0 ||
      setsockopt(made, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_FREEBIND : IPV6_FREEBIND, &yes, sizeof yes) !=
          0 ||
      (!v4 && setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0) ||
      bind(made, reinterpret_cast<const sockaddr*>(&one.address), one.size) != 0 ||
      listen(made, kBacklog) != 0)
    return -1;
  return made;
}

// With step kDone come the sockets (SCM_RIGHTS).
bool tell(int report, Told told, const int* sockets, std::size_t count) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxHosts * sizeof(int))> control{};
  iovec part{&told, sizeof told};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(header), sockets, count * sizeof(int));
  }
  return sendmsg(report, &message, MSG_NOSIGNAL) == sizeof told;
}

[[noreturn]] void enter(int user, int network, const std::vector<Socket>& wanted, int report) {
  const auto give_up = [report](Step step) {
    tell(report, {step, errno}, nullptr, 0);
    _exit(1);
  };
  if (user >= 0 && setns(user, CLONE_NEWUSER) != 0) give_up(kUser);
  if (setns(network, CLONE_NEWNET) != 0) give_up(kNetwork);
  std::array<int, kMaxHosts> sockets{};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].on_interface && !give(wanted[i], i)) give_up(kInterface);
    sockets[i] = listening(wanted[i]);
    if (sockets[i] < 0) give_up(kListen);
  }
  if (!tell(report, {kDone, 0}, sockets.data(), wanted.size())) give_up(kHand);
  _exit(0);
}

// Without this process's handlers for signals, which speak to its other threads.
pid_t fork_quietly() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid != 0) pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return pid;
}

Result<std::vector<mcp::Descriptor>> receive(int report, std::size_t count) {
  Told told;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxHosts * sizeof(int))> control{};
  iovec part{&told, sizeof told};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do got = recvmsg(report, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  std::vector<mcp::Descriptor> sockets;
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    std::vector<int> handed((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(handed.data(), CMSG_DATA(header), handed.size() * sizeof(int));
    for (const int one : handed) sockets.emplace_back(one);
  }
  if (got != sizeof told) return failed("the process that makes its sockets ended");
  if (told.step != kDone) return failed(kSteps.at(static_cast<std::size_t>(told.step)), told.error);
  if (sockets.size() != count) return failed("not all of its sockets came");
  return sockets;
}

struct Made {
  pid_t child = 0;
  ino_t network = 0;
};

// One object of JSON, and bubblewrap goes on.
Result<Made> read_made(int told, const mcp::ChildProcess& bubblewrap) {
  const auto end = std::chrono::steady_clock::now() + kAtMost;
  std::string text;
  while (!text.contains('}')) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    std::array<pollfd, 2> watched = {{{.fd = told, .events = POLLIN, .revents = 0},
                                      {.fd = bubblewrap.pidfd.get(), .events = POLLIN, .revents = 0}}};
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || left.count() <= 0) return failed("bubblewrap does not say what it has made");
    if ((watched[0].revents & POLLIN) == 0) return failed("bubblewrap ended before it had made it");
    std::array<char, 256> chunk;
    const auto got = ::read(told, chunk.data(), chunk.size());
    if (got <= 0 || text.size() > kMostTold) return failed("bubblewrap does not say what it has made");
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  boost::system::error_code none;
  const auto value = boost::json::parse(text, none);
  const auto* object = none ? nullptr : value.if_object();
  const auto number = [&](std::string_view name) {
    const auto* member = object != nullptr ? object->if_contains(name) : nullptr;
    return member != nullptr && member->is_int64() ? member->get_int64() : 0;
  };
  const Made made{.child = static_cast<pid_t>(number("child-pid")),
                  .network = static_cast<ino_t>(number("net-namespace"))};
  if (made.child <= 0 || made.network == 0) return failed("bubblewrap does not name the network it has made");
  return made;
}

ino_t number_of(int descriptor) {
  struct stat status = {};
  return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

ino_t number_of(const char* path) {
  struct stat status = {};
  return ::stat(path, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Result<std::shared_ptr<InnerNetwork>> InnerNetwork::make() {
  auto made = std::make_shared<InnerNetwork>();
  std::array<int, 2> told{};
  if (::pipe2(told.data(), O_CLOEXEC) != 0) return failed("making a pipe", errno);
  made->told_ = {mcp::Descriptor(told[0]), std::make_shared<mcp::Descriptor>(told[1])};
  std::array<int, 2> held{};
  if (::pipe2(held.data(), O_CLOEXEC) != 0) return failed("making a pipe", errno);
  made->held_ = {mcp::Descriptor(held[1]), std::make_shared<mcp::Descriptor>(held[0])};
  return made;
}

Result<std::vector<mcp::Descriptor>> InnerNetwork::listen(const mcp::ChildProcess& bubblewrap,
                                                          const std::vector<InnerHost>& hosts) {
  ASSIGN_OR_RETURN(const auto made, read_made(told_.ours.get(), bubblewrap));
  const mcp::Descriptor network(
      ::open(fmt::format("/proc/{}/ns/net", made.child).c_str(), O_RDONLY | O_CLOEXEC));
  if (network.get() < 0) return failed("opening its network namespace", errno);
  // A process id may be another's by now; a namespace's number is not while we hold it.
  if (number_of(network.get()) != made.network || made.network == number_of("/proc/self/ns/net"))
    return failed("it is not the network that bubblewrap has made");
  const mcp::Descriptor owner(::ioctl(network.get(), NS_GET_USERNS));
  if (owner.get() < 0) return failed("finding its user namespace", errno);
  const bool ours = number_of(owner.get()) == number_of("/proc/self/ns/user");

  std::vector<Socket> wanted;
  wanted.reserve(hosts.size());
  for (auto host = hosts.begin(); host != hosts.end(); ++host) {
    wanted.push_back(socket_of(*host));
    const auto has_it = [&](const InnerHost& other) { return other.address == host->address; };
    wanted.back().on_interface = !host->address.is_loopback() && std::none_of(hosts.begin(), host, has_it);
  }
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return failed("making a socket pair", errno);
  const mcp::Descriptor report(pair[0]);
  mcp::Descriptor theirs(pair[1]);
  const pid_t pid = fork_quietly();
  if (pid == 0) enter(ours ? -1 : owner.get(), network.get(), wanted, theirs.get());
  if (pid < 0) return failed("starting a process", errno);
  theirs = mcp::Descriptor();
  auto sockets = receive(report.get(), hosts.size());
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return sockets;
}

Result<void> InnerNetwork::release() {
  if (::write(held_.ours.get(), "1", 1) != 1) return failed("letting its server start", errno);
  held_.ours = mcp::Descriptor();
  return {};
}

}  // namespace remit::sandbox
