#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

#include "base/sha256.h"
#include "jose/key_state.h"

namespace remit::jose {
namespace {

namespace json = boost::json;

std::unexpected<Error> unusable(std::string message) {
  return fail(ErrorKind::kInvalid, "RMT-J001", std::move(message));
}

Result<std::optional<std::string>> optional_text(const json::object& jwk, std::string_view name) {
  const auto* value = jwk.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return unusable("the key's `" + std::string(name) + "` is not a string");
  return std::string(value->get_string());
}

Result<Bytes> coordinate(const json::object& jwk, std::string_view name) {
  ASSIGN_OR_RETURN(auto text, optional_text(jwk, name));
  if (!text) return unusable("the key has no `" + std::string(name) + "`");
  auto bytes = from_base64url(*text);
  OPENSSL_cleanse(text->data(), text->size());  // it may be `d`
  if (!bytes || bytes->size() != 32)
    return unusable("the key's `" + std::string(name) + "` is not 32 bytes in base64url without padding");
  return bytes;
}

// kty and crv together say the algorithm (RFC 7518 §6.2.1.1, RFC 8037 §2).
Result<Algorithm> algorithm_of(const json::object& jwk) {
  ASSIGN_OR_RETURN(auto kty, optional_text(jwk, "kty"));
  ASSIGN_OR_RETURN(auto crv, optional_text(jwk, "crv"));
  if (!kty) return unusable("the key has no `kty`");
  if (*kty == "RSA") return Algorithm::kPs256;
  if (*kty == "EC" && crv == "P-256") return Algorithm::kEs256;
  if (*kty == "OKP" && crv == "Ed25519") return Algorithm::kEd25519;
  return fail(ErrorKind::kInvalid, "RMT-J002",
              "keys of type `" + kty->substr(0, 16) + "`" + (crv ? " on `" + crv->substr(0, 16) + "`" : "") +
                  " are not supported",
              "Use an EC key on P-256 (ES256), an OKP key on Ed25519 (EdDSA) or an RSA key (PS256).");
}

// RFC 7517 §4.2 to §4.4: what the key says of its own purpose binds.
Result<> check_purpose(const json::object& jwk, Algorithm algorithm, std::string_view operation) {
  ASSIGN_OR_RETURN(auto alg, optional_text(jwk, "alg"));
  if (alg && !is_name_of(algorithm, *alg))
    return fail(ErrorKind::kInvalid, "RMT-J002", "the key says that it is for `" + alg->substr(0, 16) + "`");
  ASSIGN_OR_RETURN(auto use, optional_text(jwk, "use"));
  if (use && *use != "sig") return unusable("the key's `use` is not `sig`");
  const auto* ops = jwk.if_contains("key_ops");
  if (ops == nullptr) return {};
  if (!ops->is_array() ||
      !std::ranges::all_of(ops->get_array(), [](const auto& op) { return op.is_string(); }))
    return unusable("the key's `key_ops` is not a list of strings");
  const auto& list = ops->get_array();
  if (std::ranges::none_of(list, [&](const auto& op) { return op.get_string() == operation; }))
    return unusable("the key's `key_ops` does not name `" + std::string(operation) + "`");
  return {};
}

Result<std::string> kid_of(const json::object& jwk) {
  ASSIGN_OR_RETURN(auto kid, optional_text(jwk, "kid"));
  if (kid && (kid->empty() || kid->size() > kMaxKid)) return unusable("the key's `kid` is empty or too long");
  return kid.value_or("");
}

Result<Bytes> raw_of(const json::object& jwk, Algorithm algorithm) {
  ASSIGN_OR_RETURN(auto raw, coordinate(jwk, "x"));
  if (algorithm == Algorithm::kEd25519) return raw;
  ASSIGN_OR_RETURN(auto y, coordinate(jwk, "y"));
  raw.insert(raw.end(), y.begin(), y.end());
  return raw;
}

// RSA's numbers have no leading zeros (RFC 7518 §6.3.1): a second spelling would be a second thumbprint.
Result<Bytes> number(const json::object& jwk, std::string_view name) {
  ASSIGN_OR_RETURN(const auto text, optional_text(jwk, name));
  auto bytes = from_base64url(text.value_or(""));
  if (!bytes || bytes->empty() || bytes->front() == 0)
    return unusable("the key's `" + std::string(name) +
                    "` is not a number in base64url without padding and leading zeros");
  return bytes;
}

// A point and its negative differ in the sign of the other coordinate alone.
Bytes without_sign(Algorithm algorithm, BytesView raw) {
  if (algorithm == Algorithm::kEs256) raw = raw.first(32);
  Bytes out(raw.begin(), raw.end());
  if (algorithm == Algorithm::kEd25519) out.back() &= 0x7f;  // RFC 8032 §5.1.2
  return out;
}

}  // namespace

// The members that RFC 7638 §3.2 and RFC 8037 §2 hash, in their order.
json::object PublicKey::required_members() const {
  const auto raw = this->raw();
  switch (algorithm()) {
    case Algorithm::kEd25519:
      return {{"crv", "Ed25519"}, {"kty", "OKP"}, {"x", to_base64url(raw)}};
    case Algorithm::kPs256:
      return {{"e", to_base64url(state_->exponent)}, {"kty", "RSA"}, {"n", to_base64url(raw)}};
    case Algorithm::kEs256:
      break;
  }
  return {
      {"crv", "P-256"}, {"kty", "EC"}, {"x", to_base64url(raw.first(32))}, {"y", to_base64url(raw.last(32))}};
}

Result<PublicKey> PublicKey::from_jwk(const json::object& jwk) {
  ASSIGN_OR_RETURN(auto algorithm, algorithm_of(jwk));
  // Whoever sent a private key here has shown it: taking its public half would hide that.
  for (std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
    if (jwk.contains(name))
      return unusable("the key holds its private part; make a new one and send its public part");
  TRY(check_purpose(jwk, algorithm, "verify"));
  ASSIGN_OR_RETURN(auto kid, kid_of(jwk));
  if (algorithm == Algorithm::kPs256) {
    ASSIGN_OR_RETURN(const auto modulus, number(jwk, "n"));
    ASSIGN_OR_RETURN(const auto exponent, number(jwk, "e"));
    ASSIGN_OR_RETURN(auto key, from_rsa(modulus, exponent));
    return key.with_kid(std::move(kid));
  }
  ASSIGN_OR_RETURN(auto raw, raw_of(jwk, algorithm));
  ASSIGN_OR_RETURN(auto key, from_point(algorithm, raw));
  return key.with_kid(std::move(kid));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  // Whoever sent a private key here has shown it, as with a JWK.
  if (pem.contains("PRIVATE KEY"))
    return unusable("the key holds its private part; make a new one and send its public part");
  const auto begin = pem.find("-----BEGIN ");
  const auto spki = evp::read_pem(pem);
  if (!spki || pem.find("-----BEGIN ", begin + 1) != std::string_view::npos)
    return unusable("the text is not one public key in PEM (`-----BEGIN PUBLIC KEY-----`)");
  if (spki->type == "RSA") return from_rsa(spki->raw, spki->exponent);
  if (spki->type == "EC") return from_point(Algorithm::kEs256, spki->raw);
  if (spki->type == "ED25519") return from_point(Algorithm::kEd25519, spki->raw);
  return fail(ErrorKind::kInvalid, "RMT-J002",
              "keys that are " + std::string(spki->type) + " are not supported",
              "Use an EC key on P-256 (ES256), an Ed25519 key (EdDSA) or an RSA key (PS256).");
}

json::object PublicKey::jwk() const {
  auto out = required_members();
  out["alg"] = to_string(algorithm());
  out["use"] = "sig";
  if (!kid_.empty()) out["kid"] = kid_;
  return out;
}

std::string PublicKey::thumbprint() const {
  return to_base64url(sha256(json::serialize(required_members())).bytes);
}

std::string PublicKey::material_thumbprint() const {
  const auto kind = to_string(algorithm());
  return to_base64url(sha256(as_bytes(kind), without_sign(algorithm(), raw())).bytes);
}

Result<PrivateKey> PrivateKey::from_jwk(const json::object& jwk) {
  ASSIGN_OR_RETURN(auto algorithm, algorithm_of(jwk));
  if (algorithm == Algorithm::kPs256)
    return fail(ErrorKind::kInvalid, "RMT-J002", "RSA keys verify here and do not sign",
                "Use an EC key on P-256 (ES256) or an OKP key on Ed25519 (EdDSA).");
  TRY(check_purpose(jwk, algorithm, "sign"));
  ASSIGN_OR_RETURN(auto kid, kid_of(jwk));
  ASSIGN_OR_RETURN(auto raw, raw_of(jwk, algorithm));
  ASSIGN_OR_RETURN(auto d, coordinate(jwk, "d"));
  auto key = from_scalar(algorithm, d);
  OPENSSL_cleanse(d.data(), d.size());
  if (!key) return key;
  if (!std::ranges::equal(key->public_.raw(), raw))
    return fail(ErrorKind::kInvalid, "RMT-J003", "the key's public part does not belong to its private part");
  if (!kid.empty()) key->public_ = key->public_.with_kid(std::move(kid));
  return key;
}

Secret PrivateKey::jwk() const {
  auto out = public_.jwk();
  out["d"] = to_base64url(as_bytes(state_->d.reveal()));
  return Secret(json::serialize(out));
}

}  // namespace remit::jose
