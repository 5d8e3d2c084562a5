// JSON Web Signature, compact form (RFC 7515 §3.1, §5), read in one way only.
//
// Refused while parsing: anything but three parts; an empty part; base64url with padding, foreign characters
// or stray bits; a header that is not one JSON object in UTF-8 without byte order mark and without duplicate
// members; `crit` with whatever content, since no extension is understood here (§4.1.11); `b64` (RFC 7797); a
// size or depth over the limit.
//
// The key fixes the algorithm, and `alg` must name it (RFC 8725 §3.1). `jwk`, `jku`, `x5u` and `x5c` in a
// header select nothing and fetch nothing.
//
// Thread-safety: values and pure functions.

#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "jose/key.h"

namespace remit::jose {

struct JwsLimits {
  std::size_t max_bytes = 16 * 1024;  // of the whole token
  std::size_t max_depth = 16;         // of the JSON in its header, and in a JWT's claims
};

struct Header {
  std::string alg;
  std::string typ;  // as sent; empty if absent
  std::string kid;  // empty if absent
};

// Whether `typ` names that media type: letters of any case, with or without "application/" (RFC 7515 §4.1.9).
bool is_type(std::string_view typ, std::string_view expected);

class UnverifiedJws {
 public:
  // Errors: kInvalid RMT-J010 (form), RMT-J011 (limit), RMT-J012 (header).
  static Result<UnverifiedJws> parse(std::string_view compact, const JwsLimits& limits = {});

  const Header& header() const { return header_; }
  BytesView unverified_payload() const { return payload_; }

  // Errors: kUnauthorized RMT-J013 (`alg` is not the key's), RMT-J014 (signature).
  Result<> check(const PublicKey& key) const;

 private:
  UnverifiedJws() = default;
  Header header_;
  Bytes payload_;
  Bytes signature_;
  std::string signing_input_;
};

// Header { alg, kid, typ } and the payload, signed.
std::string sign_compact(const PrivateKey& key, std::string_view typ, std::string_view payload);

}  // namespace remit::jose
