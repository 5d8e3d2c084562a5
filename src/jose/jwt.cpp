#include "jose/jwt.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "base/canonical_json.h"

namespace remit::jose {
namespace {

namespace json = boost::json;

constexpr double kYear0 = -62167219200;     // 0000-01-01T00:00:00Z
constexpr double kYear9999 = 253402300799;  // 9999-12-31T23:59:59Z

std::unexpected<Error> bad_claim(std::string_view name, std::string_view why) {
  return fail(ErrorKind::kInvalid, "RMT-J016", "the claim `" + std::string(name) + "` " + std::string(why));
}

Result<std::string> as_string(std::string_view name, const json::value& value) {
  if (!value.is_string() || value.get_string().empty())
    return bad_claim(name, "is not a string with content");
  return std::string(value.get_string());
}

Result<Instant> as_time(std::string_view name, const json::value& value) {
  if (!value.is_number()) return bad_claim(name, "is not a number");
  const auto seconds = value.to_number<double>();
  // Written so that NaN fails too.
  if (!(seconds >= kYear0 && seconds <= kYear9999))
    return bad_claim(name, "is not a time that a clock can show");
  if (value.is_int64()) return from_micros(value.get_int64() * 1'000'000);
  return from_micros(static_cast<std::int64_t>(std::floor(seconds * 1e6)));
}

}  // namespace

Result<std::string> Claims::text(std::string_view name) const {
  const auto* value = object_.if_contains(name);
  if (value == nullptr) return bad_claim(name, "is missing");
  return as_string(name, *value);
}

Result<std::optional<std::string>> Claims::optional_text(std::string_view name) const {
  const auto* value = object_.if_contains(name);
  if (value == nullptr) return std::nullopt;
  return as_string(name, *value);
}

Result<Instant> Claims::time(std::string_view name) const {
  const auto* value = object_.if_contains(name);
  if (value == nullptr) return bad_claim(name, "is missing");
  return as_time(name, *value);
}

Result<std::optional<Instant>> Claims::optional_time(std::string_view name) const {
  const auto* value = object_.if_contains(name);
  if (value == nullptr) return std::nullopt;
  return as_time(name, *value);
}

Result<std::vector<std::string>> Claims::audience() const {
  const auto* value = object_.if_contains("aud");
  if (value == nullptr) return bad_claim("aud", "is missing");
  std::vector<std::string> out;
  if (!value->is_array()) {
    ASSIGN_OR_RETURN(auto one, as_string("aud", *value));
    out.push_back(std::move(one));
    return out;
  }
  for (const auto& entry : value->get_array()) {
    ASSIGN_OR_RETURN(auto one, as_string("aud", entry));
    out.push_back(std::move(one));
  }
  if (out.empty()) return bad_claim("aud", "is an empty list");
  return out;
}

Result<UnverifiedJwt> UnverifiedJwt::parse(std::string_view compact, const JwsLimits& limits) {
  ASSIGN_OR_RETURN(auto jws, UnverifiedJws::parse(compact, limits));
  auto value = parse_json(as_text(jws.unverified_payload()),
                          {.max_bytes = limits.max_bytes, .max_depth = limits.max_depth});
  if (!value && value.error().kind == ErrorKind::kTooLarge)
    return fail(ErrorKind::kInvalid, "RMT-J011", "the token's claims are nested too deeply");
  if (!value) return fail(ErrorKind::kInvalid, "RMT-J010", "the token's claims: " + value.error().message);
  if (!value->is_object())
    return fail(ErrorKind::kInvalid, "RMT-J010", "the token's claims are not a JSON object");
  return UnverifiedJwt(std::move(jws), Claims(std::move(value->get_object())));
}

Result<VerifiedJwt> VerifiedJwt::verify(UnverifiedJwt token, const PublicKey& key) {
  TRY(token.jws_.check(key));
  return VerifiedJwt(token.header(), std::move(token.claims_), key.thumbprint());
}

Result<> check_lifetime(const Claims& claims, Instant now, std::chrono::seconds skew) {
  ASSIGN_OR_RETURN(const auto expires, claims.time("exp"));
  ASSIGN_OR_RETURN(const auto not_before, claims.optional_time("nbf"));
  ASSIGN_OR_RETURN(const auto issued, claims.optional_time("iat"));
  if (now >= expires + skew)
    return fail(ErrorKind::kUnauthorized, "RMT-J017", "the token expired at " + format_instant(expires));
  if (not_before && now + skew < *not_before)
    return fail(ErrorKind::kUnauthorized, "RMT-J018",
                "the token is not valid before " + format_instant(*not_before));
  if (issued && now + skew < *issued)
    return fail(ErrorKind::kUnauthorized, "RMT-J018",
                "the token was issued in the future, at " + format_instant(*issued));
  return {};
}

std::string sign_jwt(const PrivateKey& key, std::string_view typ, const json::object& claims) {
  return sign_compact(key, typ, json::serialize(claims));
}

}  // namespace remit::jose
