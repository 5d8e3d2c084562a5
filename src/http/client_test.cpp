#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <limits>

#include "http/block_on.h"
#include "http/raw_server.h"
#include "http/server.h"
#include "http/sse.h"

namespace remit::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

RawServer::Script answer(std::string bytes) {
  return [bytes = std::move(bytes)](RawPeer& peer) {
    peer.read_header();
    peer.send(bytes);
  };
}

// A client that is destroyed on its loop, as it must be while that runs.
class OwnClient {
 public:
  OwnClient(Loop& loop, ClientOptions options)
      : loop_(loop), client_(std::make_unique<Client>(loop, std::move(options))) {}
  ~OwnClient() {
    block_on(loop_, [](std::unique_ptr<Client>& client) -> Task<void> {
      client.reset();
      co_return;
    }(client_));
  }
  Result<Response> run(Call call) { return block_on(loop_, client_->call(std::move(call))); }

 private:
  Loop& loop_;
  std::unique_ptr<Client> client_;
};

class ClientTest : public testing::Test {
 protected:
  ~ClientTest() override {
    server_.reset();
    loops_.stop();
  }

  Call to(std::string_view url, Method method = Method::kPost, std::string body = {}) {
    return {.method = method, .url = parse_url(url).value(), .body = std::move(body)};
  }
  Result<Response> run(Call call, CallOptions options = {}) {
    return block_on(loops_[0], client_.call(std::move(call), std::move(options)));
  }
  std::size_t idle() {
    return block_on(
        loops_[0], [](Client& client) -> Task<std::size_t> { co_return client.idle_connections(); }(client_));
  }
  void serve(Handler handler, ServerOptions options = {}) {
    server_ = std::make_unique<Server>(loops_, std::move(options), std::move(handler));
    base_ = "http://" + server_->listen("127.0.0.1:0").value();
  }

  LoopGroup loops_{2};
  std::unique_ptr<Server> server_;
  std::string base_;
  Client client_{loops_[0]};
};

Task<Response> say_again(Request& request, Exchange&) {
  co_return Response{
      .headers = {{"X-Host", *request.headers.find("Host")}},
      .body = std::string(to_string(request.method)) + " " + request.target + "|" + request.body};
}

TEST_F(ClientTest, CallsAndKeepsTheConnection) {
  serve(say_again);
  for (int i = 0; i < 5; ++i) {
    auto response = run(to(base_ + "/a?b=c", Method::kPost, "hello"));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "POST /a?b=c|hello");
    EXPECT_EQ(*response->headers.find("x-host"), base_.substr(7));
    EXPECT_EQ(idle(), 1u);
  }
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(ClientTest, CarriesLargeBodiesBothWays) {
  serve(say_again);
  const std::string body(3'000'000, 'x');
  auto response = run(to(base_, Method::kPut, body));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "PUT /|" + body);
}

TEST_F(ClientTest, KnowsAnswersWithoutABody) {
  serve([](Request& request, Exchange&) -> Task<Response> {
    co_return Response{.status = request.method == Method::kDelete ? 204 : 200, .body = "x"};
  });
  for (auto method : {Method::kHead, Method::kDelete}) {
    auto response = run(to(base_, method));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "");
  }
  EXPECT_EQ(idle(), 1u);
}

TEST_F(ClientTest, TakesEveryFramingOfAnAnswer) {
  RawServer server(
      {answer(
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
       answer("HTTP/1.1 200 OK\r\n\r\nok"), answer("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
       answer("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
              std::string(kOk))});
  for (int i = 0; i < 4; ++i) {
    auto response = run(to(server.url()));
    ASSERT_TRUE(response) << i << ": " << response.error().message;
    EXPECT_EQ(response->body, "ok") << i;
    EXPECT_EQ(response->status, 200);
  }
}

TEST_F(ClientTest, SaysWhetherTheRequestMayHaveArrived) {
  const auto sent_long =
      std::string("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") + std::string(1000, 'x');
  const struct {
    std::string_view what;
    RawServer::Script script;
    std::string_view code;
  } cases[] = {
      {"closed without an answer", answer(""), "RMT-H022"},
      {"cut in the header", answer("HTTP/1.1 200 OK\r\nConte"), "RMT-H022"},
      {"cut in the body", answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"), "RMT-H022"},
      {"cut in a chunk", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"), "RMT-H022"},
      {"not HTTP", answer("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "RMT-H029"},
      {"framed two ways",
       answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok"), "RMT-H029"},
      {"switching protocols", answer("HTTP/1.1 101 Switching Protocols\r\n\r\n"), "RMT-H029"},
      {"endless interim answers", answer([] {
         std::string s;
         for (int i = 0; i < 50; ++i) s += "HTTP/1.1 100 Continue\r\n\r\n";
         return s;
       }()),
       "RMT-H029"},
      {"endless header", answer("HTTP/1.1 200 OK\r\nA: " + std::string(200'000, 'x')), "RMT-H029"},
      {"too large by length", answer(sent_long), "RMT-H023"},
      {"too large without length", answer("HTTP/1.1 200 OK\r\n\r\n" + std::string(1000, 'x')), "RMT-H023"},
      {"silence", [](RawPeer& peer) { peer.wait_for_close(); }, "RMT-H025"},
      {"a drip of bytes",
       [](RawPeer& peer) {
         peer.read_header();
         peer.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
         for (int i = 0; i < 40; ++i) {
           peer.send("x");
           std::this_thread::sleep_for(20ms);
         }
       },
       "RMT-H025"},
  };
  for (const auto& [what, script, code] : cases) {
    RawServer server({script});
    auto response =
        run(to(server.url(), Method::kPost, "effect"), {.timeout = 300ms, .max_answer_bytes = 500});
    ASSERT_FALSE(response) << what;
    EXPECT_EQ(response.error().code, code) << what << ": " << response.error().message;
    EXPECT_TRUE(may_have_arrived(response.error())) << what;
    EXPECT_EQ(idle(), 0u) << what;
  }
}

TEST_F(ClientTest, SaysWhenNothingWasSent) {
  std::string closed;
  {
    closed = RawServer({}).url();
  }
  const struct {
    std::string url;
    std::string_view code;
  } cases[] = {{closed, "RMT-H020"},
               {"http://no-such-host.invalid/", "RMT-H020"},
               {"unix:/no/such/socket", "RMT-H020"},
               {"unix:/" + std::string(200, 'x'), "RMT-H020"}};
  for (const auto& [url, code] : cases) {
    auto response = run(to(url));
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().code, code) << url << ": " << response.error().message;
    EXPECT_FALSE(may_have_arrived(response.error()));
  }

  auto split = to(closed);
  split.headers.add("A", "b\r\nX: y");
  EXPECT_EQ(run(split).error().code, "RMT-H034");
  auto smuggled = to(closed);
  smuggled.url.target = "/ HTTP/1.1\r\nX: y";
  EXPECT_EQ(run(smuggled).error().code, "RMT-H034");

  Cancellation cancelled;
  cancelled.cancel();
  EXPECT_EQ(run(to(closed), {.cancellation = cancelled}).error().code, "RMT-H026");
}

TEST_F(ClientTest, WritesARequestOnceThoughTheConnectionHadGoneStale) {
  std::atomic<int> requests = 0;
  const auto once = [&](RawPeer& peer) {
    if (!peer.read_header().empty()) ++requests;
    peer.send(kOk);  // and closes, without a word of it in the header
  };
  RawServer server({once, once, once});
  for (int i = 0; i < 3; ++i) {
    auto response = run(to(server.url()));
    ASSERT_TRUE(response) << response.error().message;
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(requests, 3);
}

TEST_F(ClientTest, NeverRepeatsWhatWasWritten) {
  std::atomic<int> requests = 0;
  const auto twice = [&](RawPeer& peer) {
    peer.read_header();
    peer.send(kOk);
    if (!peer.read_header().empty()) ++requests;  // takes the second request and goes
  };
  const auto other = [&](RawPeer& peer) {
    if (!peer.read_header().empty()) ++requests;
    peer.send(kOk);
  };
  RawServer server({twice, other});
  ASSERT_TRUE(run(to(server.url())));
  ASSERT_EQ(idle(), 1u);
  auto second = run(to(server.url()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "RMT-H022");
  EXPECT_EQ(requests, 1);
  run(to(server.url()));  // frees the other script
}

TEST_F(ClientTest, DoesNotReadAnAnswerThatWasSentBeforeTheRequest) {
  // Bytes that lie in wait on a kept connection would answer a request that was not yet made.
  const auto poisoned = [](RawPeer& peer) {
    peer.read_header();
    peer.send(kOk);
    std::this_thread::sleep_for(50ms);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    peer.wait_for_close();
  };
  RawServer server({poisoned, answer(std::string(kOk))});
  ASSERT_TRUE(run(to(server.url())));
  std::this_thread::sleep_for(150ms);
  auto second = run(to(server.url()));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->body, "ok");

  RawServer at_once({answer(std::string(kOk) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
                     answer(std::string(kOk))});
  ASSERT_TRUE(run(to(at_once.url())));
  EXPECT_EQ(run(to(at_once.url()))->body, "ok");
}

TEST_F(ClientTest, CancellingEndsACallThatWaits) {
  RawServer server({[](RawPeer& peer) { peer.wait_for_close(); }});
  Cancellation cancellation;
  std::jthread later([cancellation]() mutable {
    std::this_thread::sleep_for(100ms);
    cancellation.cancel();
  });
  const auto before = std::chrono::steady_clock::now();
  auto response = run(to(server.url()), {.cancellation = cancellation});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, "RMT-H027");
  EXPECT_TRUE(may_have_arrived(response.error()));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
}

// A port whose connections nobody reads from: what has arrived lies in the kernel, and can be counted.
class UnreadPort {
 public:
  UnreadPort() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof(at));
    ::listen(listener_, 1);
    socklen_t size = sizeof(at);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/";
  }
  ~UnreadPort() {
    ::close(listener_);
    if (peer_ >= 0) ::close(peer_);
  }
  UnreadPort(const UnreadPort&) = delete;
  UnreadPort& operator=(const UnreadPort&) = delete;

  const std::string& url() const { return url_; }
  int arrived() {
    accept();
    int bytes = 0;
    if (peer_ >= 0) ::ioctl(peer_, FIONREAD, &bytes);
    return bytes;
  }
  // Reads what the kernel holds. Whether the other end has closed behind it.
  bool ends() {
    accept();
    std::vector<char> buffer(1024 * 1024);
    pollfd input{.fd = peer_, .events = POLLIN, .revents = 0};
    while (peer_ >= 0 && ::poll(&input, 1, 500) == 1)
      if (::recv(peer_, buffer.data(), buffer.size(), 0) <= 0) return true;
    return false;
  }

 private:
  void accept() {
    if (peer_ < 0) peer_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  }

  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int peer_ = -1;
  std::string url_;
};

TEST_F(ClientTest, NothingIsWrittenOnceACallIsCancelled) {
  // However many turns of the loop the call is ahead when it is cancelled: just connected is one of them.
  auto& loop = loops_[0];
  for (int turns = 0; turns < 6; ++turns) {
    UnreadPort port;
    int before = 0;
    Cancellation cancellation;
    std::function<void(int)> cancel_after = [&](int left) {
      if (left > 0) return loop.post([&, left] { cancel_after(left - 1); });
      before = port.arrived();
      cancellation.cancel();
    };
    std::promise<Result<Response>> response;
    loop.post([&] {
      loop.spawn([](Task<Result<Response>> call, std::promise<Result<Response>>& done) -> Task<void> {
        done.set_value(co_await std::move(call));
      }(client_.call(to(port.url()), {.cancellation = cancellation}), response));
      loop.post([&] { cancel_after(turns); });
    });
    EXPECT_FALSE(response.get_future().get());
    EXPECT_EQ(port.arrived(), before) << "cancelled after " << turns << " turns";
  }
}

// A request that is larger than the kernel takes at once is half written, and half a request has no effect:
// the other half must not follow.
TEST_F(ClientTest, ARequestThatIsHalfWrittenIsCutWhereItsCallIsCancelled) {
  UnreadPort port;
  Cancellation cancellation;
  auto call = to(port.url(), Method::kPost);
  call.body = std::string(64 * 1024 * 1024, 'x');
  std::promise<Result<Response>> response;
  loops_[0].spawn([](Task<Result<Response>> run, std::promise<Result<Response>>& done) -> Task<void> {
    done.set_value(co_await std::move(run));
  }(client_.call(std::move(call), {.cancellation = cancellation}), response));
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (port.arrived() == 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  std::promise<bool> closed;
  loops_[0].post([&] {
    cancellation.cancel();
    closed.set_value(port.ends());  // nothing else runs on this loop meanwhile
  });
  EXPECT_TRUE(closed.get_future().get());
  EXPECT_FALSE(response.get_future().get());
}

TEST_F(ClientTest, CancellingAFinishedCallLeavesItsConnectionToOthers) {
  serve(say_again);
  Cancellation cancellation;
  ASSERT_TRUE(run(to(base_), {.cancellation = cancellation}));
  cancellation.cancel();
  EXPECT_TRUE(run(to(base_)));
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(ClientTest, TimeToConnectIsBounded) {
  // A full backlog: the kernel drops what comes on top, as a network that swallows packets does.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  socklen_t size = sizeof(at);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ::connect(fillers.back(), reinterpret_cast<sockaddr*>(&at), sizeof(at));
  }
  auto response = run(to("http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/"), {.timeout = 200ms});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, "RMT-H024");
  EXPECT_FALSE(may_have_arrived(response.error()));
  for (int fd : fillers) ::close(fd);
  ::close(listener);
}

TEST_F(ClientTest, AsksTheRulesAboutTheAddressItself) {
  serve(say_again);
  std::vector<std::string> asked;
  OwnClient strict(loops_[0], {.address_allowed = [&](const boost::asio::ip::address& address) {
                     asked.push_back(address.to_string());
                     return !address.is_loopback();
                   }});
  const auto port = base_.substr(base_.rfind(':'));
  for (auto host : {"127.0.0.1", "localhost"}) {
    auto response = strict.run(to("http://" + std::string(host) + port + "/"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "RMT-H032");
    EXPECT_FALSE(may_have_arrived(response.error()));
  }
  EXPECT_GE(asked.size(), 2u);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ClientTest, BoundsTheConnectionsToAnOrigin) {
  std::promise<void> entered;
  auto waiting = std::make_shared<std::atomic<bool>>(true);
  serve([&, waiting](Request&, Exchange& exchange) -> Task<Response> {
    entered.set_value();
    while (*waiting) {
      boost::asio::steady_timer timer(exchange.loop().context(), 10ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return Response{};
  });
  OwnClient narrow(loops_[0], {.max_connections_per_origin = 1});
  auto first = std::async(std::launch::async, [&] { return narrow.run(to(base_)); });
  entered.get_future().get();
  auto second = narrow.run(to(base_));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "RMT-H033");
  *waiting = false;
  EXPECT_TRUE(first.get());
}

TEST_F(ClientTest, BoundsConnectionsToAllOriginsTogetherAndLetsThoseThatRestMakeRoom) {
  serve(say_again);
  Server elsewhere(loops_, {}, Handler(say_again));
  const auto other = "http://" + elsewhere.listen("127.0.0.1:0").value();
  OwnClient narrow(loops_[0], {.max_connections = 1});
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(narrow.run(to(base_)));
    EXPECT_TRUE(narrow.run(to(other)));
  }
}

TEST_F(ClientTest, LetsGoOfConnectionsThatRest) {
  serve(say_again);
  OwnClient brief(loops_[0], {.idle_timeout = 100ms});
  ASSERT_TRUE(brief.run(to(base_)));
  for (int i = 0; i < 300 && server_->connections() > 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(server_->connections(), 0u);
}

Task<Result<std::vector<ServerEvent>>> read_events(Client& client, Call call, CallOptions options) {
  auto answer = co_await client.open(std::move(call), std::move(options));
  if (!answer) co_return std::unexpected(answer.error());
  SseParser parser;
  std::vector<ServerEvent> all;
  for (;;) {
    auto piece = co_await answer->body.read();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return all;
    auto events = parser.feed(*piece);
    if (!events) co_return std::unexpected(events.error());
    all.insert(all.end(), events->begin(), events->end());
  }
}

TEST_F(ClientTest, ReadsAStreamOfEventsAsItComes) {
  serve([](Request&, Exchange& exchange) -> Task<Response> {
    auto stream = exchange.start_events();
    for (int i = 0; i < 5; ++i) {
      stream->send({.data = std::to_string(i)});
      boost::asio::steady_timer timer(exchange.loop().context(), 100ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    stream->close();
    co_return Response{};
  });
  // The timeout is for the header alone.
  auto events = block_on(loops_[0], read_events(client_, to(base_), {.timeout = 200ms}));
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 5u);
  EXPECT_EQ(events->back().data, "4");
  EXPECT_EQ(idle(), 1u) << "the connection is free again";
}

TEST_F(ClientTest, AStreamThatFallsSilentOrIsCutOrGrowsTooLargeIsAnError) {
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: "
      "x\n\n\r\n";
  RawServer silent({[&](RawPeer& peer) {
    peer.read_header();
    peer.send(head);
    peer.wait_for_close();
  }});
  auto events = block_on(loops_[0], read_events(client_, to(silent.url()), {.read_timeout = 150ms}));
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code, "RMT-H025");

  RawServer cut({answer(head)});
  EXPECT_EQ(block_on(loops_[0], read_events(client_, to(cut.url()), {})).error().code, "RMT-H022");

  RawServer large({answer(head + "64\r\n" + std::string(100, 'x') + "\r\n0\r\n\r\n")});
  EXPECT_EQ(block_on(loops_[0], read_events(client_, to(large.url()), {.max_answer_bytes = 50})).error().code,
            "RMT-H023");
}

TEST_F(ClientTest, LettingGoOfAStreamTellsTheServer) {
  std::promise<void> gone;
  std::shared_ptr<EventStream> stream;
  serve([&](Request&, Exchange& exchange) -> Task<Response> {
    stream = exchange.start_events();
    stream->on_client_gone([&] { gone.set_value(); });
    stream->send({.data = "x"});
    co_return Response{};
  });
  block_on(loops_[0], [](Client& client, Call call) -> Task<void> {
    auto answer = co_await client.open(std::move(call));
    EXPECT_TRUE(answer);
    auto piece = co_await answer->body.read();
    EXPECT_TRUE(piece);
  }(client_, to(base_)));
  EXPECT_EQ(gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ClientTest, ACallGoesOnWithoutItsClientEvenIfItHadNotBegun) {
  serve(say_again);
  auto client = std::make_unique<Client>(loops_[0]);
  auto call = client->call(to(base_ + "/farewell", Method::kDelete));
  client.reset();
  const auto response = block_on(loops_[0], std::move(call));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "DELETE /farewell|");
}

TEST_F(ClientTest, SpeaksOverAUnixSocket) {
  serve([](Request& request, Exchange&) -> Task<Response> {
    co_return Response{.body = request.peer.address + request.target};
  });
  const auto path = testing::TempDir() + "/remit_client_" + std::to_string(::getpid()) + ".sock";
  ASSERT_TRUE(server_->listen("unix:" + path));
  auto call = to("unix:" + path);
  call.url.target = "/v1/agents?x=1";
  auto response = run(std::move(call));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "unix/v1/agents?x=1");
}

TEST_F(ClientTest, ManyAtOnceEachGetTheirOwnAnswer) {
  serve(say_again);
  std::vector<std::future<Result<Response>>> answers;
  for (int i = 0; i < 64; ++i)
    answers.push_back(boost::asio::co_spawn(
        loops_[0].context(), client_.call(to(base_ + "/" + std::to_string(i))), boost::asio::use_future));
  for (int i = 0; i < 64; ++i) {
    auto response = answers[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "POST /" + std::to_string(i) + "|");
  }
}

}  // namespace
}  // namespace remit::http
