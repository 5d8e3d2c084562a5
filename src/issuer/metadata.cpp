#include "issuer/metadata.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <string_view>

namespace remit::issuer {
namespace {

namespace json = boost::json;

// "https://host/a/b" as "https://host" and "/a/b". Settings are checked: the URL has a scheme, a host and no
// query.
struct Split {
  std::string_view origin, path;
};
Split split(std::string_view url) {
  const auto host = url.find("://") + 3;
  const auto slash = std::min(url.find('/', host), url.size());
  return {url.substr(0, slash), url.substr(slash)};
}

std::string inserted(std::string_view name, std::string_view url) {
  return "/.well-known/" + std::string(name) + std::string(split(url).path);
}

}  // namespace

json::object server_metadata(const Settings& settings) {
  return {
      {"issuer", settings.issuer},
      {"authorization_endpoint", settings.authorization_endpoint()},
      {"token_endpoint", settings.token_endpoint()},
      {"jwks_uri", settings.jwks_uri()},
      {"response_types_supported", json::array{}},
      {"grant_types_supported", json::array{"client_credentials"}},
      {"token_endpoint_auth_methods_supported", json::array{"private_key_jwt"}},
      {"token_endpoint_auth_signing_alg_values_supported", json::array{"ES256", "EdDSA", "Ed25519", "PS256"}},
      {"code_challenge_methods_supported", json::array{"S256"}},
      {"protected_resources", json::array{settings.audience}}};
}

json::object resource_metadata(const Settings& settings) {
  return {{"resource", settings.audience},
          {"authorization_servers", json::array{settings.issuer}},
          {"bearer_methods_supported", json::array{"header"}},
          {"resource_name", "Remit gateway, " + std::string(to_string(settings.environment))}};
}

std::string resource_metadata_url(const Settings& settings) {
  return std::string(split(settings.audience).origin) +
         inserted("oauth-protected-resource", settings.audience);
}

std::vector<Document> documents(const Settings& settings, const jose::KeySet& keys) {
  const auto server = server_metadata(settings);
  std::vector<Document> out = {
      {inserted("oauth-authorization-server", settings.issuer), server},
      {inserted("openid-configuration", settings.issuer), server},
      {inserted("oauth-protected-resource", settings.audience), resource_metadata(settings)},
      {std::string(split(settings.jwks_uri()).path), keys.jwks()},
  };
  auto appended = std::string(split(settings.issuer).path) + "/.well-known/openid-configuration";
  if (appended != out[1].path) out.push_back({std::move(appended), server});
  return out;
}

}  // namespace remit::issuer
