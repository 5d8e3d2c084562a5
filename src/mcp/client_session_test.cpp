#include "mcp/client_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "mcp/stdio.h"

namespace remit::mcp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class FakeTransport final : public Transport {
 public:
  Result<void> send(std::string message) override {
    if (broken) return fail(ErrorKind::kUnavailable, "RMT-M031", "gone");
    sent.push_back(std::move(message));
    return {};
  }
  void receive(OnMessage on_message, OnClosed on_closed) override {
    deliver = std::move(on_message);
    close = std::move(on_closed);
  }

  std::vector<std::string> sent;
  OnMessage deliver;
  OnClosed close;
  bool broken = false;
};

constexpr std::string_view kServer =
    R"({"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}})";

class Session : public testing::Test {
 protected:
  Session() {
    handlers_.on_fault = [this](const Error& e) { faults_.push_back(e.message); };
    handlers_.on_closed = [this](const Error& e) { closed_.push_back(e.message); };
  }

  void open(ClientOptions options = {.info = {"gw", "1"}}) {
    session_ = std::make_unique<ClientSession>(transport_, std::move(options), handlers_);
  }
  void open_and_initialize(ClientOptions options = {.info = {"gw", "1"}}) {
    open(std::move(options));
    ASSERT_TRUE(session_->initialize([](const auto& result) { ASSERT_TRUE(result); }));
    transport_.deliver(make_result(Id::number(1), kServer));
    ASSERT_TRUE(session_->is_ready());
    transport_.sent.clear();
  }
  ClientSession::Reply keep() {
    return [this](Result<Message> answer) { answers_.push_back(std::move(answer)); };
  }

  FakeTransport transport_;
  ClientHandlers handlers_;
  std::unique_ptr<ClientSession> session_;
  std::vector<Result<Message>> answers_;
  std::vector<std::string> faults_, closed_;
};

TEST_F(Session, BeginsWithTheHandshake) {
  open();
  EXPECT_EQ(session_->request("tools/list", "", keep()).error().code, "RMT-M042");
  std::string agreed;
  ASSERT_TRUE(session_->initialize([&](const auto& result) { agreed = result->protocol_version; }));
  EXPECT_EQ(session_->initialize([](const auto&) {}).error().code, "RMT-M042");
  transport_.deliver(make_result(Id::number(1), kServer));
  EXPECT_EQ(agreed, "2025-06-18");
  EXPECT_EQ(session_->server().server.name, "s");
  EXPECT_THAT(
      transport_.sent,
      ElementsAre(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
                  R"("capabilities":{},"clientInfo":{"name":"gw","version":"1"}}})",
                  R"({"jsonrpc":"2.0","method":"notifications/initialized"})"));
}

TEST_F(Session, AHandshakeThatFailsSaysWhyAndEndsTheSession) {
  const struct {
    std::string answer;
    std::string_view code;
  } cases[] = {
      {make_error(Id::number(1), -32000, "no"), "RMT-M040"},
      {make_result(
           Id::number(1),
           R"({"protocolVersion":"2024-10-07","capabilities":{},"serverInfo":{"name":"s","version":"1"}})"),
       "RMT-M040"},
      {make_result(Id::number(1), "{}"), "RMT-M021"},
      {R"({"jsonrpc":"2.0","id":1,"result":7})", "RMT-M021"},
  };
  for (const auto& c : cases) {
    session_.reset();
    open();
    std::string_view code;
    ASSERT_TRUE(session_->initialize([&](const auto& result) { code = result.error().code; }));
    transport_.deliver(c.answer);
    EXPECT_EQ(code, c.code) << c.answer;
    EXPECT_EQ(session_->request("ping", "", keep()).error().code, "RMT-M041");
  }
}

TEST_F(Session, AnswersFindTheirRequestsInAnyOrderWithTheirBytes) {
  open_and_initialize();
  EXPECT_EQ(session_->call("a", R"({ "n":1.0 })", keep()), 2);
  EXPECT_EQ(session_->call("b", "{}", keep()), 3);
  EXPECT_EQ(
      transport_.sent[0],
      R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","arguments":{ "n":1.0 }}})");
  transport_.deliver(make_result(Id::number(3), R"({ "x":1.50 })"));
  transport_.deliver(make_error(Id::number(2), -32602, "unknown tool"));
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[0]->raw_result(), R"({ "x":1.50 })");
  EXPECT_EQ(answers_[1]->error_code(), -32602);
  EXPECT_EQ(session_->open_requests(), 0U);
}

TEST_F(Session, AnswersToNothingAreDropped) {
  open_and_initialize();
  ASSERT_TRUE(session_->call("a", "{}", keep()));
  for (const std::string_view id : {"9", "0", "\"2x\"", "-2", "99999999999999999999"})
    transport_.deliver(R"({"jsonrpc":"2.0","result":{},"id":)" + std::string(id) + "}");
  transport_.deliver(R"({"jsonrpc":"2.0","error":{"code":1,"message":"x"}})");
  transport_.deliver("this is a log line");
  EXPECT_EQ(faults_.size(), 7U);
  EXPECT_TRUE(answers_.empty());
  transport_.deliver(make_result(Id::number(2), "{}"));
  transport_.deliver(make_result(Id::number(2), "{}"));
  EXPECT_EQ(answers_.size(), 1U);
}

TEST_F(Session, AnAnswerThatIsNoMessageFailsItsRequest) {
  open_and_initialize();
  ASSERT_TRUE(session_->call("a", "{}", keep()));
  transport_.deliver(R"({"jsonrpc":"2.0","id":2,"result":[]})");
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].error().code, "RMT-M021");
}

TEST_F(Session, ProgressGoesToItsRequestOnly) {
  open_and_initialize();
  std::vector<std::string> seen;
  ASSERT_TRUE(
      session_->call("a", "{}", keep(), [&](const Message& m) { seen.emplace_back(m.raw_params()); }));
  ASSERT_TRUE(session_->call("b", "{}", keep()));
  EXPECT_THAT(transport_.sent[0], HasSubstr(R"("_meta":{"progressToken":2})"));
  EXPECT_THAT(transport_.sent[1], Not(HasSubstr("progressToken")));
  for (const std::string_view token : {"2", "3", "\"2x\"", "7", "null"})
    transport_.deliver(make_notification("notifications/progress",
                                         R"({"progress":0.5,"progressToken":)" + std::string(token) + "}"));
  transport_.deliver(make_result(Id::number(2), "{}"));
  transport_.deliver(make_notification("notifications/progress", R"({"progressToken":2,"progress":1})"));
  EXPECT_THAT(seen, ElementsAre(R"({"progress":0.5,"progressToken":2})"));
}

TEST_F(Session, ACancelledRequestIsForgotten) {
  open_and_initialize();
  const auto id = session_->call("a", "{}", keep(), [](const Message&) { FAIL(); }).value();
  EXPECT_TRUE(session_->cancel(id, "the \"caller\" left"));
  EXPECT_FALSE(session_->cancel(id, "again"));
  EXPECT_FALSE(session_->cancel(1, "initialize"));
  EXPECT_EQ(
      transport_.sent.back(),
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"the \"caller\" left"}})");
  transport_.deliver(make_notification("notifications/progress", R"({"progressToken":2,"progress":1})"));
  transport_.deliver(make_result(Id::number(2), "{}"));
  EXPECT_TRUE(answers_.empty());
  EXPECT_TRUE(faults_.empty());
}

TEST_F(Session, ARequestWhoseAnswerIsLostFailsAlone) {
  open_and_initialize();
  const auto lost = session_->request("a", "", keep());
  const auto other = session_->request("b", "", keep());
  ASSERT_TRUE(lost && other);
  EXPECT_TRUE(session_->lost(*lost, {ErrorKind::kUnknown, "RMT-M041", "the connection broke"}));
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].error().message, "the connection broke");
  EXPECT_FALSE(session_->lost(*lost, {})) << "it is not open any more";
  transport_.deliver(make_result(Id::number(*other)));
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_TRUE(answers_[1]);
}

TEST_F(Session, ProgressMayCancelItsOwnRequest) {
  open_and_initialize();
  ASSERT_TRUE(session_->call("a", "{}", keep(), [&](const Message&) { session_->cancel(2, "enough"); }));
  transport_.deliver(make_notification("notifications/progress", R"({"progressToken":2,"progress":1})"));
  EXPECT_EQ(session_->open_requests(), 0U);
}

TEST_F(Session, RequestsOfTheServerAreRefusedWithoutAHandler) {
  open_and_initialize();
  transport_.deliver(R"({"jsonrpc":"2.0","id":0,"method":"roots/list"})");
  transport_.deliver(R"({"jsonrpc":"2.0","id":"p","method":"ping"})");
  transport_.deliver(R"({"jsonrpc":"2.0","id":5,"method":"x","params":[]})");
  ASSERT_EQ(transport_.sent.size(), 3U);
  EXPECT_EQ(
      transport_.sent[0],
      R"({"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"roots/list is not offered by this client"}})");
  EXPECT_EQ(transport_.sent[1], R"({"jsonrpc":"2.0","id":"p","result":{}})");
  EXPECT_THAT(transport_.sent[2], HasSubstr("-32602"));
}

TEST_F(Session, RequestsOfTheServerReachTheHandlerAndMayBeAnsweredLater) {
  std::vector<Id> asked, cancelled;
  std::vector<std::string> notified;
  handlers_.on_request = [&](const Message& m) { asked.push_back(*m.id()); };
  handlers_.on_cancelled = [&](const Id& id, std::string_view) { cancelled.push_back(id); };
  handlers_.on_notification = [&](const Message& m) { notified.emplace_back(m.method()); };
  open_and_initialize();
  transport_.deliver(R"({"jsonrpc":"2.0","id":0,"method":"elicitation/create","params":{}})");
  transport_.deliver(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}})");
  transport_.deliver(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
  EXPECT_THAT(asked, ElementsAre(Id::number(0)));
  EXPECT_THAT(cancelled, ElementsAre(Id::number(0)));
  EXPECT_THAT(notified, ElementsAre("notifications/tools/list_changed"));
  ASSERT_TRUE(session_->reply(asked[0], R"({"action":"decline"})"));
  EXPECT_EQ(transport_.sent.back(), R"({"jsonrpc":"2.0","id":0,"result":{"action":"decline"}})");
}

std::string page(std::string_view name, std::string_view cursor) {
  const auto definition = R"({"name":")" + std::string(name) + R"(","inputSchema":{"type":"object"}})";
  const std::string_view raw[] = {definition};
  return tool_list_result(raw, cursor);
}

TEST_F(Session, ListsAllPagesOfTools) {
  open_and_initialize();
  std::vector<std::string> names;
  std::size_t refused = 0;
  ASSERT_TRUE(session_->list_tools([&](Result<ToolPage> list) {
    for (const auto& tool : list.value().tools) names.push_back(tool.name);
    refused = list->refused.size();
  }));
  transport_.deliver(make_result(Id::number(2), page("a", "c\"1")));
  EXPECT_EQ(transport_.sent.back(),
            R"({"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"cursor":"c\"1"}})");
  transport_.deliver(make_result(Id::number(3), page("b", "c2")));
  transport_.deliver(make_result(
      Id::number(4), R"({"tools":[{"name":"a","title":"Another","inputSchema":{"type":"object"}}]})"));
  EXPECT_THAT(names, ElementsAre("b"));
  EXPECT_EQ(refused, 1U);
}

TEST_F(Session, AListWithoutEndOrWithAnErrorIsAnErrorNeverAnEmptyList) {
  const struct {
    std::vector<std::string> results;
    std::string_view code;
  } cases[] = {{{page("a", "x"), page("b", "y"), page("c", "z")}, "RMT-M043"},
               {{page("a", "x"), "{}"}, "RMT-M021"}};
  for (const auto& c : cases) {
    session_.reset();
    open_and_initialize({.info = {"gw", "1"}, .max_pages = 3});
    std::string_view code;
    ASSERT_TRUE(session_->list_tools([&](const Result<ToolPage>& list) { code = list.error().code; }));
    std::int64_t id = 1;
    for (const auto& result : c.results) transport_.deliver(make_result(Id::number(++id), result));
    EXPECT_EQ(code, c.code);
  }
  std::string_view code;
  ASSERT_TRUE(session_->list_tools([&](const Result<ToolPage>& list) { code = list.error().code; }));
  transport_.deliver(make_error(Id::number(4), -1, "no"));
  EXPECT_EQ(code, "RMT-M021");
}

TEST_F(Session, WhatIsOpenWhenTheConnectionGoesIsUnknown) {
  open_and_initialize();
  ASSERT_TRUE(session_->call("a", "{}", keep()));
  transport_.close(Error{ErrorKind::kUnavailable, "RMT-M031", "signal 9"});
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(answers_[0].error().message, HasSubstr("signal 9"));
  EXPECT_THAT(closed_, ElementsAre("signal 9"));
  EXPECT_EQ(session_->call("a", "{}", keep()).error().code, "RMT-M041");
}

TEST_F(Session, WhatCannotBeSentIsRefusedAtOnce) {
  open_and_initialize({.info = {"gw", "1"}, .max_open = 1});
  transport_.broken = true;
  EXPECT_EQ(session_->call("a", "{}", keep()).error().code, "RMT-M031");
  transport_.broken = false;
  ASSERT_TRUE(session_->call("a", "{}", keep()));
  EXPECT_EQ(session_->call("a", "{}", keep()).error().code, "RMT-M042");
  EXPECT_TRUE(answers_.empty());
}

TEST(ProgressToken, ReplacesOrJoinsWhatIsThere) {
  EXPECT_EQ(with_progress_token("", 7), R"({"_meta":{"progressToken":7}})");
  EXPECT_EQ(with_progress_token(R"({ "n":1.0 })", 7), R"({ "n":1.0 ,"_meta":{"progressToken":7}})");
  EXPECT_EQ(with_progress_token(R"({"_meta":{"progressToken":"x","k":1.0},"n":1})", 7),
            R"({"_meta":{"progressToken":7,"k":1.0},"n":1})");
  EXPECT_FALSE(with_progress_token("[]", 7));
  EXPECT_FALSE(with_progress_token(R"({"_meta":1})", 7));
}

TEST(SessionOverStdio, SpeaksWithAServerInAProcessOfItsOwn) {
  boost::asio::io_context io;
  auto transport = StdioTransport::start(io.get_executor(), {.argv = {REMIT_ECHO_SERVER, "mcp"}}).value();
  ClientSession session(*transport, {.info = {"gw", "1"}});
  std::vector<std::string> names;
  std::string result;
  int progress = 0;
  ASSERT_TRUE(session.initialize([&](const Result<InitializeResult>& r) {
    ASSERT_TRUE(r);
    ASSERT_TRUE(session.list_tools([&](const Result<ToolPage>& list) {
      ASSERT_TRUE(list);
      for (const auto& tool : list->tools) names.push_back(tool.name);
      ASSERT_TRUE(session.call(
          "tool_1", R"({"n":1.50})",
          [&](const Result<Message>& answer) {
            result = answer.value().raw_result();
            io.stop();
          },
          [&](const Message&) { ++progress; }));
    }));
  }));
  io.run_for(10s);
  EXPECT_THAT(names, ElementsAre("tool_1", "tool_2"));
  EXPECT_EQ(result, R"({"content":[],"structuredContent":{"n":1.50}})");
  EXPECT_EQ(progress, 1);
}

TEST_F(Session, AnAnswerWhoseIdIsTheNumberAsTextIsTheAnswerAndIsToldOnce) {
  open_and_initialize();
  ASSERT_TRUE(session_->call("a", "{}", keep()));
  ASSERT_TRUE(session_->call("b", "{}", keep()));
  transport_.deliver(R"({"jsonrpc":"2.0","id":"3","result":{"content":[]}})");
  transport_.deliver(R"({"jsonrpc":"2.0","id":"2","result":{"content":[]}})");
  EXPECT_EQ(answers_.size(), 2U);
  EXPECT_EQ(faults_.size(), 1U);
  transport_.deliver(R"({"jsonrpc":"2.0","id":"x2","result":{"content":[]}})");
  EXPECT_EQ(faults_.size(), 2U);
}

TEST_F(Session, AServerOf20241105IsSpokenTo) {
  open();
  std::string agreed;
  ASSERT_TRUE(
      session_->initialize([&](const auto& result) { agreed = result ? result->protocol_version : ""; }));
  transport_.deliver(make_result(
      Id::number(1),
      R"({"protocolVersion":"2024-11-05","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}})"));
  EXPECT_EQ(agreed, "2024-11-05");
  EXPECT_FALSE(is_supported("2024-11-05"));  // agents are not offered it
}

TEST_F(Session, AnAnswerThatCannotBeReadFailsTheRequestThatItIsFor) {
  const struct {
    std::string line;
    std::string_view said;
  } cases[] = {{R"({"jsonrpc":"2.0","id":2,"result":{"x":NaN}})", "NaN"},
               {"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"t\":\"caf\xe9\"}}", "not UTF-8"},
               {R"({"jsonrpc":"2.0","id":"2","result":{"a":1,"a":2}})", "there twice"},
               {R"({"jsonrpc":"2.0","id":2,"result":{"a":1)", "1:"}};
  for (const auto& c : cases) {
    answers_.clear();
    session_.reset();
    open_and_initialize();
    ASSERT_TRUE(session_->call("a", "{}", keep()));
    ASSERT_TRUE(session_->call("b", "{}", keep()));
    transport_.deliver(c.line);
    ASSERT_EQ(answers_.size(), 1U) << c.line;
    ASSERT_FALSE(answers_[0]);
    EXPECT_EQ(answers_[0].error().code, "RMT-M080");
    EXPECT_THAT(answers_[0].error().message, HasSubstr(c.said));
  }
}

TEST_F(Session, OneWithoutAReadableIdFailsTheOnlyOpenRequest) {
  open_and_initialize();
  ASSERT_TRUE(session_->call("a", "{}", keep()));
  transport_.deliver("Server started on port 3000");  // no message at all
  transport_.deliver(R"({"method":"notifications/progress","params":{"progress":NaN}})");  // no answer
  EXPECT_TRUE(answers_.empty());
  transport_.deliver(R"({"jsonrpc":"2.0","result":{"x":NaN}})");
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].error().code, "RMT-M080");
  EXPECT_EQ(faults_.size(), 3U);
  // Of several it is not known which.
  ASSERT_TRUE(session_->call("a", "{}", keep()));
  ASSERT_TRUE(session_->call("b", "{}", keep()));
  transport_.deliver(R"({"jsonrpc":"2.0","result":{"x":NaN}})");
  EXPECT_EQ(answers_.size(), 1U);
  EXPECT_EQ(faults_.size(), 4U);
}

TEST_F(Session, AListEndsWithAnEmptyCursorOrAPageThatCameBefore) {
  const auto page = [](std::string_view name, std::string_view next) {
    return R"({"tools":[{"name":")" + std::string(name) +
           R"(","inputSchema":{"type":"object"}}],"nextCursor":")" + std::string(next) + R"("})";
  };
  const std::vector<std::vector<std::string>> servers = {
      {page("a", "")},
      {page("a", "n"), page("b", "n")},  // a cursor that came before
      {page("a", "1"), page("a", "2")},  // a server that does not know cursors
  };
  const std::size_t tools[] = {1, 2, 1};
  for (std::size_t i = 0; i < servers.size(); ++i) {
    session_.reset();
    open_and_initialize();
    std::optional<Result<ToolPage>> listed;
    ASSERT_TRUE(session_->list_tools([&](auto all) { listed = std::move(all); }));
    std::int64_t id = 2;
    for (const auto& text : servers[i]) transport_.deliver(make_result(Id::number(id++), text));
    ASSERT_TRUE(listed && *listed) << i;
    EXPECT_EQ((*listed)->tools.size(), tools[i]) << i;
    EXPECT_TRUE((*listed)->refused.empty()) << i;
    EXPECT_EQ((*listed)->warnings.size(), 1U) << i;
  }
}

}  // namespace
}  // namespace remit::mcp
