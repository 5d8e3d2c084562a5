#include "issuer/access_token.h"

#include <algorithm>
#include <boost/json/object.hpp>

#include "jose/jwt.h"

namespace remit::issuer {
namespace {

constexpr std::string_view kType = "at+jwt";  // RFC 9068 §2.1

std::unexpected<Error> refused_token(std::string_view code, std::string message) {
  return fail(ErrorKind::kUnauthorized, code, std::move(message));
}

Result<> check_alive(const AccessToken& token, Instant now, std::chrono::seconds skew) {
  if (now >= token.expires())
    return refused_token("RMT-J017", "the token expired at " + format_instant(token.expires()));
  if (now + skew < token.not_before()) return refused_token("RMT-J018", "the token is not valid yet");
  return {};
}

Result<> check_names(const jose::VerifiedJwt& token, const Settings& settings) {
  const auto& claims = token.claims();
  if (!jose::is_type(token.header().typ, kType))
    return refused_token("RMT-J031", "the token is not an access token");
  ASSIGN_OR_RETURN(const auto issuer, claims.text("iss"));
  if (issuer != settings.issuer) return refused_token("RMT-J032", "the token is another issuer's");
  ASSIGN_OR_RETURN(const auto audience, claims.audience());
  if (audience.size() != 1 || audience.front() != settings.audience)
    return refused_token("RMT-J033", "the token is for another audience");
  if (claims.object().contains("cnf") || claims.object().contains("act"))
    return refused_token("RMT-J034", "the token is bound to a key or delegated");
  return {};
}

}  // namespace

Result<KeyRing> KeyRing::of(jose::PrivateKey current, std::vector<jose::PublicKey> others) {
  others.insert(others.begin(), current.public_key());
  ASSIGN_OR_RETURN(auto published, jose::KeySet::of(std::move(others)));
  return KeyRing{std::move(current), std::move(published)};
}

MintedToken mint_access_token(const Settings& settings, const jose::PrivateKey& key,
                              const TokenSubject& subject, Instant now, Random& random) {
  const auto issued = to_seconds(now);
  const auto expires = issued + settings.token_life.count();
  auto jti = to_base64url(random.bytes(16));
  boost::json::object claims = {{"iss", settings.issuer},
                                {"sub", subject.client_id},
                                {"aud", settings.audience},
                                {"client_id", subject.client_id},
                                {"credential", subject.credential_id},
                                {"iat", issued},
                                {"exp", expires},
                                {"jti", jti}};
  if (!subject.agent_fp.empty()) claims["agent_fp"] = subject.agent_fp;
  return {jose::sign_jwt(key, kType, claims), std::move(jti), from_micros(expires * 1'000'000)};
}

Result<std::shared_ptr<const AccessToken>> AccessTokenVerifier::verify(std::string_view token, Instant now,
                                                                       TokenCache& cache) const {
  const auto digest = sha256(token);
  auto known = cache.recall(digest);
  if (known) {
    TRY(check_alive(*known, now, settings_.skew));
    return known;
  }
  ASSIGN_OR_RETURN(known, verify_afresh(token, digest, now));
  TRY(check_alive(*known, now, settings_.skew));
  cache.remember(known);
  return known;
}

Result<std::shared_ptr<const AccessToken>> AccessTokenVerifier::verify_afresh(std::string_view token,
                                                                              const Digest& digest,
                                                                              Instant now) const {
  ASSIGN_OR_RETURN(auto unverified, jose::UnverifiedJwt::parse(token));
  ASSIGN_OR_RETURN(const auto key, keys_.select(unverified.header().kid));
  ASSIGN_OR_RETURN(const auto verified, jose::VerifiedJwt::verify(std::move(unverified), key));
  TRY(check_names(verified, settings_));
  const auto& claims = verified.claims();
  TRY(jose::check_lifetime(claims, now, settings_.skew));

  AccessToken out;
  ASSIGN_OR_RETURN(out.client_id_, claims.text("client_id"));
  ASSIGN_OR_RETURN(const auto subject, claims.text("sub"));
  if (subject != out.client_id_) return refused_token("RMT-J034", "the token is bound to a key or delegated");
  ASSIGN_OR_RETURN(out.credential_id_, claims.text("credential"));
  ASSIGN_OR_RETURN(out.jti_, claims.text("jti"));
  ASSIGN_OR_RETURN(auto fingerprint, claims.optional_text("agent_fp"));
  out.agent_fp_ = std::move(fingerprint).value_or("");
  ASSIGN_OR_RETURN(const auto issued, claims.time("iat"));
  ASSIGN_OR_RETURN(const auto not_before, claims.optional_time("nbf"));
  out.not_before_ = std::max(issued, not_before.value_or(issued));
  ASSIGN_OR_RETURN(out.expires_, claims.time("exp"));
  out.digest_ = digest;
  return std::make_shared<const AccessToken>(std::move(out));
}

std::shared_ptr<const AccessToken> TokenCache::recall(const Digest& digest) {
  if (const auto found = young_.find(digest); found != young_.end()) return found->second;
  const auto found = old_.find(digest);
  if (found == old_.end()) return nullptr;
  auto token = found->second;
  remember(token);
  return token;
}

void TokenCache::remember(std::shared_ptr<const AccessToken> token) {
  if (young_.size() >= generation_) {
    old_ = std::move(young_);
    young_.clear();
  }
  const Digest digest = token->digest();
  young_.emplace(digest, std::move(token));
}

}  // namespace remit::issuer
