#include "server/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <functional>
#include <span>
#include <sstream>
#include <utility>

#include "base/nearest.h"
#include "http/host_rules.h"
#include "http/url.h"

namespace remit::server {
namespace {

constexpr std::int64_t kMostFreeMib = 1 << 20;  // a terabyte

using Problems = std::vector<ConfigProblem>;

std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

// One table of the file, or what stands above all tables (without a name): which keys it may have, what each
// does to the configuration, and what the reference says of it.
struct Table {
  using Apply = std::function<Result<>(const toml::node&)>;
  struct Key {
    std::string name;
    Apply apply;
    std::string standard;  // the default, as one would write it; or, where it is none, an example
    std::string what;
    bool has_default = true;
  };
  std::string name;
  std::string what;
  std::vector<Key> keys;

  std::string path_of(std::string_view key) const {
    return name.empty() ? std::string(key) : fmt::format("{}.{}", name, key);
  }
};
using Tables = std::vector<Table>;

void read_key(const Table& table, const std::vector<std::string_view>& known, const toml::key& name,
              const toml::node& node, Problems& problems) {
  const auto found = std::ranges::find(table.keys, name.str(), &Table::Key::name);
  if (found == table.keys.end()) {
    problems.push_back(
        {name.source().begin.line,
         Error{ErrorKind::kInvalid, "RMT-X002", fmt::format("unknown key `{}`", table.path_of(name.str())),
               did_you_mean(name.str(), known)}});
  } else if (auto applied = found->apply(node); !applied) {
    applied.error().message = fmt::format("`{}` {}", table.path_of(name.str()), applied.error().message);
    problems.push_back({line_of(node), std::move(applied).error()});
  }
}

std::vector<std::string_view> names_in(const Table& table) {
  std::vector<std::string_view> names;
  names.reserve(table.keys.size());
  for (const auto& key : table.keys) names.emplace_back(key.name);
  return names;
}

std::unexpected<Error> wrong_type(std::string_view needed, const toml::node& node) {
  std::ostringstream type;
  type << node.type();
  return fail(ErrorKind::kInvalid, "RMT-X003", fmt::format("must be {}, not {}", needed, type.str()));
}

std::unexpected<Error> out_of_range(std::string what, std::string fix = {}) {
  return fail(ErrorKind::kInvalid, "RMT-X004", std::move(what), std::move(fix));
}

Result<std::string> text(const toml::node& node) {
  const auto* value = node.as_string();
  if (value == nullptr) return wrong_type("a string", node);
  if (value->get().empty()) return out_of_range("must not be empty");
  return value->get();
}

Result<std::vector<std::string>> texts(const toml::node& node) {
  if (node.is_string()) {
    ASSIGN_OR_RETURN(auto one, text(node));
    return std::vector{std::move(one)};
  }
  const auto* array = node.as_array();
  if (array == nullptr) return wrong_type("a string or a list of strings", node);
  std::vector<std::string> values;
  for (const auto& element : *array) {
    ASSIGN_OR_RETURN(auto one, text(element));
    values.push_back(std::move(one));
  }
  return values;
}

Result<std::int64_t> integer(const toml::node& node, std::int64_t least, std::int64_t most) {
  const auto* value = node.as_integer();
  if (value == nullptr) return wrong_type("an integer", node);
  if (value->get() < least || value->get() > most)
    return out_of_range(fmt::format("must be from {} to {}, not {}", least, most, value->get()));
  return value->get();
}

Table::Apply seconds(std::chrono::seconds& target, std::int64_t most) {
  return [&target, most](const toml::node& node) -> Result<> {
    ASSIGN_OR_RETURN(const auto value, integer(node, 1, most));
    target = std::chrono::seconds{value};
    return {};
  };
}

Table::Apply days(std::chrono::days& target, std::int64_t most) {
  return [&target, most](const toml::node& node) -> Result<> {
    ASSIGN_OR_RETURN(const auto value, integer(node, 1, most));
    target = std::chrono::days{value};
    return {};
  };
}

Table::Apply mebibytes(std::uint64_t& target_bytes, std::int64_t most) {
  return [&target_bytes, most](const toml::node& node) -> Result<> {
    ASSIGN_OR_RETURN(const auto value, integer(node, 1, most));
    target_bytes = static_cast<std::uint64_t>(value) << 20U;
    return {};
  };
}

Table::Apply path(std::filesystem::path& target, const std::filesystem::path& base) {
  return [&target, &base](const toml::node& node) -> Result<> {
    ASSIGN_OR_RETURN(const auto value, text(node));
    target = (base / value).lexically_normal();
    return {};
  };
}

Result<> read_public_url(const toml::node& node, Config& config) {
  ASSIGN_OR_RETURN(const auto value, text(node));
  auto normal = http::normal_url(value);
  const auto url = http::parse_url(value);
  if (!normal || !url || url->target != "/")
    return out_of_range("must be an http or https URL without a path",
                        "Write it as \"https://remit.example.com\".");
  config.public_url = *std::move(normal);
  return {};
}

Result<> read_hosts(const toml::node& node, Config& config) {
  ASSIGN_OR_RETURN(const auto values, texts(node));
  config.hosts.clear();
  for (const auto& value : values) {
    auto host = http::parse_authority(value);
    if (!host)
      return out_of_range(fmt::format("must be names of hosts, not `{}`", value),
                          "Write each as \"remit.example.com\" or \"remit.example.com:8443\".");
    config.hosts.push_back(*std::move(host));
  }
  return {};
}

Result<> read_origins(const toml::node& node, Config& config) {
  ASSIGN_OR_RETURN(const auto values, texts(node));
  config.origins.clear();
  for (const auto& value : values) {
    auto origin = http::normal_origin(value.ends_with('/') ? value.substr(0, value.size() - 1) : value);
    if (!origin)
      return out_of_range(
          fmt::format("must be origins of web pages, not `{}`", value),
          "Write each as \"https://inspector.example.com\", without a path; there is no wildcard.");
    config.origins.push_back(*std::move(origin));
  }
  return {};
}

Result<> read_level(const toml::node& node, Config& config) {
  constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
  ASSIGN_OR_RETURN(auto value, text(node));
  if (std::ranges::find(kLevels, value) == kLevels.end())
    return out_of_range(fmt::format("must be a level, not `{}`", value), did_you_mean(value, kLevels));
  config.log_level = std::move(value);
  return {};
}

// [limits]: a key for each row of kLimits.
std::vector<Table::Key> limit_keys(Limits& limits) {
  std::vector<Table::Key> keys;
  keys.reserve(std::size(kLimits));
  for (std::size_t i = 0; i < std::size(kLimits); ++i)
    keys.push_back(
        {.name = std::string(kLimits[i].name),
         .apply = [&limits, i](const toml::node& node) -> Result<> {
           ASSIGN_OR_RETURN(const auto value, integer(node, kLimits[i].least, kLimits[i].most));
           limits.set(i, value);
           return {};
         },
         .standard = std::to_string(kLimits[i].standard),
         .what = fmt::format("{} ({} to {})", kLimits[i].bounds, kLimits[i].least, kLimits[i].most)});
  return keys;
}

Table::Apply amount(std::uint64_t& target, std::int64_t least, std::int64_t most, unsigned shift = 0) {
  return [&target, least, most, shift](const toml::node& node) -> Result<> {
    ASSIGN_OR_RETURN(const auto value, integer(node, least, most));
    target = static_cast<std::uint64_t>(value) << shift;
    return {};
  };
}

Result<> read_level_of_confinement(const toml::node& node, sandbox::Level& target) {
  constexpr std::array<std::string_view, 4> kLevels = {"namespaces", "account", "landlock", "none"};
  ASSIGN_OR_RETURN(const auto value, text(node));
  const auto level = sandbox::parse_level(value);
  if (!level)
    return out_of_range(fmt::format("must be what confines a child, not `{}`", value),
                        did_you_mean(value, kLevels));
  target = *level;
  return {};
}

// "200000-265535": whole numbers, none of a person's or a service's.
Result<> read_accounts(const toml::node& node, sandbox::Accounts& target) {
  constexpr uid_t kFirst = 65'536;
  ASSIGN_OR_RETURN(const auto value, text(node));
  sandbox::Accounts read{.first = 0, .last = 0};
  const auto* const end = value.data() + value.size();
  const auto first = std::from_chars(value.data(), end, read.first);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '-') {
    const auto last = std::from_chars(first.ptr + 1, end, read.last);
    if (last.ec == std::errc{} && last.ptr == end && read.first >= kFirst && read.last >= read.first &&
        read.last < ~uid_t{0}) {
      target = read;
      return {};
    }
  }
  return out_of_range(fmt::format("must be a range of user ids from {} on, not `{}`", kFirst, value),
                      "Write it as \"200000-265535\".");
}

// What is read, and where: what is said of the whole is said at the line of what it is about.
struct Reading {
  Config config;
  const toml::node* listen_node = nullptr;
  const toml::node* metrics_node = nullptr;
};

Table top_keys(Reading& reading, const std::filesystem::path& base) {
  auto& config = reading.config;
  return {.name = {},
          .what = {},
          .keys = {
              {"data", path(config.data, base), R"("/var/lib/remit")", "everything that Remit keeps; needed",
               false},
              {"listen",
               [&](const toml::node& node) -> Result<> {
                 ASSIGN_OR_RETURN(config.listen, texts(node));
                 if (config.listen.empty()) return out_of_range("must name at least one address");
                 reading.listen_node = &node;
                 return {};
               },
               R"(["127.0.0.1:7420"])", "one address or several; port 0: any free one"},
              {"public_url", [&](const toml::node& node) { return read_public_url(node, config); },
               R"("https://remit.acme.example")",
               "as agents reach it; without it http:// and the first address", false},
              {"hosts", [&](const toml::node& node) { return read_hosts(node, config); },
               R"(["remit.acme.example"])", "further names that the Host header may carry, or \"name:port\"",
               false},
              {"origins", [&](const toml::node& node) { return read_origins(node, config); },
               R"(["https://app.acme.example"])",
               "pages that may call, beside those on loopback and on hosts", false},
              {"metrics_listen",
               [&](const toml::node& node) -> Result<> {
                 ASSIGN_OR_RETURN(config.metrics_listen, text(node));
                 reading.metrics_node = &node;
                 return {};
               },
               R"("127.0.0.1:9464")", "where /metrics is served; without it over the folder's socket alone",
               false},
              {"plain_http_beyond_loopback",
               [&](const toml::node& node) -> Result<> {
                 if (!node.is_boolean()) return wrong_type("true or false", node);
                 config.plain_http_beyond_loopback = node.as_boolean()->get();
                 return {};
               },
               "false", "TLS is a proxy's; without one, tokens cross the network in clear"},
              {"threads",
               [&](const toml::node& node) -> Result<> {
                 ASSIGN_OR_RETURN(const auto value, integer(node, 1, 256));
                 config.threads = static_cast<unsigned>(value);
                 return {};
               },
               "2", "loops; without it one a core", false},
              {"drain_seconds", seconds(config.drain, 3600), std::to_string(config.drain.count()),
               "what a stop waits for calls in flight"},
          }};
}

Table children_keys(Config& config, const std::filesystem::path& base) {
  auto& limits = config.children.limits;
  const auto mib = [](std::uint64_t bytes) { return std::to_string(bytes >> 20U); };
  return {
      .name = "children",
      .what = "servers over stdio: destinations with a command",
      .keys = {
          {"production",
           [&](const toml::node& node) {
             return read_level_of_confinement(node, config.children.production);
           },
           fmt::format("\"{}\"", to_string(config.children.production)),
           "what production needs: namespaces, account, landlock or none"},
          {"folder", path(config.children.folder, base), R"("/var/lib/remit/children")",
           "their homes; without it DATA/children, or DATA.children for accounts", false},
          {"accounts", [&](const toml::node& node) { return read_accounts(node, config.children.accounts); },
           fmt::format("\"{}-{}\"", config.children.accounts.first, config.children.accounts.last),
           "of children, where Remit runs as root: one for each destination"},
          {"memory_mib", amount(limits.memory_bytes, 64, 1 << 20, 20), mib(limits.memory_bytes),
           "of each process of a child"},
          {"processes", amount(limits.processes, 8, 1 << 16), std::to_string(limits.processes),
           "of a child, threads too; by account: eight times as many"},
          {"open_files", amount(limits.files, 64, 1 << 20), std::to_string(limits.files),
           "of each process of a child"},
          {"file_mib", amount(limits.file_bytes, 1, 1 << 20, 20), mib(limits.file_bytes),
           "of each file that a child writes"},
          {"temporary_mib", amount(limits.temporary_bytes, 1, 1 << 20, 20), mib(limits.temporary_bytes),
           "of all that is in a child's /tmp"},
      }};
}

// All that a file may say: it is read by these, and the reference tells them.
Tables tables_of(Reading& reading, const std::filesystem::path& base) {
  auto& config = reading.config;
  Tables tables;
  tables.push_back(top_keys(reading, base));
  tables.push_back({.name = "log",
                    .what = "what the server says of itself on standard error",
                    .keys = {{"level", [&](const toml::node& node) { return read_level(node, config); },
                              fmt::format("\"{}\"", config.log_level), "debug, info, warn or error"}}});
  tables.push_back(
      {.name = "audit",
       .what = "the tamper-evident log",
       .keys = {
           {"folder", path(config.audit_folder, base), R"("/var/lib/remit/audit")",
            "tiles and checkpoints; without it DATA/audit", false},
           {"origin",
            [&](const toml::node& node) -> Result<> {
              ASSIGN_OR_RETURN(config.audit_origin, text(node));
              return {};
            },
            R"("remit.acme.example/audit")",
            "the log's name in its checkpoints; without it the public host and \"/audit\"", false},
           {"min_free_mib", mebibytes(config.min_free_bytes, kMostFreeMib),
            std::to_string(config.min_free_bytes >> 20U), "below this much free disk no new call is made"},
           {"clock_jump_days", days(config.clock_jump, 3650), std::to_string(config.clock_jump.count()),
            "a clock so far ahead of the log stops calls until a person confirms it"}}});
  tables.push_back(
      {.name = "calls",
       .what = "what destinations are waited for; for one of them: remit destination add",
       .keys = {{"upstream_open_seconds", seconds(config.upstream_open, 600),
                 std::to_string(config.upstream_open.count()), "to start, open a session and list its tools"},
                {"upstream_answer_seconds", seconds(config.upstream_answer, 3600),
                 std::to_string(config.upstream_answer.count()),
                 "for an answer, or for the next progress of a call"}}});
  tables.push_back({.name = "limits",
                    .what = "every bound on what others may make Remit hold or do; remit status tells them",
                    .keys = limit_keys(config.limits)});
  tables.push_back(children_keys(config, base));
  return tables;
}

void read_tables(const Tables& tables, const toml::table& root, Problems& problems) {
  auto known = names_in(tables.front());
  for (const auto& table : tables)
    if (!table.name.empty()) known.emplace_back(table.name);
  for (const auto& [name, node] : root) {
    const auto table = std::ranges::find(tables, name.str(), &Table::name);
    if (table == tables.end()) {
      read_key(tables.front(), known, name, node, problems);
    } else if (const auto* inner = node.as_table()) {
      for (const auto& [key, value] : *inner) read_key(*table, names_in(*table), key, value, problems);
    } else {
      auto error = wrong_type("a table", node).error();
      error.message = fmt::format("`{}` {}", table->name, error.message);
      problems.push_back({line_of(node), std::move(error)});
    }
  }
}

}  // namespace

Result<> check_listen(std::string_view address, bool plain_http_beyond_loopback) {
  const auto colon = address.rfind(':');
  const auto host = address.substr(0, colon == std::string_view::npos ? 0 : colon);
  const auto port_text = colon == std::string_view::npos ? std::string_view{} : address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const bool whole =
      !port_text.empty() && failed == std::errc{} && end == port_text.data() + port_text.size();
  if (host.empty() || !whole)
    return out_of_range(fmt::format("must be ADDRESS:PORT, not `{}`", address),
                        "Write it as \"127.0.0.1:7420\".");
  const bool loopback =
      host == "[::1]" || host == "localhost" ||
      (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
  if (!loopback && !plain_http_beyond_loopback)
    return fail(ErrorKind::kInvalid, "RMT-X005",
                fmt::format("would serve plain HTTP on `{}`, which is not loopback", address));
  return {};
}

std::expected<Config, std::vector<ConfigProblem>> parse_config(std::string_view toml,
                                                               const std::filesystem::path& base) {
  Problems problems;
  toml::table root;
  try {
    root = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    problems.push_back({error.source().begin.line,
                        Error{ErrorKind::kInvalid, "RMT-X001", std::string(error.description())}});
    return std::unexpected(std::move(problems));
  }

  Reading reading;
  read_tables(tables_of(reading, base), root, problems);
  auto& config = reading.config;

  // After the whole table, since the key that permits an address may stand after it.
  for (const auto& address : config.listen)
    if (auto checked = check_listen(address, config.plain_http_beyond_loopback); !checked) {
      checked.error().message = "`listen` " + checked.error().message;
      problems.push_back(
          {reading.listen_node != nullptr ? line_of(*reading.listen_node) : 0, std::move(checked).error()});
    }
  if (reading.metrics_node != nullptr)
    if (auto checked = check_listen(config.metrics_listen, config.plain_http_beyond_loopback); !checked) {
      checked.error().message = "`metrics_listen` " + checked.error().message;
      problems.push_back({line_of(*reading.metrics_node), std::move(checked).error()});
    }
  if (!root.contains("data"))
    problems.push_back({0, Error{ErrorKind::kInvalid, "RMT-X006", "`data` is missing"}});
  if (problems.empty()) return std::move(config);
  std::ranges::sort(problems, {}, &ConfigProblem::line);
  return std::unexpected(std::move(problems));
}

std::vector<ConfigTable> config_reference() {
  Reading reading;
  const std::filesystem::path base;
  std::vector<ConfigTable> reference;
  for (const auto& table : tables_of(reading, base)) {
    auto& told = reference.emplace_back(ConfigTable{.name = table.name, .what = table.what, .keys = {}});
    for (const auto& key : table.keys)
      told.keys.push_back(
          {.name = key.name, .value = key.standard, .what = key.what, .is_default = key.has_default});
  }
  return reference;
}

Result<Config> load_config(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream content;
  if (!stream || !(content << stream.rdbuf()))
    return fail(ErrorKind::kNotFound, "RMT-X007", fmt::format("`{}` cannot be read", file.string()));
  auto parsed = parse_config(content.str(), std::filesystem::absolute(file).parent_path());
  if (parsed) return std::move(*parsed);

  const auto where = [&](std::size_t line) {
    return line > 0 ? fmt::format("{}:{}", file.string(), line) : file.string();
  };
  // Each is told with its code and its fix, the first as the error itself.
  auto told = parsed.error().front().error;
  told.message = fmt::format("{}: {}", where(parsed.error().front().line), told.message);
  told.fix = fix_of(told);
  for (const auto& [line, error] : std::span(parsed.error()).subspan(1))
    told.fix += fmt::format("\n{}: {}: {}\n  fix: {}", error.code, where(line), error.message, fix_of(error));
  return std::unexpected(std::move(told));
}

}  // namespace remit::server
