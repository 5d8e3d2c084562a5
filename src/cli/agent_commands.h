// What the commands on agents have in common.
//
// Thread-safety: one thread.

#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "cli/commands.h"

namespace remit::cli {

// "production/invoice-bot", to be printed.
std::string label(const AgentOptions& options);

// "/v1/deployments/production/invoice-bot/approve"
std::string deployment_path(const AgentOptions& options, std::string_view command);

// Posts a command on one deployment, and says the sentence when it is done.
Result<int> command_on_deployment(const Context& context, const AgentOptions& options,
                                  std::string_view command, const boost::json::object& body,
                                  std::string_view sentence);

void put(boost::json::object& body, std::string_view name, const std::string& value);

// The public key of a file, a JWK or PEM. Errors: kInvalid RMT-K005, RMT-J001 … J003, those of read_file.
Result<boost::json::object> read_public_key(const std::string& file);

}  // namespace remit::cli
