#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <future>
#include <thread>

#include "http/raw_client.h"

namespace remit::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

Task<void> sleep_for(Loop& loop, std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(loop.context(), time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

// "METHOD path?query|body"
Task<Response> echo(Request& request, Exchange&) {
  co_return Response{.body = std::string(to_string(request.method)) + " " + request.path + "?" +
                             request.query + "|" + request.body};
}

class ServerTest : public testing::Test {
 protected:
  template <typename HandlerOrAdmission>
  void start(HandlerOrAdmission work, ServerOptions options = {}) {
    server_ = std::make_unique<Server>(loops_, std::move(options), std::move(work));
    auto address = server_->listen("127.0.0.1:0");
    ASSERT_TRUE(address) << address.error().message;
    address_ = *address;
  }

  LoopGroup loops_{2};
  std::unique_ptr<Server> server_;
  std::string address_;
};

TEST_F(ServerTest, AnswersOneRequestAfterAnotherOnAConnection) {
  start(echo);
  RawClient client(address_);
  for (int i = 0; i < 3; ++i) {
    client.send("POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    const auto answer = client.read_answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nPOST /a?b|abc"));
  }
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(ServerTest, AnswersRequestsSentAheadInOrder) {
  start([](Request& request, Exchange& exchange) -> Task<Response> {
    if (request.path == "/0") co_await sleep_for(exchange.loop(), 50ms);
    co_return Response{.body = request.path};
  });
  RawClient client(address_);
  std::string all;
  for (int i = 0; i < 500; ++i)
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nX: " + std::string(60, 'x') + "\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 500; ++i)
    ASSERT_TRUE(client.read_answer().ends_with("\r\n\r\n/" + std::to_string(i))) << i;
}

TEST_F(ServerTest, ReadsARequestHoweverItIsCut) {
  start(echo);
  for (std::string request : {"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
                              "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                              "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"}) {
    RawClient client(address_);
    for (char c : request) {
      client.send({&c, 1});
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_THAT(client.read_answer(), HasSubstr("POST /x?|hello"));
  }
}

TEST_F(ServerTest, TakesABodyOfManyReads) {
  start(echo);
  RawClient client(address_);
  const std::string body(3'000'000, 'x');
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + body);
  EXPECT_TRUE(client.read_answer().ends_with("POST /?|" + body));
}

TEST_F(ServerTest, RefusesWithAProblemAndCloses) {
  start(echo, {.max_header_bytes = 1024, .max_body_bytes = 100});
  const struct {
    std::string request;
    int status;
    std::string_view code;
  } cases[] = {
      {"hello\r\n\r\n", 400, "RMT-H001"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "RMT-H001"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400,
       "RMT-H001"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, "RMT-H001"},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400, "RMT-H001"},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(5000, 'x') + "\r\n\r\n", 431, "RMT-H002"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'), 413, "RMT-H003"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(500000, 'x'), 413,
       "RMT-H003"},
      {"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501, "RMT-H005"},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505, "RMT-H011"},
  };
  for (const auto& [request, status, code] : cases) {
    RawClient client(address_);
    // What is smuggled behind must not be answered.
    client.send(request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto answer = client.read_to_end();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(status))) << request.substr(0, 80);
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/problem+json\r\n"));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("\"code\":\"" + std::string(code) + "\""));
    EXPECT_EQ(answer.find("smuggled"), std::string::npos);
  }
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, AsksForTheBodyWhenTheClientWaitsForThat) {
  start(echo);
  RawClient client(address_);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_THAT(client.read_answer(), HasSubstr("|abc"));
}

TEST_F(ServerTest, TellsASlowHeaderAndASlowBody408AndAnIdleConnectionNothing) {
  start(echo, {.header_timeout = 100ms, .body_timeout = 100ms, .idle_timeout = 100ms});
  for (auto sent : {"GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na"}) {
    RawClient client(address_);
    client.send(sent);
    EXPECT_THAT(client.read_to_end(), AllOf(StartsWith("HTTP/1.1 408"), HasSubstr("RMT-H004")));
  }
  RawClient idle(address_);
  idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  idle.read_answer();
  EXPECT_TRUE(idle.sees_close());
}

TEST_F(ServerTest, ADripOfBytesDoesNotHoldAConnection) {
  start(echo, {.header_timeout = 300ms});
  RawClient client(address_);
  client.send("GET / HTTP/1.1\r\n");
  const auto start_time = std::chrono::steady_clock::now();
  while (client.send("A: b\r\n") && std::chrono::steady_clock::now() - start_time < 4s)
    std::this_thread::sleep_for(20ms);
  EXPECT_LT(std::chrono::steady_clock::now() - start_time, 3s);
}

TEST_F(ServerTest, WhoeverDoesNotReadIsCut) {
  start(
      [](Request&, Exchange&) -> Task<Response> { co_return Response{.body = std::string(20'000'000, 'x')}; },
      {.write_timeout = 200ms});
  RawClient client(address_, 4096);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return server_->connections() == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, ClosesWhenTheClientAsksFor) {
  start(echo);
  RawClient newer(address_);
  newer.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(newer.read_to_end(), HasSubstr("Connection: close\r\n"));
  RawClient older(address_);
  older.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(older.read_to_end(), HasSubstr("GET /?|"));
}

TEST_F(ServerTest, HeadAndNoContentHaveNoBody) {
  start([](Request& request, Exchange&) -> Task<Response> {
    co_return Response{.status = request.path == "/none" ? 204 : 200, .body = "hello"};
  });
  RawClient client(address_);
  client.send(
      "HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /none HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: "
      "h\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: 5\r\n"));
  const auto none = client.read_until("\r\n\r\n");
  EXPECT_THAT(none, AllOf(StartsWith("HTTP/1.1 204"), testing::Not(HasSubstr("Content-Length"))));
  EXPECT_THAT(client.read_answer(), testing::EndsWith("\r\n\r\nhello"));
}

TEST_F(ServerTest, AHandlerThatFailsIsA500ThatSaysNothingOfIt) {
  start([](Request& request, Exchange&) -> Task<Response> {
    if (request.path == "/throw") throw std::runtime_error("password=hunter2");
    co_return Response{.headers = {{"X", "a\r\nSet-Cookie: b"}}};
  });
  RawClient client(address_);
  client.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto thrown = client.read_answer();
  EXPECT_THAT(thrown,
              AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("RMT-H009"), testing::Not(HasSubstr("hunter2"))));
  client.send("GET /split HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_answer(), AllOf(StartsWith("HTTP/1.1 500"), testing::Not(HasSubstr("Set-Cookie"))));
}

TEST_F(ServerTest, FramingIsNotTheHandlersToSet) {
  start([](Request&, Exchange&) -> Task<Response> {
    co_return Response{
        .headers = {{"content-length", "99"}, {"Transfer-Encoding", "chunked"}, {"Connection", "close"}},
        .body = "ok"};
  });
  RawClient client(address_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = client.read_answer();
  EXPECT_THAT(answer, AllOf(HasSubstr("Content-Length: 2\r\n"), testing::Not(HasSubstr("99")),
                            testing::Not(HasSubstr("chunked")), testing::Not(HasSubstr("close"))));
}

TEST_F(ServerTest, RefusesAHostThatItDoesNotAnswerFor) {
  start(echo, {.host_allowed = [](std::string_view host) { return host == "localhost:7420"; }});
  RawClient good(address_);
  good.send("GET / HTTP/1.1\r\nHost: localhost:7420\r\n\r\n");
  EXPECT_THAT(good.read_answer(), StartsWith("HTTP/1.1 200"));
  for (auto request :
       {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost:7420\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    RawClient bad(address_);
    bad.send(request);
    EXPECT_THAT(bad.read_to_end(), AllOf(StartsWith("HTTP/1.1 421"), HasSubstr("RMT-H007")));
  }
}

// Bodies of up to 1000 bytes for those who say who they are; the others get none, but on /open one of 10
// bytes.
std::expected<Admitted, Response> doorkeeper(const Request& header) {
  if (header.path == "/open") return Admitted{.answer = echo, .max_body_bytes = 10};
  if (!header.headers.contains("Authorization"))
    return std::unexpected(Response{.status = 401, .body = "who are you?"});
  return Admitted{.answer = echo, .max_body_bytes = 1000, .proven = true};
}

std::string post(std::string_view path, std::string_view fields, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

constexpr std::string_view kKnown = "Authorization: me\r\n";

TEST_F(ServerTest, RefusesByTheHeaderBeforeTheBodyHasCome) {
  start(doorkeeper);
  for (const auto length :
       {"Content-Length: 5\r\n", "Content-Length: 4000000\r\n", "Transfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nExpect: 100-continue\r\n"}) {
    RawClient client(address_);
    client.send(post("/", length, ""));
    const auto answer = client.read_answer();
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 401"), testing::EndsWith("who are you?"))) << length;
  }
}

TEST_F(ServerTest, BehindARefusalAConnectionGoesOnWhereTheBodyIsShort) {
  start(doorkeeper);
  RawClient client(address_);
  client.send(post("/", "Content-Length: 5\r\n", "he"));
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 401"));
  client.send("llo" + post("/open", "Content-Length: 2\r\n", "hi"));
  EXPECT_TRUE(client.read_answer().ends_with("POST /open?|hi"));
}

TEST_F(ServerTest, WhoSendsALongBodyForNothingStillReadsWhy) {
  start(doorkeeper);
  for (const auto fields :
       {"Content-Length: 3000000\r\n", "Authorization: me\r\nContent-Length: 3000000\r\n"}) {
    RawClient client(address_);
    EXPECT_TRUE(client.send(post("/", fields, std::string(3'000'000, 'x')))) << fields;
    const auto answer = client.read_to_end();
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 4"), HasSubstr("Connection: close"))) << fields;
  }
}

TEST_F(ServerTest, ABodyIsBoundedByWhatItsRequestMayHave) {
  start(doorkeeper);
  const struct {
    std::string request;
    std::string_view status;
  } cases[] = {
      {post("/open", "Content-Length: 10\r\n", std::string(10, 'x')), "HTTP/1.1 200"},
      {post("/open", "Content-Length: 11\r\n", ""), "HTTP/1.1 413"},
      {post("/open", "Transfer-Encoding: chunked\r\n", "b\r\n"), "HTTP/1.1 413"},
      {post("/", std::string(kKnown) + "Content-Length: 1000\r\n", std::string(1000, 'x')), "HTTP/1.1 200"},
      {post("/", std::string(kKnown) + "Content-Length: 1001\r\n", ""), "HTTP/1.1 413"},
  };
  for (const auto& [request, status] : cases) {
    RawClient client(address_);
    client.send(request);
    EXPECT_THAT(client.read_answer(), StartsWith(std::string(status))) << request;
  }
}

TEST_F(ServerTest, HoldsNoMoreOfBodiesThanItsBudget) {
  const auto budget = std::make_shared<ByteBudget>(1000);
  start(echo, {.bodies = budget});
  RawClient first(address_), second(address_);
  first.send(post("/", "Content-Length: 700\r\n", std::string(600, 'x')));
  EXPECT_TRUE(eventually([&] { return budget->taken() == 600; }));
  second.send(post("/", "Content-Length: 700\r\n", std::string(600, 'x')));
  EXPECT_THAT(second.read_to_end(),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 1\r\n"), HasSubstr("RMT-H050")));
  EXPECT_EQ(budget->taken(), 600U);
  first.send(std::string(100, 'x'));
  EXPECT_THAT(first.read_answer(), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(eventually([&] { return budget->taken() == 0; }));
  RawClient third(address_);
  third.send(post("/", "Content-Length: 700\r\n", std::string(700, 'x')));
  EXPECT_THAT(third.read_answer(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, ABodyThatDripsIs408LongBeforeItsTimeIsOver) {
  start(echo, {.body_timeout = 60s, .min_body_bytes_per_second = 1000, .body_pace_over = 200ms});
  RawClient slow(address_);
  slow.send(post("/", "Content-Length: 100000\r\n", "x"));
  EXPECT_THAT(slow.read_to_end(), AllOf(StartsWith("HTTP/1.1 408"), HasSubstr("RMT-H004")));
}

TEST_F(ServerTest, ANewConnectionThatSaysNothingIsClosedSoonerThanAnOldOne) {
  start(echo, {.first_byte_timeout = 100ms, .idle_timeout = 60s});
  RawClient old(address_), silent(address_);
  old.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  old.read_answer();
  EXPECT_TRUE(silent.sees_close());
  EXPECT_TRUE(eventually([&] { return server_->connections() == 1; }));
}

// Says when the handler of "/wait" is entered, and keeps it until it is let go.
struct Waiting {
  std::atomic<int> entered = 0;
  std::atomic<bool> let_go = false;

  Admission admission() {
    return [this](const Request& header) -> std::expected<Admitted, Response> {
      auto admitted = doorkeeper(header);
      if (admitted && header.path == "/wait")
        admitted->answer = [this](Request&, Exchange& exchange) { return wait(exchange); };
      return admitted;
    };
  }
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the handler
  Task<Response> wait(Exchange& exchange) {
    ++entered;
    while (!let_go) co_await sleep_for(exchange.loop(), 5ms);
    co_return Response{.body = "waited"};
  }
};

TEST_F(ServerTest, MakesRoomByClosingWhatIsIdleAndNeverWhatIsAtWork) {
  Waiting waiting;
  start(waiting.admission(), {.max_connections = 4});
  RawClient busy(address_), served(address_), silent(address_), half(address_);
  busy.send(post("/wait", kKnown, ""));
  served.send(post("/", kKnown, ""));
  EXPECT_THAT(served.read_answer(), StartsWith("HTTP/1.1 200"));
  half.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_TRUE(eventually([&] { return server_->connections() == 4 && waiting.entered == 1; }));

  // First who never said anything, or not all of it; then who has been idle longest; who is at work never.
  RawClient a(address_);
  a.send(post("/wait", kKnown, ""));
  EXPECT_TRUE(eventually([&] { return waiting.entered == 2; }));
  RawClient b(address_);
  b.send(post("/wait", kKnown, ""));
  EXPECT_TRUE(silent.sees_close());
  EXPECT_TRUE(half.sees_close());
  EXPECT_TRUE(eventually([&] { return waiting.entered == 3; }));
  served.send(post("/wait", kKnown, ""));
  EXPECT_TRUE(eventually([&] { return waiting.entered == 4; }))
      << "it was closed before those who said nothing";

  RawClient c(address_);
  EXPECT_THAT(c.read_to_end(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("RMT-H008")));
  waiting.let_go = true;
  for (auto* at_work : {&busy, &a, &b, &served}) EXPECT_TRUE(at_work->read_answer().ends_with("waited"));
}

TEST_F(ServerTest, WhoComesWhileManyAreBeingClosedWaitsAndIsServed) {
  constexpr int kMany = 200;
  start(doorkeeper, {.max_connections = kMany});
  std::vector<std::unique_ptr<RawClient>> idle, late;
  for (int i = 0; i < kMany; ++i) idle.push_back(std::make_unique<RawClient>(address_));
  EXPECT_TRUE(eventually([&] { return server_->connections() == kMany; }));

  // One loop does not get to closing, the other goes on to accept.
  std::promise<void> stuck, go_on;
  loops_[1].post([&] {
    stuck.set_value();
    go_on.get_future().wait();
  });
  stuck.get_future().wait();
  for (int i = 0; i < kMany; ++i) {
    late.push_back(std::make_unique<RawClient>(address_));
    late.back()->send(post("/open", "", ""));
  }
  EXPECT_TRUE(eventually([&] { return server_->connections() >= kMany + 64u; })) << "there is no crowd";
  EXPECT_LE(server_->connections(), kMany + 2 * 64u);
  go_on.set_value();
  for (auto& client : late) EXPECT_THAT(client->read_answer(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, OnePeerTakesNoMoreThanItsShare) {
  Waiting waiting;
  start(waiting.admission(), {.max_connections = 100, .max_connections_per_peer = 2});
  RawClient a(address_), b(address_);
  for (auto* client : {&a, &b}) client->send(post("/wait", kKnown, ""));
  EXPECT_TRUE(eventually([&] { return waiting.entered == 2; }));
  RawClient c(address_);
  EXPECT_THAT(c.read_to_end(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("RMT-H008")));
  RawClient other(address_, 0, "127.0.0.2");
  other.send(post("/open", "", ""));
  EXPECT_THAT(other.read_answer(), StartsWith("HTTP/1.1 200"));
  waiting.let_go = true;
  EXPECT_TRUE(a.read_answer().ends_with("waited"));
  // Its share is free again, and what is idle in it makes room.
  EXPECT_TRUE(eventually([&] {
    RawClient d(address_);
    d.send(post("/open", "", ""));
    return d.read_answer().starts_with("HTTP/1.1 200");
  }));
}

TEST_F(ServerTest, BodiesOfStrangersHoldNoPlaceEither) {
  start(doorkeeper, {.max_connections = 2});
  RawClient a(address_), b(address_);
  for (auto* client : {&a, &b}) client->send(post("/open", "Content-Length: 9\r\n", "x"));
  EXPECT_TRUE(eventually([&] { return server_->connections() == 2; }));
  RawClient known(address_);
  known.send(post("/", kKnown, ""));
  EXPECT_THAT(known.read_answer(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, TellsTheHandlerThatTheClientHasGoneAndLetsItFinish) {
  std::promise<void> entered, gone;
  std::atomic<bool> finished = false;
  start([&](Request&, Exchange& exchange) -> Task<Response> {
    exchange.on_client_gone([&] { gone.set_value(); });
    entered.set_value();
    while (!exchange.client_gone()) co_await sleep_for(exchange.loop(), 10ms);
    finished = true;
    co_return Response{};
  });
  RawClient client(address_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.get_future().get();
  client.close();
  EXPECT_EQ(gone.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_TRUE(eventually([&] { return finished && server_->connections() == 0; }));
}

TEST_F(ServerTest, AnswersAClientThatHasFinishedSending) {
  start(echo);
  RawClient client(address_);
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  client.finish_sending();
  EXPECT_THAT(client.read_to_end(), AllOf(HasSubstr("GET /1"), HasSubstr("GET /2")));
}

TEST_F(ServerTest, StreamsEventsFromAnyThreadAndThenGoesOn) {
  std::thread producer;
  start([&](Request& request, Exchange& exchange) -> Task<Response> {
    if (request.path != "/events") co_return Response{.body = "plain"};
    auto stream = exchange.start_events({{"Mcp-Session-Id", "s1"}});
    producer = std::thread([stream] {
      for (int i = 0; i < 100; ++i) stream->send({.data = std::to_string(i), .id = std::to_string(i)});
      stream->send_comment("still here");
      stream->close();
      EXPECT_FALSE(stream->send({.data = "late"}));
    });
    co_return Response{};
  });
  RawClient client(address_);
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, AllOf(HasSubstr("Content-Type: text/event-stream\r\n"),
                          HasSubstr("Mcp-Session-Id: s1\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n")));
  const auto events = client.read_until("0\r\n\r\n");
  EXPECT_THAT(events, AllOf(HasSubstr("id: 0\ndata: 0\n\n"), HasSubstr("id: 99\ndata: 99\n\n"),
                            HasSubstr(": still here\n\n")));
  EXPECT_EQ(events.find("late"), std::string::npos);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_answer(), HasSubstr("plain"));
  producer.join();
}

// Counts a body and keeps its last byte.
class LastByte final : public BodySalvage {
 public:
  void read(std::string_view piece) override {
    bytes_ += piece.size();
    if (!piece.empty()) last_ = piece.back();
  }
  std::string kept() override { return std::to_string(bytes_) + last_; }

 private:
  std::size_t bytes_ = 0;
  char last_ = '?';
};

TEST_F(ServerTest, ABodyOverTheLimitIsReadToItsEndSoThatItCanBeAnswered) {
  const Handler answer = [](Request& request, Exchange&) -> Task<Response> {
    co_return Response{.status = request.over_limit ? 413 : 200, .body = request.body};
  };
  start(
      [&](Request& head) -> std::expected<Admitted, Response> {
        return Admitted{.answer = answer,
                        .max_body_bytes = 1000,
                        .salvage = head.path == "/salvaged" ? std::make_unique<LastByte>() : nullptr};
      },
      {.max_dropped_bytes = 100'000});
  const auto post_head = [](std::string_view path, std::size_t length) {
    return post(path, "Content-Length: " + std::to_string(length) + "\r\n", "");
  };
  RawClient client(address_);
  client.send(post_head("/salvaged", 50'001) + std::string(50'000, 'x') + "y");
  EXPECT_THAT(client.read_answer(), AllOf(HasSubstr("HTTP/1.1 413"), ::testing::EndsWith("\r\n\r\n50001y")));
  // Where the next request begins is known.
  client.send(post_head("/salvaged", 3) + "abc");
  EXPECT_THAT(client.read_answer(), AllOf(HasSubstr("HTTP/1.1 200"), ::testing::EndsWith("abc")));
  client.send("POST /salvaged HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 4; ++i) client.send("1f4\r\n" + std::string(500, 'z') + "\r\n");
  client.send("0\r\n\r\n");
  EXPECT_THAT(client.read_answer(), AllOf(HasSubstr("HTTP/1.1 413"), ::testing::EndsWith("2000z")));

  // Out of all proportion, not wanted, or not sent yet: at once.
  for (const auto& request :
       {post_head("/salvaged", 101'001), post_head("/elsewhere", 1001),
        std::string(
            "POST /salvaged HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n"),
        std::string("POST /salvaged HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n")}) {
    RawClient other(address_);
    other.send(request);
    EXPECT_THAT(other.read_to_end(), AllOf(HasSubstr("HTTP/1.1 413"), HasSubstr("RMT-H003"))) << request;
  }
}

TEST_F(ServerTest, AClientThatIsRefusedWhileItSendsReadsTheAnswerWhenItHasSentAll) {
  start([](Request&, Exchange&) -> Task<Response> { co_return Response{}; }, {.max_body_bytes = 1000});
  RawClient client(address_);
  constexpr std::size_t kBytes = 16 * 1024 * 1024;
  ASSERT_TRUE(
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n"));
  for (std::size_t sent = 0; sent < kBytes; sent += 1024 * 1024)
    ASSERT_TRUE(client.send(std::string(1024 * 1024, 'x')));
  EXPECT_THAT(client.read_answer(), AllOf(HasSubstr("HTTP/1.1 413"), HasSubstr("RMT-H003")));
}

TEST_F(ServerTest, AStreamBeginsWithACommentAndIsKeptAliveByFurtherOnes) {
  std::promise<std::shared_ptr<EventStream>> started;
  start(
      [&](Request& request, Exchange& exchange) -> Task<Response> {
        if (request.path == "/events") started.set_value(exchange.start_events());
        if (request.path == "/ended") exchange.start_events()->close();
        co_return Response{};
      },
      {.stream_keep_alive = std::chrono::milliseconds(1)});
  RawClient client(address_);
  client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto kept = started.get_future().get();
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("X-Accel-Buffering: no\r\n"));
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr(": open\n\n"));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(client.read_until("\n\n"), HasSubstr(": keep-alive\n\n"));
  kept->send({.data = "an event"});
  EXPECT_THAT(client.read_until("data: an event\n\n"), HasSubstr("data: an event\n\n"));
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr(": keep-alive\n\n"));
  kept->close();
  EXPECT_THAT(client.read_until("0\r\n\r\n"), HasSubstr("0\r\n\r\n"));
  // The connection is free again, and nothing more is written to it.
  client.send("GET /ended HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), ::testing::StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, StreamsToHttp10WithoutChunks) {
  start([&](Request&, Exchange& exchange) -> Task<Response> {
    exchange.start_events()->send({.data = "x"});  // the handle goes, the stream ends
    co_return Response{};
  });
  RawClient client(address_);
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), testing::EndsWith("\r\n\r\n: open\n\ndata: x\n\n"));
}

TEST_F(ServerTest, TellsTheProducerThatTheReaderHasGone) {
  std::promise<std::shared_ptr<EventStream>> started;
  std::promise<void> gone;
  start([&](Request&, Exchange& exchange) -> Task<Response> {
    auto stream = exchange.start_events();
    stream->on_client_gone([&] { gone.set_value(); });
    started.set_value(stream);
    co_return Response{};
  });
  RawClient client(address_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = started.get_future().get();
  client.read_until("\r\n\r\n");
  EXPECT_TRUE(stream->open());
  client.close();
  ASSERT_EQ(gone.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_FALSE(stream->open());
  EXPECT_FALSE(stream->send({.data = "x"}));
  bool told_at_once = false;
  stream->on_client_gone([&] { told_at_once = true; });
  EXPECT_TRUE(told_at_once);
}

TEST_F(ServerTest, CutsAReaderThatIsTooSlowForItsBuffer) {
  std::promise<std::shared_ptr<EventStream>> started;
  std::promise<void> gone;
  start(
      [&](Request&, Exchange& exchange) -> Task<Response> {
        auto stream = exchange.start_events();
        stream->on_client_gone([&] { gone.set_value(); });
        started.set_value(stream);
        co_return Response{};
      },
      {.max_stream_bytes = 64 * 1024});
  RawClient client(address_, 4096);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  auto stream = started.get_future().get();
  bool refused = false;
  for (int i = 0; i < 20'000 && !refused; ++i) {
    refused = !stream->send({.data = std::string(4000, 'x')});
    if (i % 10 == 0) std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(refused);
  EXPECT_FALSE(stream->send({.data = "small"})) << "after a gap nothing may follow";
  EXPECT_EQ(gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, NothingFollowsAnEventThatWasTooMuch) {
  std::promise<std::pair<bool, bool>> taken;
  start(
      [&](Request&, Exchange& exchange) -> Task<Response> {
        // On the loop, so that the connection cannot be closed between the two.
        auto stream = exchange.start_events();
        const bool large = stream->send({.data = std::string(2000, 'x')});
        const bool small = stream->send({.data = "x"});
        taken.set_value({large, small});
        co_return Response{};
      },
      {.max_stream_bytes = 1000});
  RawClient client(address_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(taken.get_future().get(), (std::pair{false, false}));
  EXPECT_TRUE(client.sees_close());
}

// What somebody asked for is not lost to the bound on what nobody asked for.
TEST_F(ServerTest, TheLastEventOfAStreamArrivesWholeHoweverLargeItIs) {
  std::promise<bool> whole;
  start(
      [&](Request&, Exchange& exchange) -> Task<Response> {
        exchange.on_answered([&](bool all) { whole.set_value(all); });
        auto stream = exchange.start_events();
        EXPECT_TRUE(stream->send({.data = std::string(900, 'x')}));
        EXPECT_FALSE(stream->offer({.data = std::string(900, 'Y')}));
        EXPECT_TRUE(stream->open()) << "an event that may be missed cuts nobody";
        stream->finish({.data = std::string(3 << 20U, 'z')});
        EXPECT_FALSE(stream->send({.data = "late"}));
        co_return Response{};
      },
      {.max_stream_bytes = 1000});
  RawClient client(address_, 4096);
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto text = client.read_to_end();
  EXPECT_EQ(std::ranges::count(text, 'z'), 3 << 20);
  EXPECT_EQ(std::ranges::count(text, 'Y'), 0);
  EXPECT_TRUE(text.ends_with("\n\n\r\n0\r\n\r\n"));
  EXPECT_TRUE(whole.get_future().get());
}

TEST_F(ServerTest, TellsWhetherTheWholeAnswerWasWritten) {
  std::promise<bool> whole;
  std::promise<void> gone;
  start([&](Request& request, Exchange& exchange) -> Task<Response> {
    whole = {};
    exchange.on_answered([&](bool all) { whole.set_value(all); });
    if (request.path == "/leave") {
      exchange.on_client_gone([&] { gone.set_value(); });
      auto stream = exchange.start_events();
      while (!exchange.client_gone()) co_await sleep_for(exchange.loop(), 1ms);
      stream->finish({.data = "nobody is there"});
    }
    co_return Response{.body = "here"};
  });
  {
    RawClient client(address_);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(client.read_answer(), HasSubstr("here"));
    EXPECT_TRUE(whole.get_future().get());
  }
  {
    RawClient client(address_);
    client.send("GET /leave HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(client.read_answer(), HasSubstr("200 OK"));
  }
  gone.get_future().get();
  EXPECT_FALSE(whole.get_future().get());
}

TEST_F(ServerTest, DrainLetsWhatTakesTooLongBeAnswered) {
  std::promise<void> entered;
  std::promise<void> give_up;
  const auto given_up = give_up.get_future().share();
  start([&](Request&, Exchange& exchange) -> Task<Response> {
    entered.set_value();
    while (given_up.wait_for(0s) != std::future_status::ready) co_await sleep_for(exchange.loop(), 1ms);
    co_return Response{.body = "stopped half-way"};
  });
  RawClient client(address_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.get_future().get();
  EXPECT_FALSE(server_->drain(50ms, [&] { give_up.set_value(); }));
  EXPECT_THAT(client.read_to_end(), HasSubstr("stopped half-way"));
}

TEST_F(ServerTest, DrainFinishesWhatIsInFlightAndClosesWhatIsIdle) {
  std::promise<void> entered;
  start([&](Request&, Exchange& exchange) -> Task<Response> {
    entered.set_value();
    co_await sleep_for(exchange.loop(), 200ms);
    co_return Response{.body = "finished"};
  });
  RawClient busy(address_), idle(address_);
  EXPECT_TRUE(eventually([&] { return server_->connections() == 2; }));
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.get_future().get();
  EXPECT_TRUE(server_->drain(5s));
  EXPECT_THAT(busy.read_to_end(), AllOf(HasSubstr("Connection: close\r\n"), HasSubstr("finished")));
  EXPECT_TRUE(idle.sees_close());
  EXPECT_FALSE(RawClient(address_).connected());
}

TEST_F(ServerTest, DrainClosesWhatIsNotDoneInTime) {
  std::shared_ptr<EventStream> kept;
  std::promise<void> entered;
  start([&](Request&, Exchange& exchange) -> Task<Response> {
    kept = exchange.start_events();
    entered.set_value();
    co_return Response{};
  });
  RawClient client(address_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.get_future().get();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(server_->drain(100ms));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
  EXPECT_TRUE(client.sees_close());
  EXPECT_FALSE(kept->open());
}

TEST_F(ServerTest, AfterCloseAllNoStreamIsOpen) {
  std::mutex mutex;
  std::vector<std::shared_ptr<EventStream>> streams;
  start([&](Request&, Exchange& exchange) -> Task<Response> {
    auto stream = exchange.start_events();
    std::lock_guard lock(mutex);
    streams.push_back(std::move(stream));
    co_return Response{};
  });
  const auto started = [&] {
    std::lock_guard lock(mutex);
    return streams.size();
  };
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::make_unique<RawClient>(address_));
    clients.back()->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  ASSERT_TRUE(eventually([&] { return started() == 16; }));
  server_->close_all();
  for (auto& stream : streams) EXPECT_FALSE(stream->open());
  for (auto& client : clients) EXPECT_TRUE(client->sees_close());
  RawClient later(address_);
  later.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(later.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200")) << "listening goes on";
  ASSERT_TRUE(eventually([&] { return started() == 17; }));
}

TEST_F(ServerTest, TheDestructorWaitsForHandlers) {
  std::promise<void> entered;
  std::atomic<bool> finished = false;
  start([&](Request&, Exchange& exchange) -> Task<Response> {
    entered.set_value();
    co_await sleep_for(exchange.loop(), 200ms);
    finished = true;
    co_return Response{};
  });
  RawClient client(address_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  entered.get_future().get();
  server_.reset();
  EXPECT_TRUE(finished);
}

class UnixServerTest : public ServerTest {
 protected:
  std::string path_ = testing::TempDir() + "/remit_http_" + std::to_string(::getpid()) + ".sock";
  void TearDown() override { ::unlink(path_.c_str()); }
};

TEST_F(UnixServerTest, SaysWhoIsThereAndLetsNobodyElseIn) {
  std::promise<Peer> peer;
  start([&](Request& request, Exchange&) -> Task<Response> {
    peer.set_value(request.peer);
    co_return Response{};
  });
  ASSERT_TRUE(server_->listen("unix:" + path_));
  struct stat found{};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  RawClient client("unix:" + path_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200"));
  const auto seen = peer.get_future().get();
  EXPECT_EQ(seen.address, "unix");
  EXPECT_EQ(seen.uid, ::getuid());
  server_.reset();
  EXPECT_NE(::stat(path_.c_str(), &found), 0) << "the socket is taken away";
}

TEST_F(UnixServerTest, ReplacesADeadSocketAndNothingElse) {
  start(echo);
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path_.copy(name.sun_path, sizeof(name.sun_path) - 1);
  ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  ::close(dead);
  EXPECT_TRUE(server_->listen("unix:" + path_));

  Server second(loops_, {}, echo);
  auto in_use = second.listen("unix:" + path_);
  ASSERT_FALSE(in_use);
  EXPECT_EQ(in_use.error().code, "RMT-H010");
  EXPECT_TRUE(RawClient("unix:" + path_).connected());

  const auto file = path_ + ".txt";
  std::ofstream(file) << "precious";
  EXPECT_FALSE(second.listen("unix:" + file));
  EXPECT_EQ(::access(file.c_str(), F_OK), 0);
  ::unlink(file.c_str());
}

TEST_F(ServerTest, SaysWhyItCannotListen) {
  start(echo);
  Server second(loops_, {}, echo);
  const std::string bad[] = {address_,
                             "nonsense",
                             "127.0.0.1",
                             "127.0.0.1:x",
                             "127.0.0.1:99999",
                             "localhost:80",
                             "[127.0.0.1]:80",
                             "::1:80",
                             "192.0.2.1:80",
                             "unix:relative",
                             "unix:/" + std::string(200, 'x'),
                             "unix:/no/such/folder/s"};
  for (const auto& address : bad) {
    auto listening = second.listen(address);
    ASSERT_FALSE(listening) << address;
    EXPECT_EQ(listening.error().code, "RMT-H010");
    EXPECT_THAT(listening.error().message, HasSubstr("`" + address + "`"));
  }
}

TEST_F(ServerTest, AnswersCurl) {
  start(echo);
  const auto run = [&](const std::string& arguments) {
    std::string out;
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        ::popen(("curl -sS --max-time 10 " + arguments + " 2>&1").c_str(), "r"), ::pclose);
    char buffer[4096];
    while (const auto got = std::fread(buffer, 1, sizeof(buffer), pipe.get())) out.append(buffer, got);
    return out;
  };
  EXPECT_EQ(run("http://" + address_ + "/a?b=c"), "GET /a?b=c|");
  EXPECT_EQ(run("-H 'Transfer-Encoding: chunked' -d hello http://" + address_ + "/"), "POST /?|hello");
  EXPECT_EQ(run("-H 'Expect: 100-continue' -d hello http://" + address_ + "/"), "POST /?|hello");
  EXPECT_EQ(run("-I -o /dev/null -w '%{http_code} %{size_download}' http://" + address_ + "/"), "200 0");
  EXPECT_EQ(run("-X BREW -o /dev/null -w '%{http_code}' http://" + address_ + "/"), "501");
}

}  // namespace
}  // namespace remit::http
