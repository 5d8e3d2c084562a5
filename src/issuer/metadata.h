// The documents by which clients find us: RFC 8414, RFC 9728 and the JWKS, each with the path that it is
// served under.
//
// Thread-safety: pure functions.

#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "issuer/settings.h"
#include "jose/key_set.h"

namespace remit::issuer {

// RFC 8414 §2. `authorization_endpoint` is named although no response type is served: the official MCP
// clients take metadata without it for malformed. `response_types_supported` is empty, which says the truth.
// `code_challenge_methods_supported` is there for the same clients' sake.
boost::json::object server_metadata(const Settings& settings);

// RFC 9728 §2.
boost::json::object resource_metadata(const Settings& settings);

// Where resource metadata lies, for the `resource_metadata` of a challenge (RFC 9728 §5.1).
std::string resource_metadata_url(const Settings& settings);

struct Document {
  std::string path;  // of the URL: "/.well-known/oauth-authorization-server/production"
  boost::json::object body;
};

// Everything there is to serve: server metadata under the issuer's path inserted (RFC 8414 §3.1) and, for
// clients that look for OpenID discovery only, under `openid-configuration` inserted and appended; resource
// metadata; the keys.
std::vector<Document> documents(const Settings& settings, const jose::KeySet& keys);

}  // namespace remit::issuer
