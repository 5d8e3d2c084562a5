#include "catalog/aead.h"

#include <openssl/evp.h>

#include <memory>
#include <new>
#include <stdexcept>

namespace remit::catalog {
namespace {

constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const EVP_CIPHER* cipher() {
  static EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (fetched == nullptr) throw std::runtime_error("OpenSSL offers no AES-256-GCM");
  return fetched;
}

Context make_context() {
  Context context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  return context;
}

// The calls below fail only on exhausted memory or a defect here, never because of the data.
void must(int result) {
  if (result != 1) throw std::runtime_error("OpenSSL failed in AES-256-GCM");
}

}  // namespace

Bytes aead_seal(const AeadKey& key, BytesView plain, BytesView associated, Random& random) {
  Bytes box(kNonce + plain.size() + kTag);
  random.fill(std::span(box).first(kNonce));
  const Context context = make_context();
  int length = 0;
  must(EVP_EncryptInit_ex2(context.get(), cipher(), key.data(), box.data(), nullptr));
  if (!associated.empty())
    must(EVP_EncryptUpdate(context.get(), nullptr, &length, associated.data(),
                           static_cast<int>(associated.size())));
  if (!plain.empty())
    must(EVP_EncryptUpdate(context.get(), box.data() + kNonce, &length, plain.data(),
                           static_cast<int>(plain.size())));
  must(EVP_EncryptFinal_ex(context.get(), box.data() + kNonce + plain.size(), &length));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, box.data() + kNonce + plain.size()));
  return box;
}

Result<Bytes> aead_open(const AeadKey& key, BytesView box, BytesView associated) {
  const auto refused = [] {
    return fail(ErrorKind::kInvalid, "RMT-C003",
                "a sealed secret does not open: it was changed, or sealed under another key file");
  };
  if (box.size() < kAeadOverhead) return refused();
  const BytesView sealed = box.subspan(kNonce, box.size() - kAeadOverhead);
  Bytes tag(box.end() - kTag, box.end());
  Bytes plain(sealed.size() + 1);  // never empty, so that data() is a valid place to write to
  const Context context = make_context();
  int length = 0;
  must(EVP_DecryptInit_ex2(context.get(), cipher(), key.data(), box.data(), nullptr));
  if (!associated.empty())
    must(EVP_DecryptUpdate(context.get(), nullptr, &length, associated.data(),
                           static_cast<int>(associated.size())));
  if (!sealed.empty())
    must(EVP_DecryptUpdate(context.get(), plain.data(), &length, sealed.data(),
                           static_cast<int>(sealed.size())));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()));
  if (EVP_DecryptFinal_ex(context.get(), plain.data() + sealed.size(), &length) != 1) return refused();
  plain.resize(sealed.size());
  return plain;
}

}  // namespace remit::catalog
