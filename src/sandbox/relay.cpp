#include "sandbox/relay.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "sandbox/hosts.h"

namespace remit::sandbox {

namespace asio = boost::asio;
using asio::ip::address;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kBuffer = std::size_t{16} * 1024;  // of each direction
constexpr std::size_t kLookups = 4;                      // at once, of all children
constexpr std::chrono::milliseconds kBreath{100};        // where no connection could be taken
// A host that is gone without a word is noticed after some two minutes.
constexpr int kKeepAliveIdle = 60;
constexpr int kKeepAliveInterval = 15;
constexpr int kKeepAliveCount = 4;

Result<std::vector<address>> ask_the_system(const std::string& name) {
  asio::io_context context(1);
  error_code error;
  const auto found = tcp::resolver(context).resolve(name, "", error);
  if (error) return fail(ErrorKind::kUnavailable, "RMT-M048", error.message());
  std::vector<address> addresses;
  for (const auto& entry : found) addresses.push_back(entry.endpoint().address());
  return addresses;
}

// A reset in place of the usual end.
void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

void keep_alive(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  for (const auto [option, value] :
       {std::pair(TCP_KEEPIDLE, kKeepAliveIdle), std::pair(TCP_KEEPINTVL, kKeepAliveInterval),
        std::pair(TCP_KEEPCNT, kKeepAliveCount)})
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
}

}  // namespace

struct Relay::Shared {
  http::Loop& loop;
  http::SidePool& lookups;
  const RelaySettings settings;
  const Lookup lookup;
  std::atomic<std::size_t> taken = 0;  // changed on the loop alone
};

// One of the connections that there may be, in all and of one child.
class Relay::Place {
 public:
  static std::optional<Place> take(Shared& shared, std::size_t& of_child) {
    if (shared.taken >= shared.settings.connections || of_child >= shared.settings.connections_per_child)
      return std::nullopt;
    return Place(shared.taken, of_child);
  }
  Place(Place&& other) noexcept
      : taken_(std::exchange(other.taken_, nullptr)), of_child_(std::exchange(other.of_child_, nullptr)) {}
  Place& operator=(Place&&) = delete;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (taken_ == nullptr) return;
    --*taken_;
    --*of_child_;
  }

 private:
  Place(std::atomic<std::size_t>& taken, std::size_t& of_child) : taken_(&taken), of_child_(&of_child) {
    ++*taken_;
    ++*of_child_;
  }
  std::atomic<std::size_t>* taken_;
  std::size_t* of_child_;
};

// Its coroutines hold it; the last one to end gives its place back.
class Relay::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shared> shared, std::shared_ptr<void> child, Place place, tcp::socket inner)
      : shared_(std::move(shared)),
        child_(std::move(child)),
        place_(std::move(place)),
        inner_(std::move(inner)),
        outer_(shared_->loop.context()),
        deadline_(shared_->loop, [this] { abort(); }) {
    deadline_.arm(shared_->settings.connect);
  }
  // What is not carried to its end is broken off for both.
  ~Connection() {
    if (ended_ || carried_ == 2) return;
    reset(inner_);
    reset(outer_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Why it could not be made, in words.
  http::Task<std::optional<std::string>> connect(std::vector<tcp::endpoint> endpoints) {
    const auto self = shared_from_this();
    std::string why = "it has no address that may be connected to";
    for (const auto& endpoint : endpoints) {
      if (ended_) co_return "it does not answer";
      error_code ignored;
      outer_.close(ignored);
      const auto [error] = co_await outer_.async_connect(endpoint, kAwait);
      if (ended_) co_return "it does not answer";
      if (!error) {
        outer_.set_option(tcp::no_delay(true), ignored);
        inner_.set_option(tcp::no_delay(true), ignored);
        keep_alive(outer_);
        co_return std::nullopt;
      }
      why = error.message();
    }
    co_return why;
  }

  void carry() {
    rest();
    shared_->loop.spawn(pump(inner_, outer_));
    shared_->loop.spawn(pump(outer_, inner_));
  }

  void abort() {
    ended_ = true;
    deadline_.disarm();
    reset(inner_);
    reset(outer_);
  }

  // The child has ended: what it sent last is sent on.
  void end_soon() {
    if (ended_) return;
    ending_ = true;
    deadline_.arm(shared_->settings.ending);
  }

 private:
  void rest() {
    if (!ending_ && !ended_) deadline_.arm(shared_->settings.idle);
  }

  // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both are this object's
  http::Task<void> pump(tcp::socket& from, tcp::socket& to) {
    const auto self = shared_from_this();
    std::vector<char> buffer(kBuffer);
    for (;;) {
      const auto [error, count] = co_await from.async_read_some(asio::buffer(buffer), kAwait);
      if (ended_) co_return;
      if (error == asio::error::eof) break;
      if (error) co_return abort();
      rest();
      const auto [unsent, written] =
          co_await asio::async_write(to, asio::buffer(buffer.data(), count), kAwait);
      if (ended_) co_return;
      if (unsent) co_return abort();
      rest();
    }
    error_code ignored;
    to.shutdown(tcp::socket::shutdown_send, ignored);
    ++carried_;
  }

  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<void> child_;  // which counts its places
  const Place place_;
  tcp::socket inner_, outer_;
  http::Deadline deadline_;
  bool ended_ = false;
  bool ending_ = false;
  int carried_ = 0;  // directions that came to their end
};

// Its coroutines and connections hold it.
class Relay::Child : public std::enable_shared_from_this<Child> {
 public:
  Child(std::shared_ptr<Shared> shared, std::string id, mcp::Descriptor ended, std::vector<Door> doors)
      : shared_(std::move(shared)), id_(std::move(id)), ended_(shared_->loop.context(), ended.release()) {
    for (auto& door : doors) {
      const auto protocol = listens_on_v6(door.listener) ? tcp::v6() : tcp::v4();
      doors_.push_back(
          {std::move(door.host), tcp::acceptor(shared_->loop.context(), protocol, door.listener.release())});
    }
  }

  void start() {
    shared_->loop.spawn(watch());
    for (auto& door : doors_) shared_->loop.spawn(accept(door));
  }

 private:
  struct OpenDoor {
    http::Authority host;
    tcp::acceptor acceptor;
  };

  static bool listens_on_v6(const mcp::Descriptor& listener) {
    int domain = AF_INET;
    socklen_t size = sizeof domain;
    ::getsockopt(listener.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain == AF_INET6;
  }

  http::Task<void> watch() {
    const auto self = shared_from_this();
    co_await ended_.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
    error_code ignored;
    for (auto& door : doors_) door.acceptor.close(ignored);
    for (const auto& weak : connections_)
      if (const auto connection = weak.lock()) connection->end_soon();
  }

  // One after another: a child has at most one lookup of each host under way.
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it is this object's
  http::Task<void> accept(OpenDoor& door) {
    const auto self = shared_from_this();
    for (;;) {
      auto [error, socket] = co_await door.acceptor.async_accept(kAwait);
      if (!door.acceptor.is_open()) co_return;
      if (error) {
        asio::steady_timer breath(shared_->loop.context(), kBreath);
        co_await breath.async_wait(kAwait);
        if (!door.acceptor.is_open()) co_return;
        continue;
      }
      auto place = Place::take(*shared_, taken_);
      if (!place) {
        tell(door.host, "more connections than a child may have");
        reset(socket);
        continue;
      }
      auto connection = std::make_shared<Connection>(shared_, self, std::move(*place), std::move(socket));
      std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
      connections_.push_back(connection);
      auto endpoints = co_await find(door.host);
      if (!door.acceptor.is_open()) co_return connection->abort();
      if (!endpoints) {
        tell(door.host, endpoints.error().message);
        connection->abort();
        continue;
      }
      shared_->loop.spawn(connect(std::move(connection), door.host, std::move(*endpoints)));
    }
  }

  http::Task<void> connect(std::shared_ptr<Connection> connection, http::Authority host,
                           std::vector<tcp::endpoint> endpoints) {
    const auto self = shared_from_this();
    if (const auto why = co_await connection->connect(std::move(endpoints))) {
      tell(host, *why);
      connection->abort();
    } else {
      connection->carry();
    }
  }

  http::Task<Result<std::vector<tcp::endpoint>>> find(http::Authority host) {
    const auto self = shared_from_this();
    using Endpoints = std::vector<tcp::endpoint>;
    error_code is_name;
    if (const auto given = asio::ip::make_address(host.host, is_name); !is_name)
      co_return Endpoints{{given, host.port}};
    // This machine, whatever a resolver says of it (RFC 6761 §6.3).
    if (host.host == "localhost")
      co_return Endpoints{{asio::ip::address_v4::loopback(), host.port},
                          {asio::ip::address_v6::loopback(), host.port}};
    const auto found =
        co_await shared_->lookups.run([&lookup = shared_->lookup, name = host.host] { return lookup(name); });
    if (!found) co_return std::unexpected(found.error());
    Endpoints endpoints;
    for (const auto& one : *found)
      if (may_stand_for(one)) endpoints.emplace_back(one, host.port);
    if (endpoints.empty() && !found->empty())
      co_return fail(ErrorKind::kForbidden, "RMT-M048",
                     fmt::format("its name stands for {}, which is not to be had by a name; this machine is "
                                 "declared as localhost",
                                 found->front().to_string()));
    co_return endpoints;
  }

  void tell(const http::Authority& host, std::string_view why) const {
    if (shared_->settings.tell) shared_->settings.tell(id_, to_string(host), why);
  }

  const std::shared_ptr<Shared> shared_;
  const std::string id_;
  asio::posix::stream_descriptor ended_;
  std::vector<OpenDoor> doors_;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::size_t taken_ = 0;
};

Relay::Relay(RelaySettings settings, Lookup lookup)
    : lookups_(kLookups),
      shared_(new Shared{loop_, lookups_, std::move(settings), lookup ? std::move(lookup) : ask_the_system}) {
}

// The loop first: a lookup that ends later has nobody to tell.
Relay::~Relay() { loop_.stop(); }

Result<void> Relay::serve(std::string id, pid_t child, std::vector<Door> doors) {
  mcp::Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, child, 0U)));
  if (ended.get() < 0)
    return fail(ErrorKind::kUnavailable, "RMT-M048",
                fmt::format("watching a process: {}", std::generic_category().message(errno)));
  loop_.post([child = std::make_shared<Child>(shared_, std::move(id), std::move(ended), std::move(doors))] {
    child->start();
  });
  return {};
}

std::size_t Relay::connections() const { return shared_->taken; }

}  // namespace remit::sandbox
