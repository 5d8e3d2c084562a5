// JSON Web Token (RFC 7519): claims with types, and tokens that only verification can make.
//
// What a claim must hold is for the profile that uses the token (issuer/); here are form, signature and
// lifetime.
//
// Thread-safety: values and pure functions.

#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "jose/jws.h"
#include "jose/key.h"

namespace remit::jose {

// The claims of a token. Accessors give kInvalid RMT-J016 for a claim that is missing or of the wrong type.
class Claims {
 public:
  Claims() = default;
  explicit Claims(boost::json::object object) : object_(std::move(object)) {}

  // A string with content.
  Result<std::string> text(std::string_view name) const;
  // The same or absent; present and wrong is an error.
  Result<std::optional<std::string>> optional_text(std::string_view name) const;
  // A NumericDate (§2): seconds, with fractions; any number within the years 0 to 9999.
  Result<Instant> time(std::string_view name) const;
  Result<std::optional<Instant>> optional_time(std::string_view name) const;
  // `aud` as a list (§4.1.3): one string or a list of them, not empty.
  Result<std::vector<std::string>> audience() const;
  const boost::json::object& object() const { return object_; }

 private:
  boost::json::object object_;
};

class UnverifiedJwt {
 public:
  // The claims must be one JSON object, strict as the header is. Errors: those of UnverifiedJws::parse.
  static Result<UnverifiedJwt> parse(std::string_view compact, const JwsLimits& limits = {});

  const Header& header() const { return jws_.header(); }
  // Only to choose the key that the token is then verified with.
  const Claims& unverified_claims() const { return claims_; }

 private:
  friend class VerifiedJwt;
  UnverifiedJwt(UnverifiedJws jws, Claims claims) : jws_(std::move(jws)), claims_(std::move(claims)) {}
  UnverifiedJws jws_;
  Claims claims_;
};

// A token whose signature was checked with a key that we chose. There is no other way to make one.
class VerifiedJwt {
 public:
  // Errors: kUnauthorized RMT-J013, RMT-J014.
  static Result<VerifiedJwt> verify(UnverifiedJwt token, const PublicKey& key);

  const Header& header() const { return header_; }
  const Claims& claims() const { return claims_; }
  // RFC 7638 thumbprint of the key that verified it.
  const std::string& key_thumbprint() const { return thumbprint_; }

 private:
  VerifiedJwt(Header header, Claims claims, std::string thumbprint)
      : header_(std::move(header)), claims_(std::move(claims)), thumbprint_(std::move(thumbprint)) {}
  Header header_;
  Claims claims_;
  std::string thumbprint_;
};

// `exp` (demanded), `nbf` and `iat` against the clock; `skew` is forgiven on each side.
// Errors: kUnauthorized RMT-J017 (expired), RMT-J018 (not yet valid, or issued in the future); kInvalid
// RMT-J016.
Result<> check_lifetime(const Claims& claims, Instant now, std::chrono::seconds skew);

std::string sign_jwt(const PrivateKey& key, std::string_view typ, const boost::json::object& claims);

}  // namespace remit::jose
