// Any bytes as a token: parsed or refused, never a crash; and never accepted under a key that did not sign
// them.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "jose/jwt.h"

namespace {

using namespace remit;

constexpr Instant kNow{std::chrono::seconds(1'800'000'000)};

const jose::PublicKey& key(jose::Algorithm algorithm) {
  static SeededRandom random(1);
  static const auto es256 = jose::PrivateKey::generate(jose::Algorithm::kEs256, random).public_key();
  static const auto ed25519 = jose::PrivateKey::generate(jose::Algorithm::kEd25519, random).public_key();
  return algorithm == jose::Algorithm::kEs256 ? es256 : ed25519;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto token = jose::UnverifiedJwt::parse(text);
  if (!token) return 0;
  const auto& claims = token->unverified_claims();
  // An accessor that gives a value must give a usable one.
  if (auto audience = claims.audience(); audience && audience->empty()) std::abort();
  if (auto issuer = claims.text("iss"); issuer && issuer->empty()) std::abort();
  const bool alive = jose::check_lifetime(claims, kNow, std::chrono::seconds(30)).has_value();
  if (alive && !claims.time("exp")) std::abort();
  for (auto algorithm : {jose::Algorithm::kEs256, jose::Algorithm::kEd25519})
    if (jose::VerifiedJwt::verify(*token, key(algorithm))) std::abort();
  return 0;
}
