// AgentClient: an agent that speaks MCP to a World's gateway over real HTTP, and can speak it wrongly.
//
// Thread-safety: one thread, which is none of the loops'.

#pragma once

#include <boost/json/object.hpp>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/testing/world.h"
#include "http/sse.h"

namespace remit::gateway::testing {

// What came back, read.
struct Reply {
  int status = 0;
  http::Headers headers;
  std::string body;  // as it came

  bool is_stream() const;
  // The messages in it, in order: one, or those of a stream.
  std::vector<std::string> messages() const;
  // The last message: the answer, as it came. One that takes its time is the only message of a stream.
  std::string answer_text() const;
  boost::json::object answer() const;
  boost::json::object result() const;  // of the answer; empty if it has none
  // Of a refusal by policy: {decision, reason, decision_id, retryable}.
  boost::json::object decision() const;
  std::string reason() const;  // of decision(), or empty
  std::string text() const;    // what the model reads
  bool is_tool_error() const;
  int rpc_code() const;      // of an error, or 0
  std::string code() const;  // the catalogue's: in error.data, or in problem details
};

// An open GET stream.
class Listening {
 public:
  Listening(http::Loop& loop, std::unique_ptr<http::StreamedResponse> response);
  ~Listening();
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  int status() const { return response_->status; }
  // The next event's data; nothing when the stream has ended or none came in time.
  std::optional<std::string> next();
  // Whether it has ended: reads to the end, or until nothing came in time.
  bool ended();

 private:
  http::Loop& loop_;
  std::unique_ptr<http::StreamedResponse> response_;
  http::SseParser parser_;
  std::vector<http::ServerEvent> waiting_;
  bool ended_ = false;
};

class AgentClient {
 public:
  AgentClient(World& world, const Bot& bot);

  // initialize and notifications/initialized. Sets `session`.
  Reply open(std::string_view version = "2025-11-25");

  Reply post(std::string body) { return start(std::move(body)).get(); }
  Reply request(std::string_view method, std::string_view raw_params = {}, std::string_view id = "1");
  Reply notify(std::string_view method, std::string_view raw_params = {});
  Reply call(std::string_view tool, std::string_view arguments = "{}", std::string_view id = "1");
  Reply list() { return request("tools/list"); }
  std::vector<std::string> tool_names();
  std::unique_ptr<Listening> listen(std::chrono::milliseconds patience = std::chrono::seconds(20));
  Reply end();

  // The same, without waiting.
  std::future<Reply> start(std::string body);
  std::future<Reply> start_call(std::string_view tool, std::string_view arguments = "{}",
                                std::string_view id = "1", std::string_view meta = {});

  // Whatever one likes to send.
  std::future<Reply> send(http::Call call, http::Cancellation hang_up = {});
  http::Call make_call(http::Method method, std::string body = {}) const;

  std::string token;
  std::string session;
  std::string path;
  std::string version = "2025-11-25";

 private:
  World& world_;
};

}  // namespace remit::gateway::testing
