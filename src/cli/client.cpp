#include "cli/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <thread>

#include "base/canonical_json.h"
#include "base/visible.h"
#include "http/block_on.h"
#include "http/client.h"
#include "server/plane.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kPatience{30};  // with whoever has the store
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::seconds kTimeout{60};  // a scan starts a server and waits for it

ErrorKind kind_of(int status) {
  for (const auto kind :
       {ErrorKind::kInvalid, ErrorKind::kUnauthorized, ErrorKind::kForbidden, ErrorKind::kNotFound,
        ErrorKind::kConflict, ErrorKind::kTooLarge, ErrorKind::kUnavailable})
    if (http_status(kind) == status) return kind;
  return ErrorKind::kInternal;
}

std::string member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// A body's members are this program's options: "`data_class` must be …" is about --data-class.
std::string with_option(std::string message) {
  const auto end = message.find('`', 1);
  if (!message.starts_with('`') || end == std::string::npos) return message;
  auto name = message.substr(1, end - 1);
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string::npos) return message;
  std::ranges::replace(name, '_', '-');
  return "`--" + name + message.substr(end);
}

// The problem details of an answer (http/problem.h) as the error that they came from.
Error error_of(const http::Response& response) {
  Error error{kind_of(response.status), "RMT-K003",
              fmt::format("the server answered HTTP {}", response.status)};
  const auto body = parse_json(response.body);
  if (!body || !body->is_object()) return error;
  const auto& problem = body->get_object();
  if (const auto* known = find_error(member(problem, "code"))) error.code = known->code;
  if (auto detail = member(problem, "detail"); !detail.empty()) error.message = std::move(detail);
  if (error.code == "RMT-X012") error.message = with_option(std::move(error.message));
  error.fix = member(problem, "fix");
  return error;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the answer
http::Task<http::Response> in_process(server::Plane& plane, http::Request& request) {
  co_return co_await plane.command(request);
}

}  // namespace

struct Client::Remote {
  explicit Remote(http::Url socket) : url(std::move(socket)), client(loop) {}
  ~Remote() { loop.stop(); }  // the client is destroyed after its loop was stopped
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;

  http::Url url;
  http::Loop loop;
  http::Client client;
};

Client::Client() = default;
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

Result<std::optional<Client>> Client::reach(const server::DataFolder& folder) {
  std::error_code ec;
  if (!std::filesystem::exists(folder.socket(), ec)) return std::nullopt;
  ASSIGN_OR_RETURN(const auto address, folder.socket_address());
  ASSIGN_OR_RETURN(auto url, http::parse_url(address.text));
  Client client;
  client.remote_ = std::make_unique<Remote>(std::move(url));
  const auto answer = client.send(http::Method::kGet, "/v1/status", {});
  if (answer) return client;
  // Nobody listens: a server that was killed left its socket behind.
  if (answer.error().code == "RMT-H020") return std::nullopt;
  return std::unexpected(answer.error());
}

Result<Client> Client::open(const server::Config& config, Missing missing) {
  const server::DataFolder folder(config.data);
  ASSIGN_OR_RETURN(auto served, reach(folder));
  if (served) return std::move(*served);
  std::error_code ec;
  if (missing == Missing::kRefuse && !std::filesystem::exists(folder.store(), ec)) {
    if (ec == std::errc::permission_denied)
      return fail(ErrorKind::kForbidden, "RMT-K017",
                  fmt::format("{} cannot be read by this account", config.data.string()));
    return fail(ErrorKind::kNotFound, "RMT-K002",
                fmt::format("there is no Remit in {}", config.data.string()));
  }
  Client client;
  ASSIGN_OR_RETURN(client.plane_, open_plane(config));
  if (client.plane_) return client;
  ASSIGN_OR_RETURN(auto started, reach(folder));  // meanwhile
  if (started) return std::move(*started);
  return fail(ErrorKind::kUnavailable, "RMT-K016", "the server that was there has gone meanwhile");
}

Result<std::unique_ptr<server::Plane>> open_plane(const server::Config& config) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (bool said = false;; said = true) {
    auto opened = server::Plane::open(config);
    if (opened || opened.error().code != "RMT-S001" || std::chrono::steady_clock::now() > until)
      return opened;
    ASSIGN_OR_RETURN(const auto served, Client::reach(server::DataFolder(config.data)));
    if (served) return nullptr;
    if (!said) fmt::print(stderr, "waiting: {}\n", visible(opened.error().message));
    std::this_thread::sleep_for(kLookAgain);
  }
}

Result<Client> Client::open(const Context& context, Missing missing) {
  ASSIGN_OR_RETURN(const auto config, load(context));
  return open(config, missing);
}

Result<http::Response> Client::send(http::Method method, std::string target, http::Headers headers,
                                    std::string body) {
  if (plane_) {
    const auto question = target.find('?');
    http::Request request;
    request.method = method;
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    request.target = std::move(target);
    request.headers = std::move(headers);
    request.body = std::move(body);
    return http::block_on(plane_->loop(), in_process(*plane_, request));
  }
  http::Call call{
      .method = method, .url = remote_->url, .headers = std::move(headers), .body = std::move(body)};
  call.url.target = std::move(target);
  return http::block_on(remote_->loop, remote_->client.call(std::move(call), {.timeout = kTimeout}));
}

Result<json::value> Client::get(std::string path) {
  ASSIGN_OR_RETURN(const auto response, send(http::Method::kGet, std::move(path), {}));
  if (response.status >= 300) return std::unexpected(error_of(response));
  return parse_json(response.body);
}

Result<std::string> Client::text(std::string path) {
  ASSIGN_OR_RETURN(auto response, send(http::Method::kGet, std::move(path), {}));
  if (response.status >= 300) return std::unexpected(error_of(response));
  return std::move(response.body);
}

Result<json::value> Client::post(std::string path, const json::object& body) {
  ASSIGN_OR_RETURN(const auto response, send(http::Method::kPost, std::move(path),
                                             {{"Content-Type", "application/json"}}, json::serialize(body)));
  if (response.status >= 300) return std::unexpected(error_of(response));
  return parse_json(response.body);
}

std::string segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain)
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace remit::cli
