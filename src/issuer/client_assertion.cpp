#include "issuer/client_assertion.h"

#include <algorithm>

#include "jose/jwt.h"

namespace remit::issuer {
namespace {

constexpr std::size_t kMaxKeysTried = 8;
constexpr std::size_t kMaxJti = 256;

std::unexpected<Error> refused(std::string_view code, std::string message) {
  return fail(ErrorKind::kUnauthorized, code, std::move(message));
}

std::unexpected<Error> unknown() { return refused("RMT-J021", "client authentication failed"); }

// A client's kid is its own affair, but it must name a key that we have.
bool names(std::string_view kid, const jose::PublicKey& key) {
  return kid.empty() || kid == key.kid() || kid == key.thumbprint();
}

struct Proof {
  Client client;
  ClientKey key;
  jose::VerifiedJwt token;
};

Result<Proof> prove(std::string_view assertion, const ClientDirectory& directory, Instant now) {
  ASSIGN_OR_RETURN(const auto token, jose::UnverifiedJwt::parse(assertion));
  ASSIGN_OR_RETURN(const auto client_id, token.unverified_claims().text("sub"));
  auto client = directory.find(client_id, now);
  if (!client) return unknown();
  std::size_t tried = 0;
  for (const auto& key : client->keys) {
    if (!names(token.header().kid, key.key)) continue;
    if (tried++ == kMaxKeysTried) break;
    auto verified = jose::VerifiedJwt::verify(token, key.key);
    if (verified) return Proof{*client, key, *std::move(verified)};
  }
  return unknown();
}

Result<> check_type(std::string_view typ) {
  if (typ.empty() || jose::is_type(typ, "JWT") || jose::is_type(typ, "client-authentication+jwt")) return {};
  return refused("RMT-J022", "the assertion's `typ` must be `client-authentication+jwt`");
}

Result<> check_names(const jose::Claims& claims, std::string_view client_id,
                     std::string_view form_client_id) {
  ASSIGN_OR_RETURN(const auto issuer, claims.text("iss"));
  ASSIGN_OR_RETURN(const auto subject, claims.text("sub"));
  if (issuer != client_id || subject != client_id)
    return refused("RMT-J023", "the assertion's `iss` and `sub` must both be the client's id");
  if (!form_client_id.empty() && form_client_id != client_id)
    return refused("RMT-J023", "the form's `client_id` is not the assertion's client");
  return {};
}

// Returns whether the audience was the token endpoint, as it may be only for a key that is marked so.
Result<bool> check_audience(const jose::Claims& claims, const Settings& settings, const ClientKey& key) {
  ASSIGN_OR_RETURN(const auto audience, claims.audience());
  if (audience.size() == 1 && audience.front() == settings.issuer) return false;
  if (key.token_endpoint_audience && audience.size() == 1 && audience.front() == settings.token_endpoint())
    return true;
  return refused("RMT-J024", "the assertion's `aud` must be `" + settings.issuer + "` and nothing else");
}

Result<Instant> check_life(const jose::Claims& claims, const Settings& settings, Instant now) {
  TRY(jose::check_lifetime(claims, now, settings.skew));
  ASSIGN_OR_RETURN(const auto expires, claims.time("exp"));
  ASSIGN_OR_RETURN(const auto issued, claims.optional_time("iat"));
  const auto longest = settings.longest_assertion;
  if (expires > now + longest + settings.skew || (issued && expires > *issued + longest))
    return refused("RMT-J025",
                   "the assertion lives longer than " + std::to_string(longest.count()) + " seconds");
  return expires;
}

Result<std::string> check_jti(const jose::Claims& claims) {
  ASSIGN_OR_RETURN(auto jti, claims.text("jti"));
  if (jti.size() > kMaxJti) return refused("RMT-J026", "the assertion's `jti` is longer than 256 bytes");
  return jti;
}

Result<> check_standing(const jose::Claims& claims, const Client& client) {
  if (!client.barred.empty())
    return fail(ErrorKind::kForbidden, "RMT-J029", "the client may not have a token now: " + client.barred);
  ASSIGN_OR_RETURN(const auto running, claims.optional_text("agent_fp"));
  if (running && *running != client.agent_fp)
    return fail(ErrorKind::kForbidden, "RMT-J030", "the fingerprint that runs is not the approved one");
  return {};
}

// Returns whether the audience was the token endpoint.
Result<bool> check_proven(const Proof& proof, std::string_view form_client_id, const Settings& settings,
                          ReplayCache& replays, Instant now) {
  const auto& claims = proof.token.claims();
  const auto& client_id = proof.client.client_id;
  TRY(check_type(proof.token.header().typ));
  TRY(check_names(claims, client_id, form_client_id));
  ASSIGN_OR_RETURN(const bool endpoint_audience, check_audience(claims, settings, proof.key));
  ASSIGN_OR_RETURN(const auto expires, check_life(claims, settings, now));
  ASSIGN_OR_RETURN(const auto jti, check_jti(claims));
  // Spent before the client's standing is looked at: an assertion shown once is used, whatever the answer.
  TRY(replays.spend(client_id, jti, expires + settings.skew, now));
  TRY(check_standing(claims, proof.client));
  return endpoint_audience;
}

}  // namespace

std::expected<AuthenticatedClient, AssertionRefusal> verify_client_assertion(
    std::string_view assertion, std::string_view form_client_id, const Settings& settings,
    const ClientDirectory& directory, ReplayCache& replays, Instant now) {
  auto proof = prove(assertion, directory, now);
  if (!proof) return std::unexpected(AssertionRefusal{std::move(proof).error(), {}, {}});
  auto endpoint_audience = check_proven(*proof, form_client_id, settings, replays, now);
  if (!endpoint_audience)
    return std::unexpected(AssertionRefusal{std::move(endpoint_audience).error(), proof->client.client_id,
                                            proof->key.credential_id});
  return AuthenticatedClient{std::move(proof->client), std::move(proof->key.credential_id),
                             *endpoint_audience};
}

}  // namespace remit::issuer
