#include "snapshot/policy_schema.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <set>

#include "snapshot/snapshot.h"

namespace remit::snapshot {
namespace {

using Kind = InputType::Kind;

// Held to snapshot/entities.cpp and decision/decide.cpp by tests.
constexpr std::string_view kAgents = R"(
  entity Agent in [Process, Environment] {{
    name: String,
    environment: String,
    owner: Human,
    deputy?: Human,
    purpose: String,
    process: String,
  }};
  entity Destination in [DataClass, Environment] {{
    name: String,
    environment: String,
    data_class: String,
    labels: Set<String>,
    owner: Human,
  }};
  entity Human {{ name: String }};
  entity Process;
  entity Environment enum [{environments}];
  entity DataClass enum [{data_classes}];

  type ToolContext = {{ name: String, effect: String, data_class: String, labels: Set<String> }};
  type SessionContext = {{ credential_kind: String }};
)";

// A string of Cedar: any text.
std::string cedar_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (byte < 0x20 || byte == 0x7F)
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", byte);
    else
      out += c;
  }
  return out + "\"";
}

template <typename Range>
std::string quoted_list(const Range& names) {
  std::string out;
  for (const auto& name : names) out.append(out.empty() ? "" : ", ").append(cedar_string(name));
  return out;
}

template <typename E>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  names.reserve(Names<E>::table.size());
  for (const auto& [value, name] : Names<E>::table) names.push_back(name);
  return names;
}

void append(std::string& out, const InputType& type) {
  switch (type.kind) {
    case Kind::kBool:
      out += "Bool";
      return;
    case Kind::kLong:
      out += "Long";
      return;
    case Kind::kDecimal:
      out += "decimal";
      return;
    case Kind::kString:
      out += "String";
      return;
    case Kind::kSet:
      out += "Set<";
      append(out, *type.element);
      out += ">";
      return;
    case Kind::kRecord:
      break;
  }
  out += "{";
  std::string_view separator = " ";
  for (const auto& field : type.fields) {
    out.append(separator).append(cedar_string(field.name)).append(field.required ? ": " : "?: ");
    append(out, field.type);
    separator = ", ";
  }
  out += type.fields.empty() ? "}" : " }";
}

void append_action(std::string& out, std::string_view name, const std::set<std::string>& groups,
                   const InputType& input) {
  fmt::format_to(std::back_inserter(out),
                 "\n  action {} in [{}] appliesTo {{\n    principal: Agent,\n    resource: Destination,\n"
                 "    context: {{\n      input: ",
                 cedar_string(name), quoted_list(groups));
  append(out, input);
  out +=
      ",\n      omitted: Set<String>,\n      tool: ToolContext,\n      session: SessionContext,\n"
      "      time: datetime,\n    },\n  };\n";
}

}  // namespace

PolicySchema policy_schema(const SnapshotData& data, Environment environment) {
  PolicySchema schema;
  std::vector<std::string_view> environments;
  environments.reserve(kEnvironments.size());
  for (const auto one : kEnvironments) environments.push_back(to_string(one));
  schema.text = "namespace Remit {";
  schema.text += fmt::format(kAgents, fmt::arg("environments", quoted_list(environments)),
                             fmt::arg("data_classes", quoted_list(names_of<DataClass>())));

  std::set<std::string> groups = {"call"};
  for (const auto effect : names_of<Effect>()) groups.emplace(effect);
  for (const auto& destination : data.destinations)
    if (destination.environment == environment) groups.insert(destination.name);

  // In order of their names, so that the text says nothing of how the catalog came to be.
  std::map<std::string_view, const Tool*> tools;
  for (const auto& tool : data.tools)
    if (tool.environment == environment) tools.emplace(tool.qualified_name, &tool);

  std::set<std::string> empty = groups;
  std::string actions;
  for (const auto& [name, tool] : tools) {
    std::set<std::string> own = {"call", std::string(name.substr(0, name.find('/')))};
    if (tool->effect) own.emplace(to_string(*tool->effect));
    for (const auto& group : own) {
      groups.insert(group);
      empty.erase(group);
    }
    append_action(actions, name, own, tool->input->type);
    for (const auto& left_out : tool->input->left_out)
      schema.warnings.push_back({std::string(name), left_out});
  }
  schema.text += fmt::format("\n  action {};\n", quoted_list(groups));
  if (!empty.empty()) append_action(schema.text, kNoToolYet, empty, {});
  schema.text += actions;
  schema.text += "}\n";
  return schema;
}

}  // namespace remit::snapshot
