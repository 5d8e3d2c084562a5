#include "issuer/token_endpoint.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "http/url.h"
#include "issuer/form.h"

namespace remit::issuer {
namespace {

namespace json = boost::json;

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// An OAuth error: what the client is told, and what is recorded.
struct Refusal {
  int status;
  std::string_view error;
  Error cause;
};
template <typename T = void>
using Outcome = std::expected<T, Refusal>;

std::unexpected<Refusal> refuse(int status, std::string_view error, std::string_view code,
                                std::string message) {
  const auto kind = status == 401 ? ErrorKind::kUnauthorized : ErrorKind::kInvalid;
  return std::unexpected(Refusal{status, error, Error{kind, code, std::move(message)}});
}

// RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
std::string describe(std::string_view message) {
  std::string out;
  for (const char c : message) out += c >= 0x20 && c <= 0x7e && c != '"' && c != '\\' ? c : '?';
  return out;
}

TokenAnswer answer_with(int status, const json::object& body) {
  TokenAnswer answer;
  answer.status = status;
  answer.body = json::serialize(body);
  // RFC 6749 §5.1: nothing that holds a token may be kept; RFC 9111 makes Pragma a relic.
  answer.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  return answer;
}

TokenAnswer answer_with(Refusal refusal) {
  auto answer = answer_with(refusal.status, {{"error", refusal.error},
                                             {"error_description", describe(refusal.cause.message)},
                                             {"error_code", refusal.cause.code}});
  // What is full of assertions that were used is so until they expire, mostly within a minute (RFC 9110
  // §10.2.3).
  const bool full = refusal.cause.code == "RMT-J028";
  if (refusal.status == 503) answer.headers.emplace_back("Retry-After", full ? "60" : "1");
  answer.error = std::move(refusal.cause);
  return answer;
}

Outcome<Form> read_form(const TokenRequest& request) {
  if (!is_form_type(request.content_type))
    return refuse(400, "invalid_request", "RMT-J040", "the body must be application/x-www-form-urlencoded");
  auto form = Form::parse(request.body);
  if (!form) return std::unexpected(Refusal{400, "invalid_request", std::move(form).error()});
  return *std::move(form);
}

Outcome<> check_grant(const Form& form) {
  const auto grant = form.find("grant_type");
  if (!grant) return refuse(400, "invalid_request", "RMT-J040", "the form has no `grant_type`");
  if (*grant != "client_credentials")
    return refuse(400, "unsupported_grant_type", "RMT-J041", "the grant served here is `client_credentials`");
  return {};
}

// RFC 6749 §2.3: one method, no more; ours is `private_key_jwt`.
Outcome<> check_method(const TokenRequest& request, const Form& form) {
  const bool assertion = form.contains("client_assertion") || form.contains("client_assertion_type");
  const int methods =
      int{assertion} + int{form.contains("client_secret")} + int{!request.authorization.empty()};
  if (methods > 1)
    return refuse(400, "invalid_request", "RMT-J042", "the client authenticates in more than one way");
  if (!assertion)
    return refuse(401, "invalid_client", "RMT-J043", "clients authenticate by `private_key_jwt` here");
  if (!form.contains("client_assertion") || !form.contains("client_assertion_type"))
    return refuse(400, "invalid_request", "RMT-J040",
                  "`client_assertion` and `client_assertion_type` come together");
  if (form.find("client_assertion_type") != kJwtBearer)
    return refuse(401, "invalid_client", "RMT-J043",
                  "the `client_assertion_type` served here is " + std::string(kJwtBearer));
  return {};
}

// What a request may ask for that is not served. Ignoring it would hand out something else than was asked
// for.
Outcome<> check_extras(const TokenRequest& request, const Form& form) {
  if (!request.dpop.empty())
    return refuse(400, "invalid_request", "RMT-J045", "tokens bound by DPoP are not issued here");
  if (form.contains("authorization_details"))
    return refuse(400, "invalid_authorization_details", "RMT-J045",
                  "no type of `authorization_details` is known here");
  if (form.contains("scope"))
    return refuse(400, "invalid_scope", "RMT-J045",
                  "there are no scopes here: grants decide what a client may do");
  return {};
}

// RFC 8707 §2. However it is spelt: clients print a URL with a slash at its end, or with its port.
Outcome<> check_target(const Form& form, const Settings& settings) {
  for (const auto resource : form.all("resource")) {
    if (!is_resource(resource))
      return refuse(400, "invalid_target", "RMT-J044", "`resource` must be an absolute URI without fragment");
    if (!http::same_url(resource, settings.audience))
      return refuse(400, "invalid_target", "RMT-J044", "the `resource` served here is " + settings.audience);
  }
  // The word that token exchange has for it (RFC 8693 §2.1), which some clients send with any grant.
  if (const auto audience = form.find("audience"); audience && !http::same_url(*audience, settings.audience))
    return refuse(400, "invalid_target", "RMT-J044", "the `audience` served here is " + settings.audience);
  return {};
}

Outcome<Form> check_request(const TokenRequest& request, const Settings& settings) {
  auto form = read_form(request);
  if (!form) return form;
  if (auto ok = check_grant(*form); !ok) return std::unexpected(ok.error());
  if (auto ok = check_method(request, *form); !ok) return std::unexpected(ok.error());
  if (auto ok = check_extras(request, *form); !ok) return std::unexpected(ok.error());
  if (auto ok = check_target(*form, settings); !ok) return std::unexpected(ok.error());
  return form;
}

// A client that proved its key and is refused nonetheless is told why by another error than one that did not.
Refusal refusal_of(Error error) {
  switch (error.kind) {
    case ErrorKind::kForbidden:
      return {400, "unauthorized_client", std::move(error)};
    case ErrorKind::kUnavailable:
      return {503, "temporarily_unavailable", std::move(error)};
    default:
      return {401, "invalid_client", std::move(error)};
  }
}

std::vector<Finding> findings_of(const Error& error) {
  if (error.code == "RMT-J027") return {Finding::kReplay};
  if (error.code == "RMT-J035") return {Finding::kReplay, Finding::kExposure};
  if (error.code == "RMT-J030") return {Finding::kDrift};
  return {};
}

}  // namespace

TokenAnswer TokenEndpoint::answer(const TokenRequest& request, Instant now) const {
  auto form = check_request(request, settings_);
  if (!form) {
    auto answer = answer_with(std::move(form).error());
    // RFC 6749 §5.2: who came with an Authorization header is told the scheme that failed.
    if (answer.status == 401 && !request.authorization.empty())
      answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"" + settings_.issuer + "\"");
    return answer;
  }
  auto client = verify_client_assertion({.text = *form->find("client_assertion"),
                                         .form_client_id = form->find("client_id").value_or(""),
                                         .from = request.from},
                                        settings_, directory_, replays_, now);
  if (!client) {
    auto refusal = std::move(client).error();
    auto findings = findings_of(refusal.error);
    auto answer = answer_with(refusal_of(std::move(refusal.error)));
    answer.client_id = std::move(refusal.proven_client);
    answer.credential_id = std::move(refusal.credential_id);
    answer.findings = std::move(findings);
    if (refusal.runs_approved) answer.findings.push_back(Finding::kRunsApproved);
    answer.keep = refusal.keep;
    return answer;
  }
  auto minted = mint_access_token(settings_, keys_.current,
                                  {.client_id = client->client.client_id,
                                   .credential_id = client->credential_id,
                                   .agent_fp = client->client.agent_fp},
                                  now, random_);
  auto answer = answer_with(200, {{"access_token", minted.token},
                                  {"token_type", "Bearer"},
                                  {"expires_in", settings_.token_life.count()}});
  answer.client_id = std::move(client->client.client_id);
  answer.credential_id = std::move(client->credential_id);
  answer.jti = std::move(minted.jti);
  answer.keep = client->keep;
  if (client->used_token_endpoint_audience) answer.findings.push_back(Finding::kTokenEndpointAudience);
  return answer;
}

TokenAnswer refuse_request(int status, Error why) {
  return answer_with(Refusal{status, "invalid_request", std::move(why)});
}

TokenAnswer unavailable(const Error& cause) {
  return answer_with(
      Refusal{503, "temporarily_unavailable",
              Error{ErrorKind::kUnavailable, "RMT-J037",
                    "the token could not be issued so that it is issued once: " + std::string(cause.code)}});
}

TokenAnswer refuse_authorization() {
  return answer_with(Refusal{400, "unsupported_response_type",
                             Error{ErrorKind::kInvalid, "RMT-J046", "no response type is served here"}});
}

}  // namespace remit::issuer
