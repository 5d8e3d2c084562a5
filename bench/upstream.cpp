// bench_upstream: an MCP server (Streamable HTTP, revision 2025-11-25) that is as cheap as it can be, so that
// what is measured in front of it is not the server. One thread, one tool: `echo`.
//
//   bench_upstream [--listen 127.0.0.1:0] [--record FILE]
//
// It prints "listening ADDRESS" and serves until SIGTERM. With --record it appends one line to FILE for each
// tools/call, before it answers: the argument `call` (-1 where there is none) and the time at which it
// arrived at this process's socket, in ns of CLOCK_MONOTONIC. The kernel notes that time, so that it does not
// depend on when this process is scheduled. One write(2) with O_APPEND a line: what a reader finds there has
// arrived here.

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "arrival.h"
#include "options.h"
#include "wire.h"

namespace remit::bench {
namespace {

constexpr std::string_view kTools =
    R"({"tools":[{"name":"echo","description":"Gives back its text.","inputSchema":{"type":"object",)"
    R"("properties":{"call":{"type":"integer"},"text":{"type":"string"}},"additionalProperties":false}}]})";

// The members of a JSON-RPC message that are looked at. Views into the parsed document.
struct Call {
  std::string_view method;
  std::string_view id;  // as it was written; empty: a notification
  std::string_view protocol_version;
  std::string_view text;  // with its escapes, for the answer
  std::int64_t number = -1;
};

class Upstream {
 public:
  explicit Upstream(int record) : record_(record) {}

  bool records() const { return record_ >= 0; }

  // Appends the answer to `out`.
  void answer(const Message& request, std::uint64_t arrived_at, std::string& out) {
    arrived_at_ = arrived_at;
    if (request.start_line.starts_with("POST ")) return post(request, out);
    if (request.start_line.starts_with("DELETE ")) return end_session(request, out);
    reply(out, "405 Method Not Allowed", "Allow: POST, DELETE\r\n", {});  // it has no stream of its own
  }

 private:
  void post(const Message& request, std::string& out) {
    Call call;
    if (!read(request.body, call)) return reply(out, "400 Bad Request", {}, kParseError);
    if (call.method == "initialize") return initialize(call, out);
    const auto session = field(request, "Mcp-Session-Id");
    if (!session) return reply(out, "400 Bad Request", {}, {});
    if (!sessions_.contains(std::string(*session))) return reply(out, "404 Not Found", {}, {});
    if (call.id.empty()) return reply(out, "202 Accepted", {}, {});
    if (call.method == "tools/call") return echo(call, out);
    if (call.method == "tools/list") return result(call, kTools, out);
    if (call.method == "ping") return result(call, "{}", out);
    body_.clear();
    fmt::format_to(std::back_inserter(body_),
                   R"({{"jsonrpc":"2.0","id":{},"error":{{"code":-32601,"message":"Method not found"}}}})",
                   call.id);
    reply(out, "200 OK", {}, body_);
  }

  // False: not a JSON-RPC request or notification.
  bool read(std::string_view body, Call& call) {
    padded_.assign(body);
    padded_.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document;
    if (parser_.iterate(padded_.data(), body.size(), padded_.capacity()).get(document) != simdjson::SUCCESS)
      return false;
    simdjson::ondemand::object members;
    if (document.get_object().get(members) != simdjson::SUCCESS) return false;
    for (auto member : members) {
      std::string_view key;
      simdjson::ondemand::value value;
      if (member.unescaped_key().get(key) != simdjson::SUCCESS ||
          member.value().get(value) != simdjson::SUCCESS)
        return false;
      if (key == "method") {
        if (value.get_string().get(call.method) != simdjson::SUCCESS) return false;
      } else if (key == "id") {
        call.id = trimmed(value.raw_json_token());
      } else if (key == "params") {
        simdjson::ondemand::object params;
        if (value.get_object().get(params) != simdjson::SUCCESS || !read_params(params, call)) return false;
      }
    }
    return !call.method.empty();
  }

  static bool read_params(simdjson::ondemand::object& params, Call& call) {
    for (auto member : params) {
      std::string_view key;
      simdjson::ondemand::value value;
      if (member.unescaped_key().get(key) != simdjson::SUCCESS ||
          member.value().get(value) != simdjson::SUCCESS)
        return false;
      if (key == "protocolVersion") {
        if (value.get_string().get(call.protocol_version) != simdjson::SUCCESS) return false;
      } else if (key == "arguments") {
        simdjson::ondemand::object arguments;
        if (value.get_object().get(arguments) != simdjson::SUCCESS) return false;
        for (auto argument : arguments) {
          if (argument.unescaped_key().get(key) != simdjson::SUCCESS) return false;
          if (argument.value().get(value) != simdjson::SUCCESS) return false;
          if (key == "call" && value.get_int64().get(call.number) != simdjson::SUCCESS) return false;
          if (key == "text") call.text = trimmed(value.raw_json_token());
        }
      }
    }
    return true;
  }

  static std::string_view trimmed(std::string_view token) {
    while (!token.empty() &&
           (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t')) {
      token.remove_suffix(1);
    }
    return token;
  }

  void initialize(const Call& call, std::string& out) {
    const auto session = fmt::format("bench-{:08x}", ++last_session_);
    sessions_.insert(session);
    const bool known = call.protocol_version == "2025-06-18" || call.protocol_version == "2025-03-26";
    body_.clear();
    fmt::format_to(
        std::back_inserter(body_),
        R"({{"jsonrpc":"2.0","id":{},"result":{{"protocolVersion":"{}","capabilities":{{"tools":{{}}}},)"
        R"("serverInfo":{{"name":"bench_upstream","version":"1"}}}}}})",
        call.id, known ? call.protocol_version : "2025-11-25");
    reply(out, "200 OK", fmt::format("Mcp-Session-Id: {}\r\n", session), body_);
  }

  void end_session(const Message& request, std::string& out) {
    const auto session = field(request, "Mcp-Session-Id");
    if (!session) return reply(out, "400 Bad Request", {}, {});
    if (sessions_.erase(std::string(*session)) == 0) return reply(out, "404 Not Found", {}, {});
    reply(out, "200 OK", {}, {});
  }

  void echo(const Call& call, std::string& out) {
    if (record_ >= 0) {
      const auto line = fmt::format("{} {}\n", call.number, arrived_at_);
      if (::write(record_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw std::system_error(errno, std::generic_category(), "record file");
      }
    }
    body_.clear();
    fmt::format_to(std::back_inserter(body_),
                   R"({{"jsonrpc":"2.0","id":{},"result":{{"content":[{{"type":"text","text":{}}}]}}}})",
                   call.id, call.text.empty() ? R"("")" : call.text);
    reply(out, "200 OK", {}, body_);
  }

  void result(const Call& call, std::string_view value, std::string& out) {
    body_.clear();
    fmt::format_to(std::back_inserter(body_), R"({{"jsonrpc":"2.0","id":{},"result":{}}})", call.id, value);
    reply(out, "200 OK", {}, body_);
  }

  static void reply(std::string& out, std::string_view status, std::string_view fields,
                    std::string_view body) {
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {}\r\n{}{}Content-Length: {}\r\n\r\n{}", status, fields,
                   body.empty() ? "" : "Content-Type: application/json\r\n", body.size(), body);
  }

  static constexpr std::string_view kParseError =
      R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}})";

  const int record_;
  std::uint64_t arrived_at_ = 0;
  simdjson::ondemand::parser parser_;
  std::string padded_;
  std::string body_;
  std::unordered_set<std::string> sessions_;
  std::uint32_t last_session_ = 0;
};

struct Connection {
  std::string in;
  std::string out;
};

// One thread, level-triggered. Answers are small and the readers keep up, so a blocked write ends a
// connection.
class Loop {
 public:
  Loop(int listener, Upstream& upstream) : listener_(listener), upstream_(upstream) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    stop_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    watch(listener_);
    watch(stop_);
  }

  void run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int at = 0; at < count; ++at) {
        const int fd = events[static_cast<std::size_t>(at)].data.fd;
        if (fd == stop_) return;
        if (fd == listener_) {
          accept_all();
        } else if (!serve(fd)) {
          connections_.erase(fd);
          ::close(fd);
        }
      }
    }
  }

 private:
  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      set_no_delay(fd);
      if (upstream_.records()) stamp_arrivals(fd);
      watch(fd);
      connections_[fd];
    }
  }

  bool serve(int fd) {
    auto& connection = connections_[fd];
    std::uint64_t arrived_at = 0;
    const auto got = upstream_.records() ? receive_stamped(fd, buffer_, arrived_at)
                                         : ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    connection.in.append(buffer_.data(), static_cast<std::size_t>(got));
    std::size_t taken = 0;
    while (const auto request = read_message(std::string_view(connection.in).substr(taken), joined_)) {
      taken += request->bytes;
      upstream_.answer(*request, arrived_at, connection.out);
    }
    connection.in.erase(0, taken);
    if (connection.out.empty()) return true;
    const auto sent = ::send(fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    const bool all = sent == static_cast<ssize_t>(connection.out.size());
    connection.out.clear();
    return all;
  }

  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  const int listener_;
  int stop_ = -1;
  Upstream& upstream_;
  std::unordered_map<int, Connection> connections_;
  std::array<char, 64 * 1024> buffer_{};
  std::string joined_;
};

int run(int argc, char** argv) {
  const Options options(argc, argv, {"--listen", "--record"});
  int record = -1;
  if (const auto file = options.text("--record"); !file.empty()) {
    record = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (record < 0) throw std::system_error(errno, std::generic_category(), file);
  }
  const int listener = listen_on(parse_address(options.text("--listen", "127.0.0.1:0")));
  Upstream upstream(record);
  Loop loop(listener, upstream);
  fmt::print("listening 127.0.0.1:{}\n", port_of(listener));
  std::fflush(stdout);
  loop.run();
  return 0;
}

}  // namespace
}  // namespace remit::bench

int main(int argc, char** argv) {
  try {
    return remit::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_upstream: {}\n", error.what());
    return 2;
  }
}
