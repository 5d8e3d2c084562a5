// The token endpoint as a function: a form and a few headers in, a status and JSON out (RFC 6749 §4.4, §5).
//
// One grant is served, `client_credentials` with `private_key_jwt`. Whatever else a request asks for (scopes,
// proofs of possession, authorization details, other grants) is refused by its own error, never ignored: a
// client that asked for a bound token must not get a plain one.
//
// Thread-safety: `answer` may be called from any thread if the directory, cache, clock and random source may
// be used so.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "issuer/access_token.h"
#include "issuer/client_assertion.h"
#include "issuer/settings.h"

namespace remit::issuer {

// Of the HTTP request, which was a POST: views into what the caller holds. Empty: the header is not there.
struct TokenRequest {
  std::string_view content_type;
  std::string_view authorization;
  std::string_view dpop;
  std::string_view body;
};

// What the caller should do or record beside answering.
enum class Finding {
  kTokenEndpointAudience,  // an old library: the credential's switch let it through
  kReplay,                 // an assertion of this client was used twice: place `credential-exposed`
  kDrift,                  // another fingerprint runs than was approved: place `drift`
};

struct TokenAnswer {
  int status = 500;
  std::string body;                                          // JSON
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Type and Cache-Control among them
  std::string client_id;       // of a client that proved its key; empty otherwise
  std::string credential_id;   // whose key it was
  std::string jti;             // of the token that was issued
  std::optional<Error> error;  // why none was
  std::vector<Finding> findings;
};

class TokenEndpoint {
 public:
  // What is referred to must outlive it.
  TokenEndpoint(Settings settings, KeyRing keys, const ClientDirectory& directory, ReplayCache& replays,
                Random& random)
      : settings_(std::move(settings)),
        keys_(std::move(keys)),
        directory_(directory),
        replays_(replays),
        random_(random) {}

  // Errors are answers: 400 `invalid_request`, `unsupported_grant_type`, `invalid_target` (RFC 8707 §2),
  // `invalid_scope`, `invalid_authorization_details` (RFC 9396 §5), `unauthorized_client` (the client is
  // known, but may not have a token now); 401 `invalid_client`; 503 `temporarily_unavailable`.
  TokenAnswer answer(const TokenRequest& request, Instant now) const;

 private:
  const Settings settings_;
  const KeyRing keys_;
  const ClientDirectory& directory_;
  ReplayCache& replays_;
  Random& random_;
};

// The answer to a token request that is wrong as an HTTP request already: `invalid_request`, whatever the
// status.
TokenAnswer refuse_request(int status, Error why);

// The answer of the authorization endpoint, which metadata must name (metadata.h) and which serves no
// response type.
TokenAnswer refuse_authorization();

}  // namespace remit::issuer
