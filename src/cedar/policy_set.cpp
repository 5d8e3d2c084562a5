#include <algorithm>
#include <charconv>

#include "cedar/fold.h"
#include "cedar/impl.h"
#include "cedar/parser.h"

namespace cedar {

EntityUid::EntityUid(std::string type, std::string id)
    : type_(std::move(type)), id_(std::move(id)), hash_(hash_uid(type_, id_)) {}

std::string to_string(const EntityUid& uid) { return to_string(Uid{uid.type(), uid.id(), uid.hash()}); }

std::string_view Policy::id() const { return node_->id; }
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

PolicySet::PolicySet() : impl_(std::make_shared<const Impl>()) {}

std::expected<PolicySet, Diagnostics> PolicySet::parse(std::string_view text, const Limits& limits) {
  const auto impl = std::make_shared<Impl>();
  DiagnosticSink sink(text, std::max(limits.diagnostics, 1U));
  impl->nodes = parse_policies(text, limits, impl->arena, sink);
  if (!sink.empty()) return std::unexpected(sink.take());

  for (const ast::Policy& node : impl->nodes) {
    for (const ast::Condition& condition : node.conditions) fold_constants(*condition.body, impl->arena);
    impl->policies.emplace_back(node);
  }
  impl->index = ScopeIndex(impl->nodes);
  impl->text = text;
  impl->lines = LineTable(impl->text);
  return PolicySet(impl);
}

std::span<const Policy> PolicySet::policies() const { return impl_->policies; }

const Policy* PolicySet::find(std::string_view id) const {
  const auto found = std::ranges::find(impl_->policies, id, &Policy::id);
  return found == impl_->policies.end() ? nullptr : &*found;
}

}  // namespace cedar
