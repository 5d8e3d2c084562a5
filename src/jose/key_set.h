// A JWK set (RFC 7517 §5), and how a token's `kid` picks from it.
//
// Thread-safety: a value.

#pragma once

#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

#include "jose/key.h"

namespace remit::jose {

class KeySet {
 public:
  static constexpr std::size_t kMaxKeys = 64;

  KeySet() = default;
  // Errors: kInvalid RMT-J004 (two keys with one `kid`, or too many keys).
  static Result<KeySet> of(std::vector<PublicKey> keys);
  // Every key must be usable: a set that is half understood would hide a mistake in the other half. Errors:
  // RMT-J001 … RMT-J004.
  static Result<KeySet> from_jwks(const boost::json::object& jwks);

  // The key of that `kid`; without a `kid`, the only key there is. It is compared and used for nothing else.
  // Errors: kUnauthorized RMT-J015.
  Result<PublicKey> select(std::string_view kid) const;

  const std::vector<PublicKey>& keys() const { return keys_; }
  boost::json::object jwks() const;

 private:
  std::vector<PublicKey> keys_;
};

}  // namespace remit::jose
