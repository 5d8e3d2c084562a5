#include "base/lattice_sum.h"

#include <openssl/evp.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace remit {

static_assert(std::endian::native == std::endian::little);

LatticeSum::Lanes LatticeSum::lanes_of(BytesView element) {
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  static constexpr std::array<std::uint8_t, 16> kFromZero{};
  static constexpr std::array<std::uint8_t, kBytes> kZeros{};
  const auto key = sha256(element);
  Lanes lanes;
  int written = 0;
  // It fails only when memory or the provider is gone.
  if (EVP_EncryptInit_ex2(context.get(), cipher, key.bytes.data(), kFromZero.data(), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), reinterpret_cast<std::uint8_t*>(lanes.data()), &written, kZeros.data(),
                        static_cast<int>(kZeros.size())) != 1 ||
      written != static_cast<int>(kBytes))
    std::abort();
  return lanes;
}

void LatticeSum::add(BytesView element) {
  const auto lanes = lanes_of(element);
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes_[i] = static_cast<std::uint16_t>(lanes_[i] + lanes[i]);
}

void LatticeSum::remove(BytesView element) {
  const auto lanes = lanes_of(element);
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes_[i] = static_cast<std::uint16_t>(lanes_[i] - lanes[i]);
}

LatticeSum& LatticeSum::operator+=(const LatticeSum& other) {
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    lanes_[i] = static_cast<std::uint16_t>(lanes_[i] + other.lanes_[i]);
  return *this;
}

Bytes LatticeSum::bytes() const {
  Bytes bytes(kBytes);
  std::memcpy(bytes.data(), lanes_.data(), kBytes);
  return bytes;
}

Result<LatticeSum> LatticeSum::of_bytes(BytesView bytes) {
  if (bytes.size() != kBytes) return fail(ErrorKind::kInvalid, "RMT-B001", "a sum has 2048 bytes");
  LatticeSum sum;
  std::memcpy(sum.lanes_.data(), bytes.data(), kBytes);
  return sum;
}

}  // namespace remit
