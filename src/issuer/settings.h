// One environment's authorization server: its names and its lifetimes.
//
// Each environment has an issuer URL, keys and an audience of its own, so that nothing made for one verifies
// in another (identity.md, *Credentials and tokens*).
//
// Thread-safety: a value.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/environment.h"
#include "base/result.h"

namespace remit::issuer {

struct Settings {
  Environment environment = Environment::kSandbox;
  std::string
      issuer;  // "https://remit.example/production": `iss` of what we make, `aud` of what clients send
  std::string
      audience;  // "https://remit.example/mcp/production": the gateway endpoint, `aud` of access tokens

  std::chrono::seconds token_life{300};
  std::chrono::seconds longest_assertion{3600};
  // Since when it is known what was spent: assertions of before are refused (spent_assertions.h).
  Instant started{};
  std::chrono::seconds skew{30};  // forgiven between a client's clock and ours

  std::string token_endpoint() const { return issuer + "/token"; }
  std::string jwks_uri() const { return issuer + "/jwks"; }
  std::string authorization_endpoint() const { return issuer + "/authorize"; }
};

// Both URLs absolute, http or https, with a host, without user, query, fragment or trailing slash (RFC 8414
// §2, RFC 8707 §2); lifetimes above zero. Errors: kInvalid RMT-J020.
Result<> check(const Settings& settings);

// Whether `text` is an absolute URI without fragment (RFC 8707 §2).
bool is_resource(std::string_view text);

}  // namespace remit::issuer
