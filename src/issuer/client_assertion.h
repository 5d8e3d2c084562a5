// Client authentication by `private_key_jwt`: RFC 7521 §4.2 and RFC 7523 §2.2, §3, as
// draft-ietf-oauth-rfc7523bis tightens them.
//
//  - `typ` is `client-authentication+jwt`, `JWT` or absent.
//  - `iss` and `sub` are the client's id, and so is the form's `client_id` if it is there.
//  - `aud` is the issuer, alone (a string, or a list of one).
//  - `exp` is there and at most an hour away; from `iat`, if there, it is an hour at most.
//  - `jti` is there and was never used.
//
// To the outside an unknown client, an unknown key and a wrong signature look the same; reasons are told only
// to who holds the key.

#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "issuer/client_directory.h"
#include "issuer/replay_cache.h"
#include "issuer/settings.h"

namespace remit::issuer {

struct AuthenticatedClient {
  Client client;
  std::string credential_id;                  // whose key signed
  bool used_token_endpoint_audience = false;  // a finding
};

struct AssertionRefusal {
  Error error;
  // Whose key signed what was refused: what is wrong with it may place a hold on that client. Empty where no
  // signature was verified, since then anyone may have sent it.
  std::string proven_client;
  std::string credential_id;
};

// Thread-safe where the directory and the cache are. Errors:
//  kInvalid       RMT-J010 … J012, J016   not a token at all, or a claim is missing
//  kUnauthorized  RMT-J021                client, key or signature
//                 RMT-J017, J018, J022 … J026   a claim (type, names, audience, life, `jti`)
//                 RMT-J027                replayed
//  kForbidden     RMT-J029 (not now), RMT-J030 (another fingerprint runs than was approved)
//  kUnavailable   RMT-J028
std::expected<AuthenticatedClient, AssertionRefusal> verify_client_assertion(
    std::string_view assertion, std::string_view form_client_id, const Settings& settings,
    const ClientDirectory& directory, ReplayCache& replays, Instant now);

}  // namespace remit::issuer
