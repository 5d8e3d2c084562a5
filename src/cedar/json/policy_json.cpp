// Policies and sets of them, to JSON and back.

#include "cedar/json/policy_json.h"

#include <array>

#include "cedar/engine/impl.h"
#include "cedar/json/json_values.h"
#include "cedar/syntax/print.h"
#include "cedar/syntax/same_tree.h"

namespace cedar {
namespace {

void append_policies(std::string& out, std::span<const Policy> policies) {
  bool first = true;
  for (const Policy& policy : policies) {
    if (policy.template_id()) continue;
    if (!first) out += ',';
    first = false;
    out += json_quoted(policy.id()) + ":" + policy.to_json();
  }
}

std::string uid_json(const EntityUid& uid) {
  return R"({"__entity":{"type":)" + json_quoted(uid.type()) + R"(,"id":)" + json_quoted(uid.id()) + "}}";
}

std::string link_json(const Policy& link) {
  std::string out = R"({"templateId":)" + json_quoted(*link.template_id()) + R"(,"newId":)" +
                    json_quoted(link.id()) + R"(,"values":{)";
  const SlotValues values = link.slot_values();
  if (values.principal) out += R"("?principal":)" + uid_json(*values.principal);
  if (values.principal && values.resource) out += ',';
  if (values.resource) out += R"("?resource":)" + uid_json(*values.resource);
  return out + "}}";
}

using Done = std::expected<void, DataError>;

Done add_link(const Json& json, const Limits& limits, PolicySetBuilder& builder) {
  static constexpr std::array<std::string_view, 3> kMembers{"templateId", "newId", "values"};
  if (auto checked = check_members(json, "a link", kMembers, {}); !checked) return checked;
  for (const std::string_view member : {"templateId", "newId"}) {
    if (!json.find(member)->is_string())
      return below(member,
                   {"", "expected the id of a " + std::string(member == "newId" ? "policy" : "template")});
  }
  Arena arena;
  auto values = read_slot_values(*json.find("values"), limits, arena);
  if (!values) return below("values", std::move(values).error());
  auto linked = builder.link(json.find("templateId")->text(), json.find("newId")->text(), *values);
  if (linked) return {};
  return std::unexpected(DataError{"", std::move(linked.error().message), std::move(linked.error().help)});
}

Done add_links(const Json& json, const Limits& limits, PolicySetBuilder& builder) {
  if (!json.is_array()) return std::unexpected(DataError{"", "expected an array of links"});
  for (std::size_t i = 0; i < json.elements().size(); ++i) {
    if (auto added = add_link(json.elements()[i], limits, builder); !added)
      return below(std::to_string(i), std::move(added).error());
  }
  return {};
}

}  // namespace

std::string Policy::to_cedar() const { return cedar::to_cedar(*node_); }
std::string Policy::to_json() const { return write_policy_json(*node_); }

std::string PolicySet::to_json() const {
  std::string out = R"({"staticPolicies":{)";
  append_policies(out, policies());
  out += R"(},"templates":{)";
  append_policies(out, templates());
  out += R"(},"templateLinks":[)";
  bool first = true;
  for (const Policy& policy : policies()) {
    if (!policy.template_id()) continue;
    if (!first) out += ',';
    first = false;
    out += link_json(policy);
  }
  return out + "]}";
}

// Through text, so that the policy has a source. That the text means what was read is seen to here, whatever
// the printer does.
std::expected<void, DataError> PolicySetBuilder::add_tree(const ast::Policy& tree, std::string_view id) {
  const auto parsed = parse(to_cedar(tree), id);
  if (!parsed) {
    const Diagnostic& first = parsed.error().front();
    return std::unexpected(DataError{"", first.message, first.help});
  }
  if (!same_tree(parsed->front(), tree))
    return std::unexpected(DataError{"", "this policy has no text that means the same"});
  keep(*parsed);
  return {};
}

std::expected<void, DataError> PolicySetBuilder::add_json(std::string_view json, std::string_view id) {
  Arena arena;
  const auto root = parse_policy_json_text(json, limits_, arena);
  if (!root) return std::unexpected(root.error());
  const auto tree = read_policy_json(*root, limits_, arena);
  if (!tree) return std::unexpected(tree.error());
  return add_tree(*tree, id);
}

std::expected<void, DataError> PolicySetBuilder::link_json(std::string_view json) {
  Arena arena;
  const auto root = parse_policy_json_text(json, limits_, arena);
  if (!root) return std::unexpected(root.error());
  return add_links(*root, limits_, *this);
}

class PolicySetJson {
 public:
  explicit PolicySetJson(const Limits& limits) : limits_(limits), builder_(limits) {}

  std::expected<PolicySet, DataError> read(std::string_view text) {
    static constexpr std::array<std::string_view, 3> kMembers{"staticPolicies", "templates", "templateLinks"};
    const auto root = parse_policy_json_text(text, limits_, arena_);
    if (!root) return std::unexpected(root.error());
    if (auto checked = check_members(*root, "a policy set", {}, kMembers); !checked)
      return std::unexpected(std::move(checked).error());
    for (const bool templates : {false, true}) {
      const std::string_view member = templates ? "templates" : "staticPolicies";
      if (auto added = policies(root->find(member), templates); !added)
        return below(member, std::move(added).error());
    }
    if (const Json* links = root->find("templateLinks")) {
      if (auto added = add_links(*links, limits_, builder_); !added)
        return below("templateLinks", std::move(added).error());
    }
    return std::move(builder_).build();
  }

 private:
  Done policies(const Json* json, bool templates) {
    if (json == nullptr) return {};
    if (!json->is_object())
      return std::unexpected(DataError{"", "expected an object of policies, named by their ids"});
    for (const auto& [id, place, policy] : json->members()) {
      if (auto added = this->policy(policy, id, templates); !added)
        return below(id, std::move(added).error());
    }
    return {};
  }

  Done policy(const Json& json, std::string_view id, bool templates) {
    // Trees are read into memory of their own, which ends with them.
    Arena arena;
    const auto tree = read_policy_json(json, limits_, arena);
    if (!tree) return std::unexpected(tree.error());
    if (tree->is_template() != templates) {
      return std::unexpected(
          templates ? DataError{"", "a template has a slot, and this policy has none",
                                "static policies belong under `staticPolicies`"}
                    : DataError{"", "a static policy has no slots", "templates belong under `templates`"});
    }
    return builder_.add_tree(*tree, id);
  }

  const Limits& limits_;
  PolicySetBuilder builder_;
  Arena arena_;
};

std::expected<PolicySet, DataError> PolicySet::parse_json(std::string_view json, const Limits& limits) {
  return PolicySetJson(limits).read(json);
}

}  // namespace cedar
