#include "cedar/engine/machine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cedar/values/functions.h"

namespace cedar {
namespace {

// Quicker than compare() where kinds differ or values are simple, which is nearly always.
inline bool equal(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kBool:
    case Kind::kLong:
    case Kind::kDecimal:
    case Kind::kDatetime:
    case Kind::kDuration:
      return a.number() == b.number();
    case Kind::kString:
      return a.text() == b.text();
    case Kind::kEntity:
      return a.uid() == b.uid();
    default:
      return a == b;
  }
}

inline Truth truth(const Value& value) {
  if (value.kind() != Kind::kBool) return Truth::kError;
  return value.as_bool() ? Truth::kTrue : Truth::kFalse;
}

}  // namespace

Machine::Machine(const Program& program, const Request& request, const EntityStore& entities,
                 Scratch& scratch, Arena& arena)
    : program_(program),
      nodes_(program.nodes()),
      constants_(program.constants()),
      request_(request),
      entities_(entities),
      arena_(arena),
      variables_{Value::entity(&request.principal.uid()), Value::entity(&request.action.uid()),
                 Value::entity(&request.resource.uid()), request.context} {
  if (scratch.kept_.size() < program.slots()) scratch.kept_.resize(program.slots());
  if (++scratch.decision_ == 0) {  // what was kept 2³² decisions ago would look new
    std::ranges::fill(scratch.kept_, Scratch::Kept{});
    scratch.decision_ = 1;
  }
  kept_ = scratch.kept_.data();
  decision_ = scratch.decision_;
}

inline Value Machine::value(NodeId id) {
  const Node& node = nodes_[id];
  if (node.op == Op::kConstant) return constants_[node.a];
  if (node.slot == Node::kNoSlot) return compute(node);
  const Scratch::Kept& before = kept_[node.slot];
  if (before.decision == decision_) return before.value;
  return kept(node);
}

Truth Machine::satisfied(const CompiledPolicy& policy) {
  for (const Test test : program_.tests(policy)) {
    const Truth found = truth(value(test.node));
    if (found == Truth::kError) return found;
    if ((found == Truth::kTrue) != (test.wanted != 0)) return Truth::kFalse;
  }
  return Truth::kTrue;
}

Value Machine::kept(const Node& node) {
  const Value computed = compute(node);
  kept_[node.slot] = {decision_, computed};
  return computed;
}

Value Machine::compute(const Node& node) {
  switch (node.op) {
    case Op::kConstant:
      return constants_[node.a];
    case Op::kVariable:
      return variables_[node.a];
    case Op::kNot: {
      const Value operand = value(node.a);
      return operand.kind() == Kind::kBool ? Value::boolean(!operand.as_bool()) : Value::none();
    }
    case Op::kNegate: {
      const Value operand = value(node.a);
      std::int64_t negated = 0;
      if (operand.kind() != Kind::kLong ||
          __builtin_sub_overflow(std::int64_t{0}, operand.number(), &negated))
        return Value::none();
      return Value::integer(negated);
    }
    case Op::kIsEmpty: {
      const Value operand = value(node.a);
      return operand.kind() == Kind::kSet ? Value::boolean(operand.elements().empty()) : Value::none();
    }
    case Op::kEqual: {
      const Value left = value(node.a);
      if (left.is_none()) return left;
      const Value right = value(node.b);
      if (right.is_none()) return right;
      return Value::boolean(equal(left, right));
    }
    case Op::kLess:
      return less(node, false);
    case Op::kLessEqual:
      return less(node, true);
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
      return arithmetic(node);
    case Op::kIn: {
      const Value left = value(node.a);
      return left.is_none() ? left : in(left, value(node.b));
    }
    case Op::kContains:
    case Op::kContainsAll:
    case Op::kContainsAny:
      return set_operation(node);
    case Op::kGetTag:
    case Op::kHasTag:
      return tag(node);
    case Op::kAnd:
      return logic(node, false);
    case Op::kOr:
      return logic(node, true);
    case Op::kIf: {
      const Value condition = value(node.a);
      if (condition.kind() != Kind::kBool) return Value::none();
      return value(condition.as_bool() ? node.b : node.c);
    }
    case Op::kHas:
      return has(node);
    case Op::kGet:
      return get(node);
    case Op::kLike: {
      const Value operand = value(node.a);
      if (operand.kind() != Kind::kString) return Value::none();
      return Value::boolean(program_.pattern(node.b).matches(operand.text()));
    }
    case Op::kIs: {
      const Value operand = value(node.a);
      if (operand.kind() != Kind::kEntity) return Value::none();
      return Value::boolean(operand.uid().type == name(node.b));
    }
    case Op::kSet:
      return make_set(node);
    case Op::kRecord:
      return make_record(node);
    case Op::kCall:
      return call(node);
  }
  std::unreachable();
}

Value Machine::logic(const Node& node, bool decisive) {
  for (const NodeId part : program_.list(node.a, node.b)) {
    const Value one = value(part);
    if (one.kind() != Kind::kBool) return Value::none();
    if (one.as_bool() == decisive) return one;
  }
  return Value::boolean(!decisive);
}

Value Machine::less(const Node& node, bool or_equal) {
  const Value left = value(node.a);
  const Value right = value(node.b);
  const Kind kind = left.kind();
  if (kind != right.kind()) return Value::none();
  if (kind != Kind::kLong && kind != Kind::kDatetime && kind != Kind::kDuration) return Value::none();
  return Value::boolean(or_equal ? left.number() <= right.number() : left.number() < right.number());
}

Value Machine::arithmetic(const Node& node) {
  const Value left = value(node.a);
  const Value right = value(node.b);
  if (left.kind() != Kind::kLong || right.kind() != Kind::kLong) return Value::none();
  std::int64_t result = 0;
  const bool overflow = node.op == Op::kAdd ? __builtin_add_overflow(left.number(), right.number(), &result)
                        : node.op == Op::kSubtract
                            ? __builtin_sub_overflow(left.number(), right.number(), &result)
                            : __builtin_mul_overflow(left.number(), right.number(), &result);
  return overflow ? Value::none() : Value::integer(result);
}

const Entity* Machine::entity(const Uid& uid) const {
  if (&uid == &request_.principal.uid()) return request_.principal.entity(entities_);
  if (&uid == &request_.resource.uid()) return request_.resource.entity(entities_);
  if (&uid == &request_.action.uid()) return request_.action.entity(entities_);
  return entities_.find(uid);
}

Value Machine::in(const Value& left, const Value& right) const {
  if (left.kind() != Kind::kEntity) return Value::none();
  const Uid& below = left.uid();
  if (right.kind() == Kind::kEntity)
    return Value::boolean(below == right.uid() || entities_.is_above(entity(below), right.uid()));
  if (right.kind() != Kind::kSet) return Value::none();
  const std::span<const Value> elements = right.elements();
  if (elements.empty()) return Value::boolean(false);
  // Sets are sorted by kind.
  if (elements.front().kind() != Kind::kEntity || elements.back().kind() != Kind::kEntity)
    return Value::none();
  if (right.contains(left)) return Value::boolean(true);
  const Entity* known = entity(below);
  if (known == nullptr) return Value::boolean(false);
  if (elements.size() > known->ancestors.size()) {
    return Value::boolean(std::ranges::any_of(known->ancestors, [&](std::uint32_t above) {
      return right.contains(Value::entity(&entities_.at(above).uid));
    }));
  }
  return Value::boolean(
      std::ranges::any_of(elements, [&](const Value& one) { return entities_.is_above(known, one.uid()); }));
}

Value Machine::set_operation(const Node& node) {
  const Value left = value(node.a);
  const Value right = value(node.b);
  if (left.kind() != Kind::kSet || right.is_none()) return Value::none();
  if (node.op == Op::kContains) return Value::boolean(left.contains(right));
  if (right.kind() != Kind::kSet) return Value::none();
  const auto in_left = [&](const Value& element) { return left.contains(element); };
  return Value::boolean(node.op == Op::kContainsAll ? std::ranges::all_of(right.elements(), in_left)
                                                    : std::ranges::any_of(right.elements(), in_left));
}

Value Machine::tag(const Node& node) {
  const Value left = value(node.a);
  const Value right = value(node.b);
  if (left.kind() != Kind::kEntity || right.kind() != Kind::kString) return Value::none();
  const Entity* known = entity(left.uid());
  const Value* found = known == nullptr ? nullptr : find_field(known->tags, right.text());
  if (node.op == Op::kHasTag) return Value::boolean(found != nullptr);
  return found == nullptr ? Value::none() : *found;
}

Value Machine::has(const Node& node) {
  const Value operand = value(node.a);
  const std::string_view attribute = name(node.b);
  if (operand.kind() == Kind::kRecord) return Value::boolean(operand.find_field(attribute) != nullptr);
  if (operand.kind() != Kind::kEntity) return Value::none();
  const Entity* known = entity(operand.uid());
  return Value::boolean(known != nullptr && find_field(known->attributes, attribute) != nullptr);
}

Value Machine::get(const Node& node) {
  const Value operand = value(node.a);
  const std::string_view attribute = name(node.b);
  const Value* found = nullptr;
  if (operand.kind() == Kind::kRecord) {
    found = operand.find_field(attribute);
  } else if (operand.kind() == Kind::kEntity) {
    const Entity* known = entity(operand.uid());
    if (known != nullptr) found = find_field(known->attributes, attribute);
  }
  return found == nullptr ? Value::none() : *found;
}

Value Machine::make_set(const Node& node) {
  const std::span<Value> elements = arena_.array<Value>(node.b);
  for (std::uint32_t i = 0; i < node.b; ++i) {
    elements[i] = value(program_.list(node.a, node.b)[i]);
    if (elements[i].is_none()) return Value::none();
  }
  return Value::set(elements);
}

Value Machine::make_record(const Node& node) {
  std::span<const std::uint32_t> content = program_.list(node.a, 2 * node.b);
  const std::span<Field> fields = arena_.array<Field>(node.b);
  for (Field& field : fields) {
    field = {name(content[0]), value(content[1])};
    if (field.value.is_none()) return Value::none();
    content = content.subspan(2);
  }
  return Value::sorted_record(fields);
}

Value Machine::call(const Node& node) {
  const Function& function = functions()[node.c];
  if (node.b != function.parameters.size()) return Value::none();
  const std::span<Value> arguments = arena_.array<Value>(node.b);
  for (std::uint32_t i = 0; i < node.b; ++i) {
    arguments[i] = value(program_.list(node.a, node.b)[i]);
    if (arguments[i].kind() != function.parameters[i]) return Value::none();
  }
  const FunctionResult result = function.apply(arguments, arena_);
  return result ? *result : Value::none();
}

}  // namespace cedar
