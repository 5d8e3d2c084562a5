// Access tokens: JWTs of RFC 9068, made for one gateway endpoint and verified there.
//
// A token says who calls, never what they may do: each call is decided on the snapshot, so that a hold works
// at once, whatever the token's `exp` says.
//
// Thread-safety: all of it may be used from any thread, but for a TokenCache, which belongs to one. `now`
// must come from a clock that does not step back while a token lives.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/sha256.h"
#include "issuer/settings.h"
#include "jose/key_set.h"

namespace remit::issuer {

// The key that signs now, and those that verify: it, its predecessor until its tokens are gone, its successor
// before it is used (overlap rotation).
struct KeyRing {
  jose::PrivateKey current;
  jose::KeySet published;

  // Errors: kInvalid RMT-J004.
  static Result<KeyRing> of(jose::PrivateKey current, std::vector<jose::PublicKey> others = {});
};

struct MintedToken {
  std::string token;
  std::string jti;
  Instant expires;
};

// Who a token is for.
struct TokenSubject {
  std::string_view client_id;      // the deployment
  std::string_view credential_id;  // whose key asked for it
  std::string_view agent_fp = {};  // the approved manifest's digest; empty: none
};

// Typed `at+jwt`, with iss, sub and client_id (both the client), credential, aud (one), iat, exp, jti, and
// agent_fp if there is one.
MintedToken mint_access_token(const Settings& settings, const jose::PrivateKey& key,
                              const TokenSubject& subject, Instant now, Random& random);

// A token that was verified. Only the verifier makes one.
class AccessToken {
 public:
  const std::string& client_id() const { return client_id_; }
  // The credential that proved itself for it: when that is revoked, the token is worth nothing.
  const std::string& credential_id() const { return credential_id_; }
  const std::string& jti() const { return jti_; }
  const std::string& agent_fp() const { return agent_fp_; }  // empty: none
  Instant not_before() const { return not_before_; }
  Instant expires() const { return expires_; }
  const Digest& digest() const { return digest_; }  // SHA-256 of the token's text

 private:
  friend class AccessTokenVerifier;
  AccessToken() = default;
  std::string client_id_;
  std::string credential_id_;
  std::string jti_;
  std::string agent_fp_;
  Instant not_before_;
  Instant expires_;
  Digest digest_;
};

// What one thread remembers of the tokens that it verified, so that a signature is checked once and no lock
// is taken. Two generations: when the young one is full it becomes the old one, and what was not asked for
// since is dropped.
class TokenCache {
 public:
  // `capacity` tokens, at most.
  explicit TokenCache(std::size_t capacity = 4'000) : generation_(capacity / 2 + 1) {}

  std::shared_ptr<const AccessToken> recall(const Digest& digest);
  void remember(std::shared_ptr<const AccessToken> token);

 private:
  std::size_t generation_;
  std::unordered_map<Digest, std::shared_ptr<const AccessToken>> young_, old_;
};

class AccessTokenVerifier {
 public:
  AccessTokenVerifier(Settings settings, jose::KeySet keys)
      : settings_(std::move(settings)), keys_(std::move(keys)) {}

  // Accepts the tokens of this environment's issuer for its audience alone, while they live. One with `cnf`
  // is bound to a key, and one with `act` is delegated: as plain bearer tokens both are refused. `cache` must
  // be used with this verifier only. Errors: kInvalid RMT-J010 … J012, J016; kUnauthorized RMT-J013 … J015,
  // J017, J018, RMT-J031 (type), RMT-J032 (issuer), RMT-J033 (audience), RMT-J034 (bound or delegated).
  Result<std::shared_ptr<const AccessToken>> verify(std::string_view token, Instant now,
                                                    TokenCache& cache) const;

 private:
  Result<std::shared_ptr<const AccessToken>> verify_afresh(std::string_view token, const Digest& digest,
                                                           Instant now) const;

  const Settings settings_;
  const jose::KeySet keys_;
};

}  // namespace remit::issuer
