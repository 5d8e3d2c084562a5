// What holds for every key, message and token.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "jose/jwt.h"

namespace remit::jose {
namespace {

PrivateKey any_key() {
  SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  return PrivateKey::generate(*rc::gen::element(Algorithm::kEs256, Algorithm::kEd25519), random);
}

bool accepted(std::string_view token, const PublicKey& key) {
  auto jws = UnverifiedJws::parse(token);
  return jws && jws->check(key);
}

RC_GTEST_PROP(JoseProperty, WhatIsSignedVerifies, ()) {
  const auto key = any_key();
  const auto message = *rc::gen::arbitrary<Bytes>();
  RC_ASSERT(key.public_key().verify(message, key.sign(message)));
}

RC_GTEST_PROP(JoseProperty, AFlippedBitOfASignatureIsRefused, ()) {
  const auto key = any_key();
  auto signature = key.sign(as_bytes("message"));
  const auto bit = *rc::gen::inRange<std::size_t>(0, signature.size() * 8);
  signature[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
  RC_ASSERT(!key.public_key().verify(as_bytes("message"), signature));
}

RC_GTEST_PROP(JoseProperty, AChangedCharacterOfATokenIsRefused, ()) {
  const auto key = any_key();
  const auto good = sign_compact(key, "JWT", R"({"sub":"somebody","exp":2000000000})");
  RC_ASSERT(accepted(good, key.public_key()));
  auto changed = good;
  const auto at = *rc::gen::inRange<std::size_t>(0, good.size());
  changed[at] = *rc::gen::arbitrary<char>();
  RC_PRE(changed != good);
  RC_ASSERT(!accepted(changed, key.public_key()));
}

RC_GTEST_PROP(JoseProperty, ACutOrLengthenedTokenIsRefused, ()) {
  const auto key = any_key();
  const auto good = sign_compact(key, "JWT", R"({"sub":"somebody"})");
  const auto tail = *rc::gen::nonEmpty<std::string>();
  RC_ASSERT(!accepted(good.substr(0, *rc::gen::inRange<std::size_t>(0, good.size())), key.public_key()));
  RC_ASSERT(!accepted(good + tail, key.public_key()));
}

RC_GTEST_PROP(JoseProperty, APublicKeySurvivesItsJwk, ()) {
  const auto key = any_key().public_key();
  const auto again = PublicKey::from_jwk(key.jwk());
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->jwk() == key.jwk());
  RC_ASSERT(again->thumbprint() == key.thumbprint());
}

RC_GTEST_PROP(JoseProperty, AnyTextIsParsedOrRefusedAsInvalid, (const std::string& text)) {
  const auto token = UnverifiedJwt::parse(text);
  RC_ASSERT(token.has_value() || token.error().kind == ErrorKind::kInvalid);
}

}  // namespace
}  // namespace remit::jose
