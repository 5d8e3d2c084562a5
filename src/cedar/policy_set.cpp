#include <algorithm>

#include "cedar/engine/impl.h"
#include "cedar/syntax/fold.h"
#include "cedar/syntax/parser.h"

namespace cedar {
namespace {

// Gives a slot its value. False: what is given does not fit.
bool fill(ast::EntityScope& scope, const std::optional<EntityUid>& value, Arena& arena) {
  if (scope.slot != value.has_value()) return false;
  if (!scope.slot) return true;
  scope.entity = arena.make<Uid>(arena.copy(value->type()), arena.copy(value->id()), value->hash());
  return true;
}

std::optional<EntityUid> slot_value(const ast::EntityScope& scope) {
  if (!scope.slot || scope.entity == nullptr) return std::nullopt;
  return EntityUid(std::string(scope.entity->type), std::string(scope.entity->id));
}

std::string slots(const ast::Policy& tree) {
  if (tree.principal.slot && tree.resource.slot) return "?principal and ?resource";
  return tree.principal.slot ? "?principal" : "?resource";
}

std::string named(std::string_view id) {
  constexpr std::size_t kShown = 200;
  return in_backticks(shortened(std::string(id), kShown));
}
std::string taken(std::string_view id) { return "the id " + named(id) + " is taken"; }

}  // namespace

EntityUid::EntityUid(std::string type, std::string id)
    : type_(std::move(type)), id_(std::move(id)), hash_(hash_uid(type_, id_)) {}

std::string to_string(const EntityUid& uid) { return to_string(Uid{uid.type(), uid.id(), uid.hash()}); }

std::string_view Policy::id() const { return node_->id; }
std::string_view Policy::name() const {
  const auto given = node_->linked_from == nullptr ? annotation("id") : std::nullopt;
  return given && !given->empty() ? *given : id();
}

Effect Policy::effect() const { return node_->effect; }
Span Policy::span() const { return node_->span; }
Position Policy::position() const { return node_->position; }
std::size_t Policy::annotation_count() const { return node_->annotations.size(); }

std::pair<std::string_view, std::string_view> Policy::annotation(std::size_t index) const {
  const ast::Annotation& found = node_->annotations[index];
  return {found.name, found.value};
}

std::optional<std::string_view> Policy::annotation(std::string_view name) const {
  const auto found = std::ranges::find(node_->annotations, name, &ast::Annotation::name);
  if (found == node_->annotations.end()) return std::nullopt;
  return found->value;
}

std::string_view Policy::source() const { return node_->source->text; }
bool Policy::has_principal_slot() const { return node_->principal.slot; }
bool Policy::has_resource_slot() const { return node_->resource.slot; }
std::optional<std::string_view> Policy::template_id() const {
  if (node_->linked_from == nullptr) return std::nullopt;
  return node_->linked_from->id;
}
SlotValues Policy::slot_values() const { return {slot_value(node_->principal), slot_value(node_->resource)}; }

PolicySet::PolicySet() : impl_(std::make_shared<const Impl>()) {}

std::expected<PolicySet, Diagnostics> PolicySet::parse(std::string_view text, const Limits& limits) {
  PolicySetBuilder builder(limits);
  if (auto added = builder.add(text); !added) return std::unexpected(std::move(added).error());
  return std::move(builder).build();
}

std::span<const Policy> PolicySet::policies() const { return impl_->policies; }
std::span<const Policy> PolicySet::templates() const { return impl_->templates; }

const Policy* PolicySet::find(std::string_view id) const { return impl_->find(id, false); }
const Policy* PolicySet::find_template(std::string_view id) const { return impl_->find(id, true); }

const Policy* PolicySet::Impl::find(std::string_view id, bool is_template) const {
  const std::vector<Policy>& list = is_template ? templates : policies;
  const std::uint32_t found = ids.find(hash_text(id), [&](std::uint32_t value) {
    return (value % 2 == 1) == is_template && list[value / 2].id() == id;
  });
  return found == FlatTable::kNone ? nullptr : &list[found / 2];
}

void PolicySet::Impl::add(const ast::Policy& tree) {
  const Policy policy(*memory.back()->arena.make<ast::Policy>(tree));
  std::vector<Policy>& list = tree.is_template() ? templates : policies;
  ids.insert(hash_text(policy.id()),
             static_cast<std::uint32_t>(2 * list.size() + (tree.is_template() ? 1 : 0)));
  list.push_back(policy);
}

PolicySetBuilder::PolicySetBuilder(const Limits& limits)
    : impl_(std::make_unique<PolicySet::Impl>()), limits_(limits) {
  impl_->memory.push_back(std::make_shared<PolicyMemory>());
}
PolicySetBuilder::PolicySetBuilder(const PolicySet& base, const Limits& limits)
    : impl_(std::make_unique<PolicySet::Impl>(base.impl())), limits_(limits) {
  impl_->memory.push_back(std::make_shared<PolicyMemory>());
}
PolicySetBuilder::PolicySetBuilder(PolicySetBuilder&&) noexcept = default;
PolicySetBuilder& PolicySetBuilder::operator=(PolicySetBuilder&&) noexcept = default;
PolicySetBuilder::~PolicySetBuilder() = default;

std::expected<std::vector<ast::Policy>, Diagnostics> PolicySetBuilder::parse(
    std::string_view text, std::optional<std::string_view> only_id) {
  DiagnosticSink sink(text, std::max(limits_.diagnostics, 1U));
  if (!is_acceptable(text, limits_, sink)) return std::unexpected(sink.take());

  PolicyMemory& memory = *impl_->memory.back();
  const Source& source = memory.sources.emplace_back(text);
  std::vector<ast::Policy> trees = parse_policies(source, limits_, memory.arena, sink);
  if (sink.empty() && only_id && trees.size() != 1) {
    sink.report({}, "one policy or template is expected here, not " + std::to_string(trees.size()));
  }
  for (std::size_t i = 0; i < trees.size(); ++i) {
    trees[i].id = memory.arena.copy(only_id ? *only_id : "policy" + std::to_string(i));
    if (impl_->has(trees[i].id)) sink.report(trees[i].span, taken(trees[i].id));
  }
  if (sink.empty() && impl_->size() + trees.size() > limits_.policies) {
    sink.report({}, "more than " + std::to_string(limits_.policies) + " policies");
  }
  if (!sink.empty()) return std::unexpected(sink.take());
  return trees;
}

std::expected<void, Diagnostics> PolicySetBuilder::add(std::string_view text) {
  return add_all(text, std::nullopt);
}

std::expected<void, Diagnostics> PolicySetBuilder::add(std::string_view text, std::string_view id) {
  return add_all(text, id);
}

std::expected<void, Diagnostics> PolicySetBuilder::add_all(std::string_view text,
                                                           std::optional<std::string_view> only_id) {
  auto trees = parse(text, only_id);
  if (!trees) return std::unexpected(std::move(trees).error());
  keep(*trees);
  return {};
}

void PolicySetBuilder::keep(std::span<const ast::Policy> trees) {
  for (const ast::Policy& tree : trees) {
    for (const ast::Condition& condition : tree.conditions)
      fold_constants(*condition.body, impl_->memory.back()->arena);
    impl_->add(tree);
  }
}

std::expected<void, LinkError> PolicySetBuilder::link(std::string_view template_id, std::string_view new_id,
                                                      const SlotValues& values) {
  const Policy* found = impl_->find(template_id, true);
  if (found == nullptr) {
    const bool is_policy = impl_->has(template_id);
    return std::unexpected(LinkError{"there is no template " + named(template_id),
                                     is_policy ? "the policy of this id has no slots" : ""});
  }
  if (impl_->has(new_id)) return std::unexpected(LinkError{taken(new_id), "choose another"});
  if (impl_->size() >= limits_.policies)
    return std::unexpected(LinkError{"more than " + std::to_string(limits_.policies) + " policies", ""});

  Arena& arena = impl_->memory.back()->arena;
  ast::Policy linked = found->node();
  linked.linked_from = &found->node();
  if (!fill(linked.principal, values.principal, arena) || !fill(linked.resource, values.resource, arena)) {
    return std::unexpected(LinkError{"the values do not fit the slots of " + named(template_id),
                                     "it needs values for " + slots(found->node()) + ", and no others"});
  }
  linked.id = arena.copy(new_id);
  impl_->add(linked);
  return {};
}

PolicySet PolicySetBuilder::build() && {
  impl_->compiled = compile(impl_->policies);
  return PolicySet(std::shared_ptr<const PolicySet::Impl>(std::move(impl_)));
}

}  // namespace cedar
