#include "jose/key_set.h"

#include <boost/json/array.hpp>
#include <set>

namespace remit::jose {

Result<KeySet> KeySet::of(std::vector<PublicKey> keys) {
  if (keys.size() > kMaxKeys)
    return fail(ErrorKind::kInvalid, "RMT-J004", "the key set has more than 64 keys");
  std::set<std::string_view> seen;
  for (const auto& key : keys)
    if (!key.kid().empty() && !seen.insert(key.kid()).second)
      return fail(ErrorKind::kInvalid, "RMT-J004", "two keys of the set have one `kid`");
  KeySet set;
  set.keys_ = std::move(keys);
  return set;
}

Result<KeySet> KeySet::from_jwks(const boost::json::object& jwks) {
  const auto* list = jwks.if_contains("keys");
  if (list == nullptr || !list->is_array())
    return fail(ErrorKind::kInvalid, "RMT-J004", "the key set has no list `keys`");
  if (list->get_array().size() > kMaxKeys)
    return fail(ErrorKind::kInvalid, "RMT-J004", "the key set has more than 64 keys");
  std::vector<PublicKey> keys;
  for (const auto& entry : list->get_array()) {
    if (!entry.is_object()) return fail(ErrorKind::kInvalid, "RMT-J004", "a key of the set is not an object");
    ASSIGN_OR_RETURN(auto key, PublicKey::from_jwk(entry.get_object()));
    keys.push_back(std::move(key));
  }
  return of(std::move(keys));
}

Result<PublicKey> KeySet::select(std::string_view kid) const {
  if (kid.empty()) {
    if (keys_.size() == 1) return keys_.front();
    return fail(ErrorKind::kUnauthorized, "RMT-J015",
                "the token names no `kid`, and there is not exactly one key");
  }
  for (const auto& key : keys_)
    if (key.kid() == kid) return key;
  return fail(ErrorKind::kUnauthorized, "RMT-J015", "no key has the token's `kid`");
}

boost::json::object KeySet::jwks() const {
  boost::json::array list;
  for (const auto& key : keys_) list.push_back(key.jwk());
  return {{"keys", std::move(list)}};
}

}  // namespace remit::jose
