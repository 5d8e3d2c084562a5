#include "jose/jws.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"

namespace remit::jose {
namespace {

namespace json = boost::json;

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::kInvalid, "RMT-J010", std::move(message));
}
std::unexpected<Error> bad_header(std::string message) {
  return fail(ErrorKind::kInvalid, "RMT-J012", std::move(message));
}

Result<std::array<std::string_view, 3>> split(std::string_view compact) {
  std::array<std::string_view, 3> parts;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto dot = compact.find('.');
    if (dot == std::string_view::npos) return malformed("the token is not three parts between dots");
    parts[i] = compact.substr(0, dot);
    compact.remove_prefix(dot + 1);
  }
  if (compact.contains('.')) return malformed("the token is not three parts between dots");
  parts[2] = compact;
  if (std::ranges::any_of(parts, &std::string_view::empty)) return malformed("a part of the token is empty");
  return parts;
}

Result<Bytes> decode(std::string_view part, std::string_view name) {
  auto bytes = from_base64url(part);
  if (!bytes) return malformed("the token's " + std::string(name) + " is not base64url without padding");
  return bytes;
}

Result<std::string> text_member(const json::object& header, std::string_view name) {
  const auto* value = header.if_contains(name);
  if (value == nullptr) return std::string();
  if (!value->is_string() || value->get_string().empty())
    return bad_header("the header's `" + std::string(name) + "` is not a string with content");
  return std::string(value->get_string());
}

Result<Header> read_header(BytesView bytes, const JwsLimits& limits) {
  auto value = parse_json(as_text(bytes), {.max_bytes = limits.max_bytes, .max_depth = limits.max_depth});
  if (!value && value.error().kind == ErrorKind::kTooLarge)
    return fail(ErrorKind::kInvalid, "RMT-J011", "the token's header is nested too deeply");
  if (!value) return malformed("the token's header: " + value.error().message);
  if (!value->is_object()) return malformed("the token's header is not a JSON object");
  const auto& object = value->get_object();
  if (object.contains("crit"))
    return bad_header("the header's `crit` names extensions that are not supported");
  if (object.contains("b64")) return bad_header("the header's `b64` is not supported");
  Header header;
  ASSIGN_OR_RETURN(header.alg, text_member(object, "alg"));
  ASSIGN_OR_RETURN(header.typ, text_member(object, "typ"));
  ASSIGN_OR_RETURN(header.kid, text_member(object, "kid"));
  if (header.alg.empty()) return bad_header("the header has no `alg`");
  if (header.kid.size() > kMaxKid) return bad_header("the header's `kid` is longer than 256 bytes");
  return header;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

bool is_type(std::string_view typ, std::string_view expected) {
  constexpr std::string_view kPrefix = "application/";
  if (typ.size() > kPrefix.size() && equal_ignoring_case(typ.substr(0, kPrefix.size()), kPrefix))
    typ.remove_prefix(kPrefix.size());
  return equal_ignoring_case(typ, expected);
}

Result<UnverifiedJws> UnverifiedJws::parse(std::string_view compact, const JwsLimits& limits) {
  if (compact.size() > limits.max_bytes)
    return fail(ErrorKind::kInvalid, "RMT-J011",
                "the token is longer than " + std::to_string(limits.max_bytes) + " bytes");
  ASSIGN_OR_RETURN(const auto parts, split(compact));
  ASSIGN_OR_RETURN(auto header, decode(parts[0], "header"));
  UnverifiedJws jws;
  ASSIGN_OR_RETURN(jws.header_, read_header(header, limits));
  ASSIGN_OR_RETURN(jws.payload_, decode(parts[1], "payload"));
  ASSIGN_OR_RETURN(jws.signature_, decode(parts[2], "signature"));
  jws.signing_input_ = compact.substr(0, parts[0].size() + 1 + parts[1].size());
  return jws;
}

Result<> UnverifiedJws::check(const PublicKey& key) const {
  if (!is_name_of(key.algorithm(), header_.alg))
    return fail(ErrorKind::kUnauthorized, "RMT-J013",
                "the token's `alg` is not the key's, which is " + std::string(to_string(key.algorithm())));
  if (!key.verify(as_bytes(signing_input_), signature_))
    return fail(ErrorKind::kUnauthorized, "RMT-J014", "the token's signature is not valid");
  return {};
}

std::string sign_compact(const PrivateKey& key, std::string_view typ, std::string_view payload) {
  const json::object header = {{"alg", to_string(key.algorithm())}, {"kid", key.kid()}, {"typ", typ}};
  auto token = to_base64url(as_bytes(json::serialize(header))) + "." + to_base64url(as_bytes(payload));
  const auto signature = key.sign(as_bytes(token));
  return token + "." + to_base64url(signature);
}

}  // namespace remit::jose
