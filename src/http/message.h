// HTTP messages as values (RFC 9110): what a handler gets and gives, and what the client sends and receives.
//
// Nothing here knows how a message is framed: Content-Length, Transfer-Encoding and Connection are written by
// the server and the client themselves, and ignored where a caller sets them.
//
// Thread-safety: values.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remit::http {

// The methods that are understood; any other is answered 501 before a handler sees it.
enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };

std::string_view to_string(Method method);
std::optional<Method> parse_method(std::string_view text);  // case-sensitive (RFC 9110 §9.1)

// Whether two ASCII texts are equal but for case: field names, schemes, hosts.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// Header fields in the order they came, names compared without regard to case (RFC 9110 §5.1).
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  // The first value of a name, or nullptr.
  const std::string* find(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string name, std::string value);  // in place of every value it had
  void remove(std::string_view name);
  // Makes one field of all of a name, as is right for fields that are lists and for no others (RFC 9110
  // §5.3).
  void join(std::string_view name);

  std::size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// Whether a field may be written as it is: the name a token, the value free of CR, LF and NUL (RFC 9110
// §5.5). What fails this would let its author write further fields, or a second message.
bool is_valid_field(std::string_view name, std::string_view value);

// Who is at the other end.
struct Peer {
  std::string address = {};  // "127.0.0.1:52814", "[::1]:52814", or "unix"
  // The user of the process that connected, from SO_PEERCRED; unix sockets only.
  std::optional<uid_t> uid = {};
  // Who is taken for one peer where connections are bounded: an IPv4 address, or an IPv6 network of 64 bits,
  // which is what one customer gets.
  std::string network = {};
};

struct Request {
  Method method = Method::kGet;
  std::string target;  // as it came (RFC 9112 §3.2)
  std::string path;    // the target's path, still percent-encoded, beginning with '/' ("*" for OPTIONS *)
  std::string query;   // what follows '?', still percent-encoded, without it
  Headers headers;
  std::string body;
  bool over_limit = false;  // the body was, and `body` is what was kept of it (body_salvage.h)
  Peer peer;
};

struct Response {
  int status = 200;  // 200–599
  Headers headers = {};
  std::string body = {};
};

// The standard reason phrase of a status ("Not Found"), or "Status" for one that is not known.
std::string_view reason_phrase(int status);

}  // namespace remit::http
