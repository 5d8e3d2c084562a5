// Access tokens: JWTs of RFC 9068, made for one gateway endpoint and verified there.
//
// A token says who calls, never what they may do: each call is decided on the snapshot, so that a hold works
// at once, whatever the token's `exp` says.
//
// Thread-safety: all of it may be used from any thread. `now` must come from a clock that does not step back
// while a token lives.

#pragma once

#include <array>
#include <memory>
#include <mutex>
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

// Typed `at+jwt`, with iss, sub and client_id (both the client), aud (one), iat, exp, jti, and agent_fp if
// there is one.
MintedToken mint_access_token(const Settings& settings, const jose::PrivateKey& key,
                              std::string_view client_id, std::string_view agent_fp, Instant now,
                              Random& random);

// A token that was verified. Only the verifier makes one.
class AccessToken {
 public:
  const std::string& client_id() const { return client_id_; }
  const std::string& jti() const { return jti_; }
  const std::string& agent_fp() const { return agent_fp_; }  // empty: none
  Instant not_before() const { return not_before_; }
  Instant expires() const { return expires_; }
  const Digest& digest() const { return digest_; }  // SHA-256 of the token's text

 private:
  friend class AccessTokenVerifier;
  AccessToken() = default;
  std::string client_id_;
  std::string jti_;
  std::string agent_fp_;
  Instant not_before_;
  Instant expires_;
  Digest digest_;
};

class AccessTokenVerifier {
 public:
  // `cached` tokens, at most, are remembered by their digest; a token is remembered only if it was verified.
  AccessTokenVerifier(Settings settings, jose::KeySet keys, std::size_t cached = 10'000);

  // Accepts the tokens of this environment's issuer for its audience alone, while they live. One with `cnf`
  // is bound to a key, and one with `act` is delegated: as plain bearer tokens both are refused. Errors:
  // kInvalid RMT-J010 … J012, J016; kUnauthorized RMT-J013 … J015, J017, J018, RMT-J031 (type), RMT-J032
  // (issuer), RMT-J033 (audience), RMT-J034 (bound or delegated).
  Result<std::shared_ptr<const AccessToken>> verify(std::string_view token, Instant now) const;

 private:
  using Cached = std::shared_ptr<const AccessToken>;
  // Two generations: when the young one is full it becomes the old one, and what was not asked for since is
  // dropped.
  struct Shard {
    std::mutex mutex;
    std::unordered_map<Digest, Cached> young, old;
  };
  static constexpr std::size_t kShards = 16;

  Result<Cached> verify_afresh(std::string_view token, const Digest& digest, Instant now) const;
  Cached recall(const Digest& digest) const;
  void remember(Cached token) const;
  Shard& shard_of(const Digest& digest) const { return (*shards_)[digest.bytes[0] % kShards]; }

  const Settings settings_;
  const jose::KeySet keys_;
  const std::size_t generation_;
  const std::unique_ptr<std::array<Shard, kShards>> shards_;
};

}  // namespace remit::issuer
