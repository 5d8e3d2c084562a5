// Config: what `remit serve` is told, from a TOML file or from the defaults of a data folder.
//
// Every key, with its default and what it is for, is told by `remit config reference`, as a file by `remit
// config example`: both are made of what reads the file.
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
  std::chrono::days clock_jump{90};
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

// What a file may say; in the order of the reference.
struct ConfigKey {
  std::string name;
  std::string value;  // as one would write it: the default, or an example where there is none
  std::string what;
  bool is_default = true;
};
struct ConfigTable {
  std::string name;  // empty: what stands above all tables
  std::string what;
  std::vector<ConfigKey> keys;
};
std::vector<ConfigTable> config_reference();

struct ConfigProblem {
  std::size_t line = 0;  // from 1; 0: the file as a whole
  Error error;
};

// Either a configuration without fault or all that is wrong with it. `base` is what relative paths start
// from. Problems: RMT-X001 (not TOML), RMT-X002 (unknown key), RMT-X003 (wrong type), RMT-X004 (value out of
// range), RMT-X005 (plain HTTP beyond loopback), RMT-X006 (a key that is needed is not there).
std::expected<Config, std::vector<ConfigProblem>> parse_config(std::string_view toml,
                                                               const std::filesystem::path& base);

// Reads and parses a file. The error is the first problem, with its line: "remit.toml:3: …"; the others stand
// below its fix, each with code, line and fix. Errors: kInvalid RMT-X001 … X006 (the first one's code),
// kNotFound RMT-X007.
Result<Config> load_config(const std::filesystem::path& file);

// The addresses against the rule on plain HTTP; also for addresses of the command line. Errors: RMT-X004,
// RMT-X005.
Result<> check_listen(std::string_view address, bool plain_http_beyond_loopback);

}  // namespace remit::server
