// The real MCP servers of the demo: `server-filesystem`, started by the gateway itself over stdio, and
// `server-everything`, which runs beside it and is spoken to over Streamable HTTP.
//
// They are npm packages of demo/package.json, installed by ./quickstart.

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "mcp/child_process.h"

namespace remit::cli {

// Where node and the servers' packages lie.
struct DemoServers {
  std::filesystem::path node;
  std::filesystem::path filesystem;  // the servers' entry points
  std::filesystem::path everything;

  // `folder` holds node_modules; empty: where ./quickstart put them, beside this program's build folder.
  // Errors: kNotFound RMT-K010.
  static Result<DemoServers> find(const std::filesystem::path& folder);

  // server-filesystem, with access to one folder.
  std::vector<std::string> filesystem_command(const std::filesystem::path& files) const;
  // The folders that it runs from.
  std::vector<std::string> program_folders() const;
};

// server-everything on a free port of loopback. It ends with this object, or with this process.
class EverythingServer {
 public:
  // Waits until it answers. Errors: kUnavailable RMT-K011.
  static Result<EverythingServer> start(const DemoServers& servers, const std::filesystem::path& log);
  ~EverythingServer();
  EverythingServer(EverythingServer&& other) noexcept;
  EverythingServer& operator=(EverythingServer&&) = delete;

  const std::string& url() const { return url_; }

 private:
  EverythingServer(mcp::ChildProcess child, std::string url);

  mcp::ChildProcess child_;
  std::string url_;
};

}  // namespace remit::cli
