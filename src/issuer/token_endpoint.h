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
  std::string_view from = {};  // the client's own address; empty: not known, as behind a proxy
};

// What the caller should do or record beside answering.
enum class Finding {
  kTokenEndpointAudience,  // an old library: the credential's switch let it through
  // An assertion of this client, or its `jti`, was shown twice: record it. Proxies that retry and libraries
  // that keep an assertion do that, so it holds nobody.
  kReplay,
  // The assertion that was spent came again from another address: it is in other hands. Place
  // `credential-exposed`.
  kExposure,
  kDrift,         // another fingerprint runs than was approved: place `drift`
  kRunsApproved,  // and now the approved one does
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
  // To be durable before the answer leaves (issuer/spent_assertions.h); where it cannot be made so, the
  // answer is `unavailable`.
  std::optional<Spent> keep = {};
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

// The answer in place of one that may not leave: 503 `temporarily_unavailable`.
TokenAnswer unavailable(const Error& cause);

// The answer of the authorization endpoint, which metadata must name (metadata.h) and which serves no
// response type.
TokenAnswer refuse_authorization();

}  // namespace remit::issuer
