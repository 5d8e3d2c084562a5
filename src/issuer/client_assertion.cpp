#include "issuer/client_assertion.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <tuple>

#include "base/random.h"
#include "jose/jwt.h"

namespace remit::issuer {
namespace {

constexpr std::size_t kMaxKeysTried = 8;
constexpr std::size_t kMaxJti = 256;

std::unexpected<Error> refused_assertion(std::string_view code, std::string message) {
  return fail(ErrorKind::kUnauthorized, code, std::move(message));
}

std::unexpected<Error> unknown() { return refused_assertion("RMT-J021", "client authentication failed"); }

// A client's kid is its own affair, but it must name a key that we have.
bool names(const jose::Header& header, const ClientKey& key) {
  return jose::is_name_of(key.key.algorithm(), header.alg) &&
         (header.kid.empty() || header.kid == key.key.kid() || header.kid == key.thumbprint);
}

struct Proof {
  Client client;
  ClientKey key;
  jose::VerifiedJwt token;
};

// Keys that nobody has registered, one of each kind.
const std::array<jose::PublicKey, 3>& nobodys_keys() {
  static const auto keys = [] {
    SystemRandom random;
    // The modulus of a key whose private part was thrown away; what verifies under it is thrown away too.
    const boost::json::object rsa{
        {"kty", "RSA"},
        {"e", "AQAB"},
        {"n",
         "q1_XAbMbWxNnkdTprofQczVg8jYyzdNQytfn0eO4kzcmmk5qK_yjHb7J1IHvpz7gwqepyibwxNWqJ4CoQto06f"
         "7lTsQYdmIEypeTtKa1tHnnf3Pb-FRL3IvRxBWfnk4EMA7aMtpcBdin7gPnrTusD_ybHcX8nqUTi-XjwClf-_fc"
         "qYzL28Fx4ixxmISCnV4gr2y82UE5Mi6QtnvD-5iwTlKSCadzkA3w5oH8dHdu4YXxK-lErkcU8K1ht9CEZvfA8U"
         "4cZs_SGK8mvQQyGdZF3UIqYXLS5rxuIK4KdDCnMolF6mHKGcZKqQXlrxFnLyIH50Y7L-VM_X3ykg3OndPXOQ"}};
    return std::array{jose::PrivateKey::generate(jose::Algorithm::kEs256, random).public_key(),
                      jose::PrivateKey::generate(jose::Algorithm::kEd25519, random).public_key(),
                      jose::PublicKey::from_jwk(rsa).value()};
  }();
  return keys;
}

// What looking a signature over costs, where there is no key to look with.
void check_in_vain(const jose::UnverifiedJwt& token) {
  for (const auto& key : nobodys_keys())
    if (jose::is_name_of(key.algorithm(), token.header().alg))
      std::ignore = jose::VerifiedJwt::verify(token, key);
}

Result<Proof> prove(std::string_view assertion, const ClientDirectory& directory, Instant now) {
  ASSIGN_OR_RETURN(const auto token, jose::UnverifiedJwt::parse(assertion));
  ASSIGN_OR_RETURN(const auto client_id, token.unverified_claims().text("sub"));
  auto client = directory.find(client_id, now);
  std::size_t tried = 0;
  if (client)
    for (const auto& key : client->keys) {
      if (!names(token.header(), key)) continue;
      if (tried++ == kMaxKeysTried) break;
      auto verified = jose::VerifiedJwt::verify(token, key.key);
      if (verified) return Proof{*client, key, *std::move(verified)};
    }
  if (tried == 0) check_in_vain(token);
  return unknown();
}

Result<> check_type(std::string_view typ) {
  if (typ.empty() || jose::is_type(typ, "JWT") || jose::is_type(typ, "client-authentication+jwt")) return {};
  return refused_assertion("RMT-J022", "the assertion's `typ` must be `client-authentication+jwt`");
}

Result<> check_names(const jose::Claims& claims, std::string_view client_id,
                     std::string_view form_client_id) {
  ASSIGN_OR_RETURN(const auto issuer, claims.text("iss"));
  ASSIGN_OR_RETURN(const auto subject, claims.text("sub"));
  if (issuer != client_id || subject != client_id)
    return refused_assertion("RMT-J023", "the assertion's `iss` and `sub` must both be the client's id");
  if (!form_client_id.empty() && form_client_id != client_id)
    return refused_assertion("RMT-J023", "the form's `client_id` is not the assertion's client");
  return {};
}

// Returns whether the audience was the token endpoint, as it may be only for a key that is marked so.
Result<bool> check_audience(const jose::Claims& claims, const Settings& settings, const ClientKey& key) {
  ASSIGN_OR_RETURN(const auto audience, claims.audience());
  if (audience.size() == 1 && audience.front() == settings.issuer) return false;
  if (key.token_endpoint_audience && audience.size() == 1 && audience.front() == settings.token_endpoint())
    return true;
  return refused_assertion("RMT-J024",
                           "the assertion's `aud` must be `" + settings.issuer + "` and nothing else");
}

struct Life {
  Instant expires;
  // Whether a later process could not tell that it was made before its start.
  bool undated = false;
};

Result<Life> check_life(const jose::Claims& claims, const Settings& settings, Instant now) {
  TRY(jose::check_lifetime(claims, now, settings.skew));
  ASSIGN_OR_RETURN(const auto expires, claims.time("exp"));
  ASSIGN_OR_RETURN(const auto issued, claims.optional_time("iat"));
  const auto longest = settings.longest_assertion;
  if (expires > now + longest + settings.skew || (issued && expires > *issued + longest))
    return refused_assertion(
        "RMT-J025", "the assertion lives longer than " + std::to_string(longest.count()) + " seconds");
  return Life{.expires = expires, .undated = !issued || *issued > now};
}

// After the replay cache was asked: what is known as spent is refused for that.
Result<> check_made_here(const jose::Claims& claims, const Settings& settings) {
  ASSIGN_OR_RETURN(const auto issued, claims.optional_time("iat"));
  if (!issued || *issued > settings.started) return {};
  return fail(ErrorKind::kUnavailable, "RMT-J036",
              "the assertion was made before " + format_instant(settings.started) +
                  ", and whether it was used is not known any more: make a new one");
}

Result<std::string> check_jti(const jose::Claims& claims) {
  ASSIGN_OR_RETURN(auto jti, claims.text("jti"));
  if (jti.size() > kMaxJti)
    return refused_assertion("RMT-J026", "the assertion's `jti` is longer than 256 bytes");
  return jti;
}

Result<> check_fingerprint(const jose::Claims& claims, const Client& client) {
  ASSIGN_OR_RETURN(const auto running, claims.optional_text("agent_fp"));
  if (running && *running != client.agent_fp)
    return fail(ErrorKind::kForbidden, "RMT-J030", "the fingerprint that runs is not the approved one");
  return {};
}

Result<> check_standing(const Proof& proof) {
  for (const auto* why : {&proof.client.barred, &proof.key.barred})
    if (!why->empty())
      return fail(ErrorKind::kForbidden, "RMT-J029", "the client may not have a token now: " + *why);
  return {};
}

// What a proof came to, filled in as far as it is looked at.
struct Verdict {
  bool endpoint_audience = false;
  bool runs_approved = false;
  std::optional<Spent> keep;
};

Result<> check_proven(const Proof& proof, const ShownAssertion& shown, const Settings& settings,
                      ReplayCache& replays, Instant now, Verdict& verdict) {
  const auto& claims = proof.token.claims();
  const auto& client = proof.client;
  TRY(check_type(proof.token.header().typ));
  TRY(check_names(claims, client.client_id, shown.form_client_id));
  ASSIGN_OR_RETURN(verdict.endpoint_audience, check_audience(claims, settings, proof.key));
  ASSIGN_OR_RETURN(const auto life, check_life(claims, settings, now));
  ASSIGN_OR_RETURN(const auto jti, check_jti(claims));
  // Spent before the client's standing is looked at: an assertion shown once is used, whatever the answer.
  ASSIGN_OR_RETURN(const auto spent, replays.spend({.client = client.client_id,
                                                    .jti = jti,
                                                    .assertion = sha256(shown.text),
                                                    .from = shown.from,
                                                    .until = life.expires + settings.skew},
                                                   now));
  if (life.undated) verdict.keep = spent;
  TRY(check_made_here(claims, settings));
  TRY(check_fingerprint(claims, client));
  verdict.runs_approved = client.drifted && claims.object().contains("agent_fp") == !client.agent_fp.empty();
  return check_standing(proof);
}

}  // namespace

std::expected<AuthenticatedClient, AssertionRefusal> verify_client_assertion(const ShownAssertion& shown,
                                                                             const Settings& settings,
                                                                             const ClientDirectory& directory,
                                                                             ReplayCache& replays,
                                                                             Instant now) {
  auto proof = prove(shown.text, directory, now);
  if (!proof) return std::unexpected(AssertionRefusal{.error = std::move(proof).error()});
  Verdict verdict;
  if (auto checked = check_proven(*proof, shown, settings, replays, now, verdict); !checked)
    return std::unexpected(AssertionRefusal{.error = std::move(checked).error(),
                                            .proven_client = proof->client.client_id,
                                            .credential_id = proof->key.credential_id,
                                            .runs_approved = verdict.runs_approved,
                                            .keep = verdict.keep});
  return AuthenticatedClient{std::move(proof->client), std::move(proof->key.credential_id),
                             verdict.endpoint_audience, verdict.keep};
}

}  // namespace remit::issuer
