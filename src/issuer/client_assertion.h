// Client authentication by `private_key_jwt`: RFC 7521 §4.2 and RFC 7523 §2.2, §3, as
// draft-ietf-oauth-rfc7523bis tightens them.
//
//  - `typ` is `client-authentication+jwt`, `JWT` or absent.
//  - `iss` and `sub` are the client's id, and so is the form's `client_id` if it is there.
//  - `aud` is the issuer, alone (a string, or a list of one).
//  - `exp` is there and at most an hour away; from `iat`, if there, it is an hour at most.
//  - `jti` is there and was never used.
//  - `iat`, if there, is after the start that followed the last kill of the server: what was made before may
//    have been spent before (spent_assertions.h). Its client makes another one, and is told so.
//
// To the outside an unknown client, an unknown key and a wrong signature look the same, and cost the same:
// one signature check, which is made with a key of nobody's where there is no key to try. Only a client with
// several keys that names none of them costs one for each. Reasons are told only to who holds the key.

#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "issuer/client_directory.h"
#include "issuer/replay_cache.h"
#include "issuer/settings.h"

namespace remit::issuer {

// What is shown, and by whom.
struct ShownAssertion {
  std::string_view text;
  std::string_view form_client_id = {};
  std::string_view from = {};  // the client's address; empty: not known
};

struct AuthenticatedClient {
  Client client;
  std::string credential_id;                  // whose key signed
  bool used_token_endpoint_audience = false;  // a finding
  std::optional<Spent> keep = {};             // to be durable before the client is answered
};

struct AssertionRefusal {
  Error error;
  // Whose key signed what was refused: what is wrong with it may place a hold on that client. Empty where no
  // signature was verified, since then anyone may have sent it.
  std::string proven_client = {};
  std::string credential_id = {};
  bool runs_approved = false;      // held for drift, and runs what is approved by now
  std::optional<Spent> keep = {};  // to be durable before the client is answered
};

// Thread-safe where the directory and the cache are. Errors:
//  kInvalid       RMT-J010 … J012, J016   not a token at all, or a claim is missing
//  kUnauthorized  RMT-J021                client, key or signature
//                 RMT-J017, J018, J022 … J026   a claim (type, names, audience, life, `jti`)
//                 RMT-J027, J035          replayed
//  kForbidden     RMT-J029 (not now), RMT-J030 (another fingerprint runs than was approved)
//  kUnavailable   RMT-J028, RMT-J036 (made before this process started)
std::expected<AuthenticatedClient, AssertionRefusal> verify_client_assertion(const ShownAssertion& shown,
                                                                             const Settings& settings,
                                                                             const ClientDirectory& directory,
                                                                             ReplayCache& replays,
                                                                             Instant now);

}  // namespace remit::issuer
