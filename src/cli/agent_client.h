// An agent that calls tools through the gateway's own door: OAuth at the issuer, MCP over HTTP.
//
// Thread-safety: one thread, which is no loop's.

#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "http/loop.h"
#include "issuer/key_file.h"

namespace remit::cli {

// How one call looked to the agent.
struct AgentCall {
  std::string verdict;              // "allow", "deny", "hold", or "error" where it was no decision
  std::string reason = {};          // "RMT-…"; empty of an allow
  std::string decision = {};        // its id, where it was told
  std::string text;                 // what the model was told, or the tool's answer
  bool failed = false;              // the tool itself says that it failed
  boost::json::object answer = {};  // the JSON-RPC message
  std::chrono::microseconds time{0};
};

class AgentClient {
 public:
  // Nothing is asked for yet. `public_url` as the server knows itself; the key with its client id.
  AgentClient(std::string public_url, std::string environment, const issuer::KeyFile& key);
  ~AgentClient();
  AgentClient(const AgentClient&) = delete;
  AgentClient& operator=(const AgentClient&) = delete;

  // Gets a token and opens a session. Errors: whatever stands in the way.
  Result<void> connect();

  // Calls a tool.
  Result<AgentCall> call(std::string_view tool, const boost::json::object& arguments);

  // The tools that are shown to it.
  Result<std::size_t> count_tools();

  // Ends the session. One that is not ended ends by itself when nobody has used it for a while.
  void end();

  // Knocks at another environment's door with this environment's token. What it answers: the HTTP status as
  // the verdict's text.
  Result<AgentCall> knock(std::string_view environment);

 private:
  Result<http::Response> post(std::string_view environment, const boost::json::object& message);
  Result<void> fetch_token();

  const std::string public_url_;
  const std::string environment_;
  const issuer::KeyFile& key_;
  std::string token_;
  std::string session_;
  std::int64_t next_id_ = 1;
  http::Loop loop_;
  http::Client client_;
};

}  // namespace remit::cli
