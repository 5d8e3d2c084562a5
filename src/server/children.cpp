#include "server/children.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

namespace remit::server {
namespace {

sandbox::Network network_of(snapshot::Network network) {
  switch (network) {
    case snapshot::Network::kNone:
      return sandbox::Network::kNone;
    case snapshot::Network::kAll:
      return sandbox::Network::kAll;
    case snapshot::Network::kHosts:
      return sandbox::Network::kHosts;
  }
  return sandbox::Network::kNone;
}

sandbox::Confinement confinement_of(const snapshot::StdioTransport& stdio) {
  return {.command = stdio.command,
          .environment = stdio.variables,
          .working_directory = stdio.working_directory,
          .reads = stdio.reads,
          .writes = stdio.writes,
          .network = network_of(stdio.network),
          .hosts = stdio.hosts};
}

sandbox::RelaySettings relay_of(const Limits& limits) {
  return {.connections = limits.count("relayed_connections"),
          .connections_per_child = limits.count("relayed_connections_per_child"),
          .tell = [](std::string_view id, std::string_view host, std::string_view why) {
            spdlog::warn("a program of destination {} could not reach {}: {}", id, host, why);
          }};
}

sandbox::Settings settings_of(const Config& config) {
  return {.data = config.data,
          .children = config.children.folder,
          .accounts = config.children.accounts,
          .limits = config.children.limits,
          .most = config.children.most,
          .relay = relay_of(config.limits)};
}

}  // namespace

Children::Children(const Config& config)
    : production_(config.children.production), sandbox_(settings_of(config)) {}

Result<snapshot::StdioTransport> Children::admit(snapshot::StdioTransport stdio) const {
  if (!stdio.command.empty()) {
    ASSIGN_OR_RETURN(stdio.command.front(), sandbox::find_program(stdio.command.front()));
  }
  ASSIGN_OR_RETURN(stdio.hosts, sandbox::normal_hosts(stdio.hosts));
  TRY(sandbox_.check(confinement_of(stdio)));
  return stdio;
}

Result<mcp::Command> Children::command(const snapshot::Destination& destination,
                                       const snapshot::StdioTransport& stdio,
                                       std::vector<std::pair<std::string, std::string>> secrets) {
  const auto& machine = sandbox_.machine();
  if (destination.environment == Environment::kProduction && machine.level < production_)
    return fail(
        ErrorKind::kForbidden, "RMT-X040",
        fmt::format("a server in production is started where it is confined by `{}`, and this machine gives "
                    "`{}`: {}",
                    to_string(production_), to_string(machine.level), fmt::join(machine.lacks, "; ")));
  auto confinement = confinement_of(stdio);
  for (auto& secret : secrets) confinement.environment.push_back(std::move(secret));
  return sandbox_.command(destination.id.str(), confinement);
}

std::vector<std::string> Children::told() const {
  const auto& machine = sandbox_.machine();
  std::vector<std::string> sentences = {fmt::format("children are confined by {}", describe(machine))};
  for (const auto& lack : machine.lacks) sentences.push_back(lack);
  if (machine.level < production_)
    sentences.push_back(
        fmt::format("production starts no server over stdio: it asks for `{}` (children.production)",
                    to_string(production_)));
  return sentences;
}

}  // namespace remit::server
