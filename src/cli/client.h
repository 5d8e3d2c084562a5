// Client: asks the running server's API over the data folder's socket, or, where none runs, opens the data
// folder itself under the store's lock and asks the same API in process. So a command behaves the same either
// way, and never are two processes on one store.
//
// Thread-safety: one thread.

#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "http/message.h"
#include "server/config.h"
#include "server/data_folder.h"

namespace remit::server {
class Plane;
}

namespace remit::cli {

// Whether a command may make a data folder that is not there: one that only reads would answer for another
// installation than was meant.
enum class Missing { kRefuse, kMake };

class Client {
 public:
  // Waits for a server that is starting, and for a command that has the store. Errors: kNotFound
  // RMT-K002 (no data folder), kForbidden RMT-K017 (not for this account), those of the plane.
  static Result<Client> open(const server::Config& config, Missing missing = Missing::kRefuse);
  static Result<Client> open(const Context& context, Missing missing = Missing::kRefuse);
  // The server that answers on the folder's socket; none: nobody does. Errors: what stands in the way.
  static Result<std::optional<Client>> reach(const server::DataFolder& folder);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) = delete;

  // The answer's body. Errors: as the server says them; kUnavailable where it cannot be reached; kUnknown
  // where it may have carried the command out (RMT-H022, H025).
  Result<boost::json::value> get(std::string path);
  Result<boost::json::value> post(std::string path, const boost::json::object& body);
  Result<std::string> text(std::string path);  // what is not JSON

  // Any request, any answer.
  Result<http::Response> send(http::Method method, std::string target, http::Headers headers,
                              std::string body = {});

 private:
  struct Remote;
  Client();

  std::unique_ptr<Remote> remote_;
  std::unique_ptr<server::Plane> plane_;
};

// Opens the plane, or waits until whoever has its store has let it go; says on standard error whom it waits
// for. Nothing: a server has it, and answers. Errors: those of the plane; RMT-S001 if it took longer than 30
// s.
Result<std::unique_ptr<server::Plane>> open_plane(const server::Config& config);

// A text as one segment of a path.
std::string segment(std::string_view text);

}  // namespace remit::cli
