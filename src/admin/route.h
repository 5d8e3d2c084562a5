// Routes of the API: a method and a pattern of the path, and what it does.
//
// Thread-safety: values.

#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admin/fields.h"
#include "audit/log.h"
#include "http/loop.h"
#include "http/message.h"
#include "snapshot/snapshot.h"
#include "store/store.h"

namespace remit::admin {

// A request that was matched and read.
struct Call {
  audit::Actor actor;
  std::map<std::string, std::string, std::less<>> path;  // what stands for {name}, decoded
  Fields query;
  Fields body;
};

struct Answer {
  boost::json::value body;
  int status = 200;
};

// Reads the snapshot in force. On the loop's thread: it may not wait.
using Query = std::function<Result<Answer>(const Call&, const snapshot::Snapshot&)>;
// Changes the store: runs inside a transaction, on the writer's thread.
using Command = std::function<Result<Answer>(const Call&, store::Transaction&)>;
// Reads what the snapshot does not have: on the reading thread, with the snapshot that was in force when the
// request came, for the names of what it finds.
using Lookup = std::function<Result<Answer>(const Call&, const snapshot::Snapshot&, store::Reader&)>;
// Anything that waits for others.
using Activity = std::function<http::Task<Result<Answer>>(Call)>;

struct Route {
  http::Method method;
  std::string_view pattern;  // "/v1/agents/{name}"
  std::variant<Query, Command, Lookup, Activity> work;
};

// The path's parts where it fits the pattern. Segments are percent-decoded after they are split, so a part
// may hold a slash.
std::optional<std::map<std::string, std::string, std::less<>>> match(std::string_view pattern,
                                                                     std::string_view path);

// The route for a request; none where there is no such resource, or it does not take the method: `allow` then
// names those that it takes.
struct Matched {
  const Route* route = nullptr;
  std::map<std::string, std::string, std::less<>> path = {};
  std::string allow = {};
};
Matched find_route(std::span<const Route> routes, http::Method method, std::string_view path);

}  // namespace remit::admin
