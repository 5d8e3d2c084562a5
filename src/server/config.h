// Config: what `remit serve` is told, from a TOML file or from the defaults of a data folder.
//
//   data = "/var/lib/remit"              # everything that Remit keeps
//   listen = ["127.0.0.1:7420"]          # one address or several; port 0: any free one
//   public_url = "https://remit.acme.example"   # as agents reach it; default: http:// and the first address
//   hosts = ["remit.acme.example"]       # further names that the Host header may carry, or "name:port"
//   origins = ["https://app.acme.example"]   # pages that may call, beside those on loopback and on hosts
//   metrics_listen = "127.0.0.1:9464"    # where /metrics is served; default: over the folder's socket alone
//   plain_http_beyond_loopback = false   # TLS is a proxy's; without one, tokens cross the network in clear
//   threads = 2                          # loops; default: one a core
//   drain_seconds = 20                   # what a stop waits for calls in flight
//
//   [log]
//   level = "info"                       # debug, info, warn, error
//
//   [audit]
//   folder = "/var/lib/remit/audit"      # tiles and checkpoints; default: DATA/audit
//   origin = "remit.acme.example/audit"  # the log's name in its checkpoints; default: public host + "/audit"
//   min_free_mib = 64                    # below this much free disk no new call is made
//
//   [calls]
//   upstream_open_seconds = 15
//   upstream_answer_seconds = 60         # for an answer, or for the next progress of a call
//                                        # (for one destination: `remit destination add`)
//
//   [limits]                             # every bound, with its default and its range: limits.h
//   connections = 4096
//
//   [children]                           # servers over stdio: destinations with a command
//   production = "account"               # what production needs: namespaces, account, landlock or none
//   folder = "/var/lib/remit/children"   # their homes; default: DATA/children, or DATA.children for accounts
//   accounts = "200000-265535"           # of children, where Remit runs as root: one for each destination
//   memory_mib = 2048                    # of each process of a child
//   processes = 256                      # of a child, threads too; by account: eight times as many
//   open_files = 1024                    # of each process of a child
//   file_mib = 512                       # of each file that a child writes
//   temporary_mib = 256                  # of all that is in a child's /tmp
//
// Every problem of a file is told at once, each with its line and its fix: a server that starts on half a
// configuration enforces another one than was written.
//
// Thread-safety: values.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/url.h"
#include "sandbox/sandbox.h"
#include "server/data_folder.h"
#include "server/limits.h"

namespace remit::server {

struct Config {
  std::filesystem::path data;
  std::vector<std::string> listen = {"127.0.0.1:7420"};
  std::string public_url;  // in normal form (http/url.h); empty: made of the address that was taken
  std::vector<http::Authority> hosts;
  std::vector<std::string> origins;  // in normal form (http/host_rules.h)
  std::string metrics_listen;        // empty: no listener
  bool plain_http_beyond_loopback = false;
  unsigned threads = 0;  // 0: one a core
  std::chrono::seconds drain{20};
  std::string log_level = "info";
  std::filesystem::path audit_folder;  // empty: DATA/audit
  std::string audit_origin;            // empty: the public host + "/audit"
  std::uint64_t min_free_bytes = std::uint64_t{64} << 20U;
  std::chrono::seconds upstream_open{15};
  std::chrono::seconds upstream_answer{60};
  Limits limits;
  struct {
    sandbox::Level production = sandbox::Level::kAccount;
    std::filesystem::path folder;
    sandbox::Accounts accounts;
    sandbox::Limits limits;
    sandbox::Level most = sandbox::Level::kNamespaces;  // no key of the file: the demo's
  } children;
};

struct ConfigProblem {
  std::size_t line = 0;  // from 1; 0: the file as a whole
  Error error;
};

// Either a configuration without fault or all that is wrong with it. `base` is what relative paths start
// from. Problems: RMT-X001 (not TOML), RMT-X002 (unknown key), RMT-X003 (wrong type), RMT-X004 (value out of
// range), RMT-X005 (plain HTTP beyond loopback), RMT-X006 (a key that is needed is not there).
std::expected<Config, std::vector<ConfigProblem>> parse_config(std::string_view toml,
                                                               const std::filesystem::path& base);

// Reads and parses a file. The error's message has a line a problem: "remit.toml:3: RMT-X002: …".
// Errors: kInvalid RMT-X001 … X006 (the first one's code), kNotFound RMT-X007.
Result<Config> load_config(const std::filesystem::path& file);

// The addresses against the rule on plain HTTP; also for addresses of the command line. Errors: RMT-X004,
// RMT-X005.
Result<> check_listen(std::string_view address, bool plain_http_beyond_loopback);

}  // namespace remit::server
