#include "catalog/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/ascii.h"
#include "base/canonical_json.h"
#include "http/url.h"

namespace remit::catalog {

namespace json = boost::json;

namespace {

using snapshot::DataClass;
using snapshot::Effect;
using snapshot::HttpTransport;
using snapshot::StdioTransport;
using snapshot::Transport;

constexpr std::size_t kMaxName = 63;
constexpr std::size_t kMaxArguments = 64;
constexpr std::size_t kMaxLabels = 32;
constexpr std::size_t kMaxAddress = 4096;
constexpr std::size_t kMaxSecret = 8192;
constexpr std::size_t kLeastSecret = 8;  // gateway/redactor.h
constexpr std::size_t kMaxPaths = 32;
constexpr std::size_t kMaxVariables = 64;
constexpr std::size_t kMaxHosts = 16;  // sandbox/confinement.h
constexpr std::size_t kMaxHostText = 300;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
// RFC 9110 §5.6.2
bool is_token_character(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

bool is_slug(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && is_lower(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

std::unexpected<Error> invalid(std::string message, std::string fix = {}) {
  return fail(ErrorKind::kInvalid, "RMT-C012", std::move(message), std::move(fix));
}

template <typename T>
Result<T> understood(std::optional<T> value, std::string_view what, const std::string& text) {
  if (value) return *value;
  return fail(ErrorKind::kInternal, "RMT-C030",
              fmt::format("the store names an unknown {} `{}`", what, text));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Of one destination's own bounds.
constexpr std::chrono::seconds kMostOpenTimeout{600};
constexpr std::chrono::seconds kMostAnswerTimeout{3600};
constexpr std::uint64_t kMostAnswerBytes = std::uint64_t{256} << 20U;

// Fields that carry the protocol: a credential there would break or redirect the connection.
constexpr std::array<std::string_view, 12> kProtocolFields = {
    "accept", "connection",           "content-length", "content-type",
    "host",   "last-event-id",        "mcp-session-id", "origin",
    "te",     "mcp-protocol-version", "upgrade",        "transfer-encoding"};

// Variables that change which code a program runs.
bool is_loader_variable(std::string_view name) {
  return name == "PATH" || name == "IFS" || name == "BASH_ENV" || name == "ENV" || name == "NODE_OPTIONS" ||
         name == "PYTHONPATH" || name == "PYTHONSTARTUP" || name.starts_with("LD_") ||
         name.starts_with("DYLD_");
}

std::unexpected<Error> bad_slot(std::string_view slot, std::string_view why) {
  return fail(ErrorKind::kInvalid, "RMT-C014",
              fmt::format("the secret's slot `{}` {}", slot.substr(0, 80), why));
}

// What is shorter could not be told from ordinary text where the server says it back, and so not be hidden.
Result<void> check_length(std::string_view slot, std::string_view value) {
  if (const auto space = value.rfind(' '); space != std::string_view::npos) value.remove_prefix(space + 1);
  if (value.size() >= kLeastSecret) return {};
  return bad_slot(slot,
                  fmt::format("needs a credential of {} bytes or more behind its scheme, since a shorter "
                              "one cannot be hidden where the server says it back",
                              kLeastSecret));
}

Result<void> check_command(const std::vector<std::string>& command) {
  if (command.empty() || !command.front().starts_with('/'))
    return invalid(fmt::format("the command `{}` does not start with a program's absolute path",
                               command.empty() ? "" : command.front().substr(0, 200)),
                   "Give the program's absolute path, as `command -v` prints it, then its arguments.");
  if (command.size() > kMaxArguments)
    return invalid(fmt::format("the command has more than {} parts", kMaxArguments));
  for (const auto& part : command)
    if (part.size() > kMaxAddress || part.contains('\0'))
      return invalid("a part of the command is too long or has a zero byte");
  return {};
}

bool is_variable(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && !is_digit(name.front()) &&
         std::ranges::all_of(name,
                             [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; });
}

Result<void> check_variables(const std::vector<std::pair<std::string, std::string>>& variables) {
  if (variables.size() > kMaxVariables)
    return invalid(fmt::format("there are more than {} variables", kMaxVariables));
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const auto& [name, value] = variables[i];
    if (!is_variable(name))
      return invalid(fmt::format("`{}` cannot be the name of an environment variable", name.substr(0, 80)));
    if (name == "HOME") return invalid("the variable HOME is the child's own folder, which Remit makes");
    if (value.size() > kMaxAddress || value.contains('\0'))
      return invalid(fmt::format("the value of the variable {} is too long or has a zero byte", name));
    if (i > 0 && variables[i - 1].first >= name)
      return invalid(fmt::format("the variable {} is given twice", name));
  }
  return {};
}

// What the paths lead to is for the machine to say that starts the child.
Result<void> check_paths(const StdioTransport& stdio) {
  if (stdio.reads.size() + stdio.writes.size() > kMaxPaths)
    return invalid(fmt::format("more than {} files and folders are declared", kMaxPaths));
  std::vector<std::string_view> paths(stdio.reads.begin(), stdio.reads.end());
  paths.insert(paths.end(), stdio.writes.begin(), stdio.writes.end());
  if (!stdio.working_directory.empty()) paths.emplace_back(stdio.working_directory);
  for (const auto path : paths)
    if (!path.starts_with('/') || path.size() > kMaxAddress || path.contains('\0'))
      return invalid(fmt::format("`{}` is not an absolute path", path.substr(0, 200)));
  return {};
}

// What they stand for is for the sandbox to say.
Result<void> check_hosts(const StdioTransport& stdio) {
  if ((stdio.network == snapshot::Network::kHosts) == stdio.hosts.empty())
    return invalid("single hosts go with the network `hosts`, and it with them");
  if (stdio.hosts.size() > kMaxHosts) return invalid(fmt::format("there are more than {} hosts", kMaxHosts));
  for (const auto& host : stdio.hosts)
    if (host.empty() || host.size() > kMaxHostText || std::ranges::any_of(host, is_control))
      return invalid("a host is no HOST:PORT");
  return {};
}

Result<void> check_stdio(const StdioTransport& stdio) {
  TRY(check_command(stdio.command));
  TRY(check_variables(stdio.variables));
  TRY(check_hosts(stdio));
  return check_paths(stdio);
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

// Empty where it is not there or not a list of texts.
std::vector<std::string> texts_in(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  if (const auto* value = object.if_contains(name); value && value->is_array())
    for (const auto& element : value->get_array())
      if (element.is_string()) texts.emplace_back(element.get_string());
  return texts;
}

json::object address_of(const StdioTransport& stdio) {
  json::object address{{"command", array_of(stdio.command)}};
  if (!stdio.reads.empty()) address["reads"] = array_of(stdio.reads);
  if (!stdio.writes.empty()) address["writes"] = array_of(stdio.writes);
  if (stdio.network != snapshot::Network::kNone) address["network"] = to_string(stdio.network);
  if (!stdio.hosts.empty()) address["hosts"] = array_of(stdio.hosts);
  if (!stdio.working_directory.empty()) address["cwd"] = stdio.working_directory;
  if (!stdio.variables.empty()) {
    json::object variables;
    for (const auto& [name, value] : stdio.variables) variables[name] = value;
    address["variables"] = std::move(variables);
  }
  return address;
}

Result<StdioTransport> stdio_of(const json::object& address) {
  StdioTransport stdio{.command = texts_in(address, "command"),
                       .reads = texts_in(address, "reads"),
                       .writes = texts_in(address, "writes"),
                       .hosts = texts_in(address, "hosts")};
  if (const auto* network = address.if_contains("network"); network && network->is_string()) {
    const std::string text(network->get_string());
    ASSIGN_OR_RETURN(stdio.network,
                     understood(snapshot::parse_name<snapshot::Network>(text), "network", text));
  }
  if (const auto* folder = address.if_contains("cwd"); folder && folder->is_string())
    stdio.working_directory = folder->get_string();
  if (const auto* variables = address.if_contains("variables"); variables && variables->is_object())
    for (const auto& [name, value] : variables->get_object())
      if (value.is_string()) stdio.variables.emplace_back(name, value.get_string());
  std::ranges::sort(stdio.variables);
  return stdio;
}

}  // namespace

Result<void> check_destination_name(std::string_view name) {
  if (!is_slug(name))
    return invalid(fmt::format("`{}` cannot be the name of a destination", name.substr(0, 80)));
  // These are action groups in policies, beside the destinations' own.
  if (name == "call" || snapshot::parse_name<Effect>(name))
    return invalid(
        fmt::format("a destination cannot be called `{}`: policies use that word for actions", name));
  return {};
}

Result<void> check_transport(const Transport& transport) {
  if (const auto* http = std::get_if<HttpTransport>(&transport)) {
    auto url = http::parse_url(http->url);
    if (!url) return std::unexpected(std::move(url).error());
    if (url->scheme == http::Scheme::kUnix || http->url.size() > kMaxAddress)
      return invalid(
          fmt::format("`{}` is not the http or https URL of an MCP server", http->url.substr(0, 200)));
    return {};
  }
  return check_stdio(std::get<StdioTransport>(transport));
}

Result<void> check_slot_name(const Transport& transport, std::string_view slot) {
  if (std::holds_alternative<HttpTransport>(transport)) {
    if (slot.empty() || slot.size() > kMaxName || !std::ranges::all_of(slot, is_token_character))
      return bad_slot(slot, "is not the name of a header");
    if (std::ranges::find(kProtocolFields, lower(slot)) != kProtocolFields.end())
      return bad_slot(slot, "is a header of the protocol itself");
    return {};
  }
  const bool name = !slot.empty() && slot.size() <= kMaxName && !is_digit(slot.front()) &&
                    std::ranges::all_of(slot, [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
  if (!name) return bad_slot(slot, "is not the name of an environment variable (A–Z, 0–9 and _)");
  if (is_loader_variable(slot)) return bad_slot(slot, "changes which code a program runs");
  return {};
}

Result<void> check_slot(const Transport& transport, std::string_view slot, std::string_view value) {
  // Control characters would end a header line or a variable; nothing of the value is shown.
  if (value.empty() || value.size() > kMaxSecret || std::ranges::any_of(value, is_control))
    return bad_slot(slot,
                    fmt::format("needs a value of 1 to {} bytes without control characters", kMaxSecret));
  TRY(check_slot_name(transport, slot));
  return check_length(slot, value);
}

Result<void> check_bounds(const snapshot::UpstreamBounds& bounds) {
  const auto seconds = [](std::string_view what, const std::optional<std::chrono::seconds>& value,
                          std::chrono::seconds most) -> Result<void> {
    if (!value || (*value >= std::chrono::seconds(1) && *value <= most)) return {};
    return invalid(fmt::format("{} is from 1 to {} seconds, not {}", what, most.count(), value->count()));
  };
  TRY(seconds("the time to open a session", bounds.open_timeout, kMostOpenTimeout));
  TRY(seconds("the time to answer a call", bounds.answer_timeout, kMostAnswerTimeout));
  if (bounds.max_answer_bytes &&
      (*bounds.max_answer_bytes == 0 || *bounds.max_answer_bytes > kMostAnswerBytes))
    return invalid(fmt::format("the size of an answer is from 1 to {} MiB", kMostAnswerBytes >> 20U));
  return {};
}

Result<std::vector<std::string>> normal_labels(std::vector<std::string> labels) {
  if (labels.size() > kMaxLabels) return invalid(fmt::format("there are more than {} labels", kMaxLabels));
  for (const auto& label : labels)
    if (!is_slug(label)) return invalid(fmt::format("`{}` cannot be a label", label.substr(0, 80)));
  std::ranges::sort(labels);
  const auto doubles = std::ranges::unique(labels);
  labels.erase(doubles.begin(), doubles.end());
  return labels;
}

std::string address_text(const Transport& transport) {
  if (const auto* http = std::get_if<HttpTransport>(&transport))
    return json::serialize(json::object{{"url", http->url}});
  return json::serialize(address_of(std::get<StdioTransport>(transport)));
}

std::string labels_text(const std::vector<std::string>& labels) { return json::serialize(array_of(labels)); }

Result<Transport> transport_of(const std::string& address) {
  ASSIGN_OR_RETURN(auto json, parse_json(address));
  if (const auto* object = json.if_object()) {
    if (const auto* url = object->if_contains("url"); url && url->is_string())
      return HttpTransport{std::string(url->get_string())};
    if (object->contains("command")) return stdio_of(*object);
  }
  return understood<Transport>(std::nullopt, "address", address);
}

Result<std::vector<std::string>> labels_of(const std::string& text) {
  ASSIGN_OR_RETURN(auto json, parse_json(text));
  std::vector<std::string> labels;
  if (const auto* array = json.if_array())
    for (const auto& label : *array)
      if (label.is_string()) labels.emplace_back(label.get_string());
  return labels;
}

Result<DataClass> data_class_of(const std::string& text) {
  return understood(snapshot::parse_name<DataClass>(text), "data class", text);
}

Result<Effect> effect_of(const std::string& text) {
  return understood(snapshot::parse_name<Effect>(text), "effect", text);
}

Result<void> require_second_person(Environment environment, const HumanId& owner,
                                   const std::optional<HumanId>& person, std::string_view what) {
  if (environment != Environment::kProduction || (person && *person != owner)) return {};
  return fail(
      ErrorKind::kForbidden, "RMT-C031",
      fmt::format("in production another person than `{}`, its owner, decides on the {}", owner.str(), what));
}

snapshot::UpstreamBounds bounds_of(const store::Row& row, std::size_t first) {
  snapshot::UpstreamBounds bounds;
  if (!row.is_null(first)) bounds.open_timeout = std::chrono::seconds(row.integer(first));
  if (!row.is_null(first + 1)) bounds.answer_timeout = std::chrono::seconds(row.integer(first + 1));
  if (!row.is_null(first + 2)) bounds.max_answer_bytes = static_cast<std::uint64_t>(row.integer(first + 2));
  return bounds;
}

Result<Environment> environment_of(const std::string& text) {
  return understood(parse_environment(text), "environment", text);
}

}  // namespace remit::catalog
