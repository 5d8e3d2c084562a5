#include "audit/ed25519.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

namespace remit::audit {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

// Any 32 bytes are a seed: a failure here is exhausted memory or a broken library.
Key private_key(const Ed25519Key& seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  if (!key) std::abort();
  return key;
}

}  // namespace

Ed25519Key ed25519_public_key(const Ed25519Key& seed) {
  Ed25519Key out{};
  std::size_t size = out.size();
  if (EVP_PKEY_get_raw_public_key(private_key(seed).get(), out.data(), &size) != 1) std::abort();
  return out;
}

Ed25519Signature ed25519_sign(const Ed25519Key& seed, BytesView message) {
  const Key key = private_key(seed);
  const Context context(EVP_MD_CTX_new());
  Ed25519Signature out{};
  std::size_t size = out.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1)
    std::abort();
  return out;
}

bool ed25519_verify(const Ed25519Key& public_key, BytesView message, BytesView signature) {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const Context context(EVP_MD_CTX_new());
  return key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace remit::audit
