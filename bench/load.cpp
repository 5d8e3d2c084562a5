// bench_load: MCP clients that call one tool as fast as its answers come, and what they saw.
//
//   bench_load --url http://127.0.0.1:PORT/mcp [--connections 64] [--calls 20000] [--warmup 0] [--tool echo]
//              [--body-bytes 606] [--token-file FILE] [--first 0] [--watch PID,PID] [--survive 1]
//              [--record FILE] [--seconds 120]
//
// Each connection has a session of its own (initialize, notifications/initialized, DELETE); calls begin when
// all are open, and connections take them from one number line that begins at --first: the argument `call`.
// Prints one JSON object. Latency is from the write of a call to the end of its answer; `cpu_us` is the CPU
// per call of each watched process, between the first call behind the warm-up and the last answer.
//
// Exits 0 when every call was answered with a result, 1 otherwise. With --survive 1 lost connections are
// counted and are no failure. Stops after --seconds in any case. With --record it appends one line to FILE
// for each call that was answered with a result: its number and the time of CLOCK_MONOTONIC in ns.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cpu_time.h"
#include "options.h"
#include "wire.h"

namespace remit::bench {
namespace {

struct Plan {
  Address address;
  std::string host;
  std::string path;
  std::string token;
  std::string tool;
  std::size_t connections = 0;
  std::uint64_t calls = 0;
  std::uint64_t warmup = 0;
  std::uint64_t first = 0;
  std::uint64_t seconds = 0;
  std::size_t body_bytes = 0;
  std::string record;  // a file, or empty
  bool survive = false;
  std::vector<pid_t> watched;
};

enum class State { kOpening, kConfirming, kReady, kCalling, kIdle, kEnding, kGone };

struct Connection {
  int fd = -1;
  State state = State::kOpening;
  std::string session;
  std::string in;
  std::string out;
  std::uint64_t number = 0;  // of its last call
  std::uint64_t sent_at = 0;
};

struct Seen {
  std::vector<std::uint64_t> latencies;  // ns, of the calls behind the warm-up
  std::uint64_t answered = 0;            // with a result, warm-up included
  std::uint64_t denied = 0;
  std::uint64_t errors = 0;
  std::uint64_t lost = 0;  // connections
  std::string first_error;
};

class Load {
 public:
  explicit Load(Plan plan) : plan_(std::move(plan)), next_(plan_.first) {
    seen_.latencies.reserve(plan_.calls);
    connections_.resize(plan_.connections);
    if (plan_.record.empty()) return;
    record_.open(plan_.record, std::ios::app);
    if (!record_) throw std::runtime_error("cannot write to " + plan_.record);
  }

  void run() {
    open_all();
    const auto deadline = now_ns() + plan_.seconds * 1'000'000'000;
    std::array<epoll_event, 256> events{};
    while (gone_ < connections_.size()) {
      if (now_ns() > deadline) {
        fail("not done in time");
        break;
      }
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int at = 0; at < count; ++at) serve(connections_[events[static_cast<std::size_t>(at)].data.u64]);
    }
    if (finished_at_ == 0) finish();
  }

  std::string report() {
    std::ranges::sort(seen_.latencies);
    const auto quantile = [&](double part) {
      if (seen_.latencies.empty()) return 0.0;
      const auto at = static_cast<std::size_t>(part * static_cast<double>(seen_.latencies.size() - 1));
      return static_cast<double>(seen_.latencies[at]) / 1000;
    };
    std::vector<double> cpu_us;
    for (std::size_t at = 0;
         at < plan_.watched.size() && at < cpu_at_end_.size() && at < cpu_at_start_.size(); ++at) {
      cpu_us.push_back(static_cast<double>(cpu_at_end_[at] - cpu_at_start_[at]) / 1000 /
                       static_cast<double>(std::max<std::size_t>(seen_.latencies.size(), 1)));
    }
    return fmt::format(
        R"({{"connections":{},"answered":{},"denied":{},"errors":{},"lost":{},"seconds":{:.3f},"p50_us":{:.1f},)"
        R"("p99_us":{:.1f},"max_us":{:.1f},"cpu_us":[{:.2f}],"next":{},"first_error":{}}})",
        plan_.connections, seen_.answered, seen_.denied, seen_.errors, seen_.lost,
        static_cast<double>(finished_at_ - started_at_) / 1e9, quantile(0.5), quantile(0.99), quantile(1.0),
        fmt::join(cpu_us, ","), next_, quoted(seen_.first_error));
  }

  bool good() const { return seen_.errors == 0 && (plan_.survive || (seen_.lost == 0 && seen_.denied == 0)); }

 private:
  void open_all() {
    for (std::size_t at = 0; at < connections_.size(); ++at) {
      auto& connection = connections_[at];
      connection.fd = connect_to(plan_.address);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = at;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
      wait_for_connect(connection);
      if (connection.state == State::kGone) continue;
      post(connection,
           R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
           R"("capabilities":{},"clientInfo":{"name":"bench_load","version":"1"}}})");
    }
  }

  // On loopback this is immediate.
  void wait_for_connect(Connection& connection) {
    const int own = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLOUT;
    ::epoll_ctl(own, EPOLL_CTL_ADD, connection.fd, &event);
    const bool answered = ::epoll_wait(own, &event, 1, 5000) == 1;
    ::close(own);
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (!answered || error != 0) lose(connection, "cannot connect");
  }

  void serve(Connection& connection) {
    if (connection.state == State::kGone) return;
    const auto got = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return lose(connection, "connection closed by the other end");
    connection.in.append(buffer_.data(), static_cast<std::size_t>(got));
    const auto answer = read_message(connection.in, joined_);
    if (!answer) return;
    if (status_of(*answer) >= 300) {
      fail(fmt::format("{}: {}", answer->start_line, answer->body.substr(0, 300)));
      if (connection.state != State::kCalling) return leave(connection);
    }
    take(connection, *answer);
    if (connection.state != State::kGone) advance(connection);
  }

  // What an answer says. The input is free afterwards.
  void take(Connection& connection, const Message& answer) {
    if (connection.state == State::kOpening) {
      const auto session = field(answer, "Mcp-Session-Id");
      if (session) connection.session = *session;
    } else if (connection.state == State::kCalling) {
      count(connection, answer);
    }
    connection.in.erase(0, answer.bytes);
  }

  void count(const Connection& connection, const Message& answer) {
    if (answer.body.find(R"("isError":true)") != std::string_view::npos) {
      ++seen_.denied;
      if (seen_.first_error.empty()) seen_.first_error = answer.body.substr(0, 300);
    } else if (answer.body.find(R"("result":)") != std::string_view::npos) {
      ++seen_.answered;
      if (record_.is_open()) record_ << connection.number << ' ' << now_ns() << '\n';
    } else if (status_of(answer) < 300) {
      fail(fmt::format("no result: {}", answer.body.substr(0, 300)));
    }
    ++ended_;
    if (ended_ == plan_.warmup) return start_clock();
    if (ended_ > plan_.warmup) seen_.latencies.push_back(now_ns() - connection.sent_at);
  }

  void advance(Connection& connection) {
    switch (connection.state) {
      case State::kOpening:
        connection.state = State::kConfirming;
        return post(connection, R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
      case State::kConfirming:
        connection.state = State::kReady;
        ++ready_;
        return begin_when_all_ready();
      case State::kCalling:
        return call(connection);
      case State::kEnding:
        return leave(connection);
      case State::kReady:
      case State::kIdle:
      case State::kGone:
        return;
    }
  }

  void begin_when_all_ready() {
    if (begun_ || ready_ + gone_ < connections_.size()) return;
    begun_ = true;
    start_clock();
    for (auto& connection : connections_) {
      if (connection.state == State::kReady) call(connection);
    }
  }

  void call(Connection& connection) {
    if (next_ == plan_.first + plan_.warmup + plan_.calls) {
      connection.state = State::kIdle;
      ++idle_;
      return end_when_all_idle();
    }
    connection.state = State::kCalling;
    const auto number = next_++;
    body_.clear();
    fmt::format_to(
        std::back_inserter(body_),
        R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"{}","arguments":{{"call":{},"text":")",
        number + 1, plan_.tool, number);
    constexpr std::string_view kEnd = R"("}}})";
    if (body_.size() + kEnd.size() < plan_.body_bytes)
      body_.append(plan_.body_bytes - body_.size() - kEnd.size(), 'x');
    body_ += kEnd;
    connection.number = number;
    connection.sent_at = now_ns();
    post(connection, body_);
  }

  void end_when_all_idle() {
    if (idle_ + gone_ < connections_.size()) return;
    finish();
    for (auto& connection : connections_) {
      if (connection.state != State::kIdle) continue;
      connection.state = State::kEnding;
      send_request(connection, "DELETE", {});
    }
  }

  void post(Connection& connection, std::string_view body) { send_request(connection, "POST", body); }

  void send_request(Connection& connection, std::string_view method, std::string_view body) {
    auto& out = connection.out;
    out.clear();
    auto to = std::back_inserter(out);
    fmt::format_to(to, "{} {} HTTP/1.1\r\nHost: {}\r\nAccept: application/json, text/event-stream\r\n",
                   method, plan_.path, plan_.host);
    if (!plan_.token.empty()) fmt::format_to(to, "Authorization: Bearer {}\r\n", plan_.token);
    if (!connection.session.empty()) {
      fmt::format_to(to, "Mcp-Session-Id: {}\r\nMCP-Protocol-Version: 2025-11-25\r\n", connection.session);
    }
    if (!body.empty()) {
      fmt::format_to(to, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
    }
    fmt::format_to(to, "\r\n{}", body);
    if (::send(connection.fd, out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size())) {
      lose(connection, "cannot write");
    }
  }

  void start_clock() {
    started_at_ = now_ns();
    cpu_at_start_ = read_cpu();
  }

  void finish() {
    finished_at_ = now_ns();
    if (started_at_ == 0) started_at_ = finished_at_;
    cpu_at_end_ = read_cpu();
  }

  std::vector<std::uint64_t> read_cpu() const {
    std::vector<std::uint64_t> times;
    times.reserve(plan_.watched.size());
    for (const auto process : plan_.watched) times.push_back(cpu_time_ns(process));
    return times;
  }

  void fail(std::string why) {
    ++seen_.errors;
    if (seen_.first_error.empty()) seen_.first_error = std::move(why);
  }

  void lose(Connection& connection, std::string why) {
    ++seen_.lost;
    if (seen_.first_error.empty()) seen_.first_error = std::move(why);
    leave(connection);
  }

  void leave(Connection& connection) {
    ready_ -= connection.state == State::kReady ? 1 : 0;
    idle_ -= connection.state == State::kIdle ? 1 : 0;
    ::close(connection.fd);
    connection.state = State::kGone;
    ++gone_;
    if (!begun_) return begin_when_all_ready();
    if (finished_at_ == 0) end_when_all_idle();
  }

  static std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "\"";
  }

  const Plan plan_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> connections_;
  Seen seen_;
  std::uint64_t next_;
  std::uint64_t ended_ = 0;
  std::size_t ready_ = 0;
  std::size_t idle_ = 0;
  std::size_t gone_ = 0;
  bool begun_ = false;
  std::uint64_t started_at_ = 0;
  std::uint64_t finished_at_ = 0;
  std::vector<std::uint64_t> cpu_at_start_;
  std::vector<std::uint64_t> cpu_at_end_;
  std::array<char, 64 * 1024> buffer_{};
  std::string joined_;
  std::string body_;
  std::ofstream record_;
};

Plan read_plan(int argc, char** argv) {
  const Options options(argc, argv,
                        {"--url", "--connections", "--calls", "--warmup", "--tool", "--body-bytes",
                         "--token-file", "--first", "--watch", "--survive", "--record", "--seconds"});
  Plan plan;
  auto url = options.text("--url");
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) throw std::runtime_error("--url takes http://ADDRESS:PORT/PATH");
  url.erase(0, kScheme.size());
  plan.host = url.substr(0, url.find('/'));
  plan.path = url.size() > plan.host.size() ? url.substr(plan.host.size()) : "/";
  plan.address = parse_address(plan.host);
  if (const auto file = options.text("--token-file"); !file.empty()) {
    std::ifstream(file) >> plan.token;
    if (plan.token.empty()) throw std::runtime_error("no token in " + file);
  }
  plan.tool = options.text("--tool", "echo");
  plan.connections = options.number("--connections", 64);
  plan.calls = options.number("--calls", 20'000);
  plan.warmup = options.number("--warmup", 0);
  plan.first = options.number("--first", 0);
  plan.seconds = options.number("--seconds", 120);
  plan.body_bytes = options.number("--body-bytes", 606);
  plan.record = options.text("--record");
  plan.survive = options.number("--survive", 0) != 0;
  auto watched = options.text("--watch");
  while (!watched.empty()) {
    const auto comma = std::min(watched.find(','), watched.size());
    plan.watched.push_back(std::stoi(watched.substr(0, comma)));
    watched.erase(0, comma + 1);
  }
  return plan;
}

}  // namespace
}  // namespace remit::bench

int main(int argc, char** argv) {
  try {
    remit::bench::Load load(remit::bench::read_plan(argc, argv));
    load.run();
    fmt::print("{}\n", load.report());
    return load.good() ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_load: {}\n", error.what());
    return 2;
  }
}
