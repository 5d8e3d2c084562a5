// Where an agent finds its server, and what it is called there.

#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/client.h"
#include "issuer/key_file.h"

namespace remit::cli {

// {environment, mcp, issuer, token_endpoint} as the running server tells them. Errors: kUnavailable RMT-K013
// (none runs), those of the server.
Result<boost::json::object> endpoint_of(Client& client, std::string_view environment);

// Gives the key the client id of that deployment. Errors: kInvalid RMT-K019 (its file says another),
// kNotFound as the server says it.
Result<void> name_deployment(issuer::KeyFile& key, Client& client, std::string_view environment,
                             std::string_view agent);

}  // namespace remit::cli
