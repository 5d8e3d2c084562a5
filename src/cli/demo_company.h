// The company of the demo: Acme, with three people, two agents, three destinations and a few policies, set up
// through the same API as everything else.

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "cli/agent_client.h"
#include "cli/client.h"
#include "cli/demo_servers.h"

namespace remit::cli {

inline constexpr std::string_view kOwner = "ana@acme.test";
inline constexpr std::string_view kApprover = "raj@acme.test";
inline constexpr std::string_view kSandboxOwner = "mia@acme.test";

struct DemoCompany {
  issuer::KeyFile invoice_bot;     // in production
  issuer::KeyFile report_bot;      // in sandbox
  std::filesystem::path invoices;  // the files that invoice-bot works on
  std::filesystem::path archive;   // files that are no business of its
};

// Where the demo's servers find what they work on: outside of the data folder, which no server may reach.
struct DemoFiles {
  std::filesystem::path folder;
  std::optional<uid_t> account = {};  // whose they are, where servers have accounts of their own
};

// Makes it, with its keys under `folder`. Tells what it does on standard output. Errors: whatever the API
// says.
Result<DemoCompany> found_company(Client& client, const std::filesystem::path& folder, const DemoFiles& files,
                                  const DemoServers& servers, const std::string& everything_url);

// The policies of its production.
std::string_view demo_policies();

}  // namespace remit::cli
