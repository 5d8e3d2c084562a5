#include "server/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <functional>
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

// One table of the file: which keys it may have, and what each does to the configuration.
class Table {
 public:
  using Apply = std::function<Result<>(const toml::node&)>;
  struct Key {
    std::string_view name;
    Apply apply;
  };

  Table(std::string prefix, std::vector<Key> keys) : prefix_(std::move(prefix)), keys_(std::move(keys)) {}

  void read(const toml::table& table, Problems& problems) const {
    std::vector<std::string_view> names;
    names.reserve(keys_.size());
    for (const auto& key : keys_) names.push_back(key.name);
    for (const auto& [name, node] : table) {
      const auto found = std::ranges::find(keys_, name.str(), &Key::name);
      if (found == keys_.end()) {
        problems.push_back(
            {name.source().begin.line,
             Error{ErrorKind::kInvalid, "RMT-X002", fmt::format("unknown key `{}{}`", prefix_, name.str()),
                   did_you_mean(name.str(), names)}});
        continue;
      }
      if (auto applied = found->apply(node); !applied) {
        applied.error().message = fmt::format("`{}{}` {}", prefix_, name.str(), applied.error().message);
        problems.push_back({line_of(node), std::move(applied).error()});
      }
    }
  }

 private:
  std::string prefix_;
  std::vector<Key> keys_;
};

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
    keys.push_back({kLimits[i].name, [&limits, i](const toml::node& node) -> Result<> {
                      ASSIGN_OR_RETURN(const auto value, integer(node, kLimits[i].least, kLimits[i].most));
                      limits.set(i, value);
                      return {};
                    }});
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

Table::Apply table(const Table& inner, Problems& problems) {
  return [&inner, &problems](const toml::node& node) -> Result<> {
    if (!node.is_table()) return wrong_type("a table", node);
    inner.read(*node.as_table(), problems);
    return {};
  };
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
  Config config;
  Problems problems;
  toml::table root;
  try {
    root = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    problems.push_back({error.source().begin.line,
                        Error{ErrorKind::kInvalid, "RMT-X001", std::string(error.description())}});
    return std::unexpected(std::move(problems));
  }

  const toml::node* listen_node = nullptr;
  const toml::node* metrics_node = nullptr;
  const Table log("log.", {{"level", [&](const toml::node& node) { return read_level(node, config); }}});
  const Table audit("audit.", {{"folder", path(config.audit_folder, base)},
                               {"origin",
                                [&](const toml::node& node) -> Result<> {
                                  ASSIGN_OR_RETURN(config.audit_origin, text(node));
                                  return {};
                                }},
                               {"min_free_mib", mebibytes(config.min_free_bytes, kMostFreeMib)}});
  const Table calls("calls.", {{"upstream_open_seconds", seconds(config.upstream_open, 600)},
                               {"upstream_answer_seconds", seconds(config.upstream_answer, 3600)}});
  const Table limits("limits.", limit_keys(config.limits));
  const Table children(
      "children.",
      {{"production",
        [&](const toml::node& node) { return read_level_of_confinement(node, config.children.production); }},
       {"folder", path(config.children.folder, base)},
       {"accounts", [&](const toml::node& node) { return read_accounts(node, config.children.accounts); }},
       {"memory_mib", amount(config.children.limits.memory_bytes, 64, 1 << 20, 20)},
       {"processes", amount(config.children.limits.processes, 8, 1 << 16)},
       {"open_files", amount(config.children.limits.files, 64, 1 << 20)},
       {"file_mib", amount(config.children.limits.file_bytes, 1, 1 << 20, 20)},
       {"temporary_mib", amount(config.children.limits.temporary_bytes, 1, 1 << 20, 20)}});
  const Table top("", {{"data", path(config.data, base)},
                       {"listen",
                        [&](const toml::node& node) -> Result<> {
                          ASSIGN_OR_RETURN(config.listen, texts(node));
                          if (config.listen.empty()) return out_of_range("must name at least one address");
                          listen_node = &node;
                          return {};
                        }},
                       {"public_url", [&](const toml::node& node) { return read_public_url(node, config); }},
                       {"hosts", [&](const toml::node& node) { return read_hosts(node, config); }},
                       {"origins", [&](const toml::node& node) { return read_origins(node, config); }},
                       {"metrics_listen",
                        [&](const toml::node& node) -> Result<> {
                          ASSIGN_OR_RETURN(config.metrics_listen, text(node));
                          metrics_node = &node;
                          return {};
                        }},
                       {"plain_http_beyond_loopback",
                        [&](const toml::node& node) -> Result<> {
                          if (!node.is_boolean()) return wrong_type("true or false", node);
                          config.plain_http_beyond_loopback = node.as_boolean()->get();
                          return {};
                        }},
                       {"threads",
                        [&](const toml::node& node) -> Result<> {
                          ASSIGN_OR_RETURN(const auto value, integer(node, 1, 256));
                          config.threads = static_cast<unsigned>(value);
                          return {};
                        }},
                       {"drain_seconds", seconds(config.drain, 3600)},
                       {"log", table(log, problems)},
                       {"audit", table(audit, problems)},
                       {"calls", table(calls, problems)},
                       {"limits", table(limits, problems)},
                       {"children", table(children, problems)}});
  top.read(root, problems);

  // After the whole table, since the key that permits an address may stand after it.
  for (const auto& address : config.listen)
    if (auto checked = check_listen(address, config.plain_http_beyond_loopback); !checked) {
      checked.error().message = "`listen` " + checked.error().message;
      problems.push_back({listen_node != nullptr ? line_of(*listen_node) : 0, std::move(checked).error()});
    }
  if (metrics_node != nullptr)
    if (auto checked = check_listen(config.metrics_listen, config.plain_http_beyond_loopback); !checked) {
      checked.error().message = "`metrics_listen` " + checked.error().message;
      problems.push_back({line_of(*metrics_node), std::move(checked).error()});
    }
  if (!root.contains("data"))
    problems.push_back({0, Error{ErrorKind::kInvalid, "RMT-X006", "`data` is missing"}});
  if (problems.empty()) return config;
  std::ranges::sort(problems, {}, &ConfigProblem::line);
  return std::unexpected(std::move(problems));
}

Result<Config> load_config(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream content;
  if (!stream || !(content << stream.rdbuf()))
    return fail(ErrorKind::kNotFound, "RMT-X007", fmt::format("`{}` cannot be read", file.string()));
  auto parsed = parse_config(content.str(), std::filesystem::absolute(file).parent_path());
  if (parsed) return std::move(*parsed);

  std::string text;
  for (const auto& [line, error] : parsed.error()) {
    if (!text.empty()) text += '\n';
    text += file.string();
    if (line > 0) text += fmt::format(":{}", line);
    text += fmt::format(": {}: {}\n  fix: {}", error.code, error.message, fix_of(error));
  }
  return fail(ErrorKind::kInvalid, parsed.error().front().error.code, std::move(text),
              "Mend the lines above and start again.");
}

}  // namespace remit::server
