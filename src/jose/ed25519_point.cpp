#include "jose/ed25519_point.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "jose/evp.h"

namespace remit::jose {
namespace {

using evp::need;
using evp::Owned;

Owned<BIGNUM> from_decimal(const char* text) {
  BIGNUM* out = nullptr;
  if (BN_dec2bn(&out, text) == 0) throw std::bad_alloc();
  return Owned<BIGNUM>(out);
}

// RFC 8032 §5.1, table 1.
const BIGNUM* field_p() {
  static const auto p =
      from_decimal("57896044618658097711785492504343953926634992332820282019728792003956564819949");
  return p.get();
}
const BIGNUM* curve_d() {
  static const auto d =
      from_decimal("37095705934669439343138083508754565189542113879843219016388785533085940283555");
  return d.get();
}

void must(int ok) {
  if (ok != 1) throw std::bad_alloc();  // all arguments are in range: only memory can fail
}

// x² = (y² - 1) / (d y² + 1) has a solution: the product of numerator and denominator is zero or a square
// (Euler's criterion). The denominator is never zero, since d is not a square.
bool has_x(const BIGNUM* y) {
  Owned<BN_CTX> ctx(need(BN_CTX_new()));
  Owned<BIGNUM> y2(need(BN_new())), above(need(BN_new())), below(need(BN_new())), euler(need(BN_new()));
  const auto* p = field_p();
  must(BN_mod_sqr(y2.get(), y, p, ctx.get()));
  must(BN_mod_sub(above.get(), y2.get(), BN_value_one(), p, ctx.get()));
  must(BN_mod_mul(below.get(), y2.get(), curve_d(), p, ctx.get()));
  must(BN_mod_add(below.get(), below.get(), BN_value_one(), p, ctx.get()));
  must(BN_mod_mul(above.get(), above.get(), below.get(), p, ctx.get()));
  if (BN_is_zero(above.get())) return true;
  must(BN_rshift1(euler.get(), p));  // (p - 1) / 2, since p is odd
  must(BN_mod_exp(above.get(), above.get(), euler.get(), p, ctx.get()));
  return BN_is_one(above.get());
}

// The y of every point whose order divides 8, little-endian, without the sign of x.
constexpr std::array<std::array<std::uint8_t, 32>, 5> kSmallOrder = {{
    {0x00},
    {0x01},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
}};

}  // namespace

Ed25519Point classify_ed25519(BytesView encoded) {
  if (encoded.size() != 32) return Ed25519Point::kNotCanonical;
  std::array<std::uint8_t, 32> y;
  std::ranges::copy(encoded, y.begin());
  y[31] &= 0x7f;
  if (std::ranges::find(kSmallOrder, y) != kSmallOrder.end()) return Ed25519Point::kSmallOrder;
  std::ranges::reverse(y);
  const auto value = evp::number(y);
  if (BN_cmp(value.get(), field_p()) >= 0) return Ed25519Point::kNotCanonical;
  return has_x(value.get()) ? Ed25519Point::kGood : Ed25519Point::kOffCurve;
}

}  // namespace remit::jose
