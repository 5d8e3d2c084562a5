#include <utility>

#include "audit/log.h"
#include "base/canonical_json.h"

namespace remit::audit {
namespace {

constexpr std::size_t kSaltBytes = 32;

std::string commitment_text(const boost::json::value& value, BytesView salt) {
  return "hmac-sha256:" + to_base64url(hmac_sha256(salt, as_bytes(canonical_json(value))).bytes);
}

}  // namespace

Digest digest_of(const boost::json::value& object) { return sha256(canonical_json(object)); }

Commitment commit_to(const boost::json::value& value, Random& random) {
  Bytes salt = random.bytes(kSaltBytes);
  auto text = commitment_text(value, salt);
  return Commitment{.text = std::move(text), .salt = std::move(salt)};
}

bool opens(std::string_view text, const boost::json::value& value, BytesView salt) {
  return equal_constant_time(as_bytes(text), as_bytes(commitment_text(value, salt)));
}

boost::json::object commit_to_members(const boost::json::object& object, std::string_view prefix,
                                      Random& random, std::vector<FieldSecret>& secrets) {
  boost::json::object commitments;
  commitments.reserve(object.size());
  secrets.reserve(secrets.size() + object.size());
  // One draw for all: asking the generator costs more than what it gives.
  const Bytes salts = random.bytes(kSaltBytes * object.size());
  auto next = salts.begin();
  for (const auto& [name, value] : object) {
    const auto end = next + kSaltBytes;
    Bytes salt(std::exchange(next, end), end);
    commitments.emplace(name, commitment_text(value, salt));
    secrets.push_back({std::string(prefix) + "." + std::string(name), std::move(salt), {}});
  }
  return commitments;
}

std::string commit_to_text(std::string_view text, std::string field, Random& random,
                           std::vector<FieldSecret>& secrets) {
  auto commitment = commit_to(boost::json::string(text), random);
  const auto value = as_bytes(text);
  secrets.push_back({std::move(field), std::move(commitment.salt), Bytes(value.begin(), value.end())});
  return std::move(commitment.text);
}

}  // namespace remit::audit
