#include "base/sha256.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace remit {
namespace {

// Fetching an algorithm costs more than hashing a small message, so it is done once.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

// OpenSSL fails here only when memory or the provider is gone: nothing that governs can go on without
// SHA-256.
void require(int ok) {
  if (ok != 1) std::abort();
}

struct DigestContext {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  DigestContext() = default;
  DigestContext(const DigestContext&) = delete;
  DigestContext& operator=(const DigestContext&) = delete;
  ~DigestContext() { EVP_MD_CTX_free(context); }
};

struct MacContext {
  EVP_MAC_CTX* context;
  MacContext() {
    static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    context = EVP_MAC_CTX_new(mac);
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    require(EVP_MAC_CTX_set_params(context, parameters));
  }
  MacContext(const MacContext&) = delete;
  MacContext& operator=(const MacContext&) = delete;
  ~MacContext() { EVP_MAC_CTX_free(context); }
};

}  // namespace

Digest sha256(BytesView data) { return sha256(data, {}); }

Digest sha256(BytesView first, BytesView second) {
  thread_local DigestContext digest;
  Digest out;
  require(EVP_DigestInit_ex2(digest.context, algorithm(), nullptr));
  require(EVP_DigestUpdate(digest.context, first.data(), first.size()));
  require(EVP_DigestUpdate(digest.context, second.data(), second.size()));
  require(EVP_DigestFinal_ex(digest.context, out.bytes.data(), nullptr));
  return out;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  require(EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_), algorithm(), nullptr));
}

Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256::add(BytesView piece) {
  require(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), piece.data(), piece.size()));
}

Digest Sha256::finish() {
  Digest out;
  require(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), out.bytes.data(), nullptr));
  return out;
}

Digest hmac_sha256(BytesView key, BytesView data) {
  thread_local MacContext mac;
  // A null key would mean "the key before": an empty one is a key too.
  static constexpr std::uint8_t kEmpty = 0;
  Digest out;
  std::size_t length = 0;
  require(EVP_MAC_init(mac.context, key.empty() ? &kEmpty : key.data(), key.size(), nullptr));
  require(EVP_MAC_update(mac.context, data.data(), data.size()));
  require(EVP_MAC_final(mac.context, out.bytes.data(), &length, out.bytes.size()));
  return out;
}

Result<Digest> digest_from_hex(std::string_view hex) {
  ASSIGN_OR_RETURN(const Bytes bytes, from_hex(hex));
  Digest digest;
  if (bytes.size() != digest.bytes.size())
    return fail(ErrorKind::kInvalid, "RMT-B001", "a SHA-256 digest has 64 hex digits");
  std::memcpy(digest.bytes.data(), bytes.data(), bytes.size());
  return digest;
}

}  // namespace remit

std::size_t std::hash<remit::Digest>::operator()(const remit::Digest& digest) const noexcept {
  std::size_t value;  // the bytes are uniform already
  std::memcpy(&value, digest.bytes.data(), sizeof value);
  return value;
}
