// McpServer: a small MCP server over Streamable HTTP whose behaviour a test scripts, and which keeps a record
// of its own of all that reached it.
//
// By itself it answers every call with its arguments as structured content.
//
// Thread-safety: thread-safe; scripts run on the server's own loop.

#pragma once

#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/loop.h"
#include "http/server.h"
#include "mcp/message.h"

namespace remit::gateway::testing {

class McpServer {
 public:
  struct Received {
    std::string method;  // of JSON-RPC; "GET" and "DELETE" for those of HTTP
    std::string body;
    http::Headers headers;
    std::string target = {};
  };
  // Answers a message in place of what the server does by itself.
  using Script = std::function<http::Task<http::Response>(mcp::Message message, http::Exchange& exchange)>;

  explicit McpServer(const std::string& address = "127.0.0.1:0");
  ~McpServer();
  McpServer(const McpServer&) = delete;
  McpServer& operator=(const McpServer&) = delete;

  std::string url() const { return "http://" + address_ + "/mcp"; }

  // What tools/list answers from now on.
  void offer(std::vector<std::string> definitions);
  const std::vector<std::string>& offered() const { return tools_; }
  void script(const std::string& method, Script script);
  // Answers a GET in place of what the server does by itself.
  using GetScript =
      std::function<http::Task<http::Response>(http::Request& request, http::Exchange& exchange)>;
  void script_get(GetScript script);

  std::vector<Received> received(std::string_view method) const;
  std::size_t calls() const { return received("tools/call").size(); }
  // Whether so many messages of a method come within twenty seconds.
  bool receives(std::string_view method, std::size_t count = 1);

  // Says something on the streams that were asked for with GET.
  void say(const std::string& message);
  // Ends those streams.
  void hang_up();

  // For scripts: waits until the test lets go.
  http::Task<void> hang();
  void let_go();

  // Closes every connection and listens no more.
  void die();

  static http::Response answer(std::string body);
  // The default answer to a call.
  static http::Response echo(const mcp::Message& call);

 private:
  http::Task<http::Response> handle(http::Request& request, http::Exchange& exchange);
  http::Response respond(const mcp::Message& message);

  http::LoopGroup loops_{1};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> tools_;
  std::map<std::string, Script> scripts_;
  GetScript get_script_;
  std::vector<Received> received_;
  std::vector<std::shared_ptr<http::EventStream>> streams_;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> hanging_;  // the loop's
  std::string address_;
  std::unique_ptr<http::Server> server_;
};

// A definition of a tool, written as no serializer would.
std::string tool(std::string_view name, std::string_view description = "says it again");

}  // namespace remit::gateway::testing
