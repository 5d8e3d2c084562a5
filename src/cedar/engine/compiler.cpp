#include "cedar/engine/compiler.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <utility>

#include "cedar/values/functions.h"

namespace cedar {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprKind;
using ast::ScopeKind;
using ast::Variable;

class Compiler {
 public:
  Compiled run(std::span<const Policy> policies);

 private:
  // What is known of one policy while it is compiled.
  struct Draft {
    ScopeIndex::Actions actions;
    const Uid* lifted_action = nullptr;  // memory for `actions`
    std::vector<ScopeIndex::Test> candidates;
    std::vector<std::uint32_t> candidate_tests;  // for each candidate, its place among the policy's tests
    std::uint32_t first = 0;
    bool liftable = true;  // nothing so far can err
    bool never = false;    // false before anything could err

    // For another policy, in the same memory.
    void start_anew(std::size_t tests) {
      actions = {};
      candidates.clear();
      candidate_tests.clear();
      first = static_cast<std::uint32_t>(tests);
      liftable = true;
      never = false;
    }
  };

  // What the conditions of a template come to: the same for each of its links, whatever fills the slots.
  struct Conditions {
    struct Test {
      NodeId id;
      bool wanted;
    };
    std::vector<Test> tests;
    bool never = false;
  };

  void compile(const ast::Policy& policy, Draft& draft);
  void conditions(const ast::Policy& policy, Draft& draft);
  void forget();
  void scope(const ast::EntityScope& given, Variable variable, Draft& draft);
  void condition(const Expr& expr, bool wanted, Draft& draft);
  void test(NodeId id, bool wanted, Draft& draft);
  bool lift(NodeId id, Draft& draft);
  bool cannot_err(NodeId id) const;

  NodeId node(const Expr& expr);
  NodeId binary(const ast::Binary& expr);
  NodeId has(const ast::Has& expr);
  NodeId record(const ast::RecordExpr& expr);
  NodeId list(Op op, std::span<const Expr* const> parts, std::uint32_t c = 0);
  NodeId with_list(Op op, std::span<const std::uint32_t> content, std::uint32_t count, std::uint32_t c);
  NodeId variable(Variable name) {
    return make({.op = Op::kVariable, .a = static_cast<std::uint32_t>(name)});
  }
  NodeId constant_node(const Value& value) { return make({.op = Op::kConstant, .a = constant(value)}); }
  NodeId entity_node(const Uid* uid) { return constant_node(Value::entity(uid)); }
  NodeId make(Node node);
  std::uint32_t constant(const Value& value);
  std::uint32_t pattern(const Pattern& given);
  std::uint32_t name(std::string_view text) { return constant(Value::string(text)); }

  void use(NodeId id) { ++uses_[id]; }
  void use_children(const Node& node);
  void assign_slots();
  bool is_list(Op op) const;

  const Node& at(NodeId id) const { return program_.nodes_[id]; }
  // The entity that a node is, if it is a constant one.
  const Uid* entity(NodeId id) const;

  Program program_;
  FlatTable node_table_;
  FlatTable constant_table_;
  FlatTable pattern_table_;
  std::vector<std::uint32_t> uses_;
  std::unordered_map<const ast::Policy*, Conditions> of_templates_;
  Conditions* noting_ = nullptr;  // of the template that is compiled
};

Compiled compile(std::span<const Policy> policies) { return Compiler().run(policies); }

// Twice: what the index needs to know comes of the first time; the second time policies are taken in the
// index's order, so that what one decision reads stands together.
Compiled Compiler::run(std::span<const Policy> policies) {
  ScopeIndexBuilder index;
  std::vector<std::uint32_t> places;
  places.reserve(policies.size());
  Draft draft;
  for (std::uint32_t place = 0; place < policies.size(); ++place) {
    compile(policies[place].node(), draft);
    if (draft.never) continue;
    index.add(draft.actions, draft.candidates);
    places.push_back(place);
  }
  forget();

  auto built = std::move(index).build();
  Compiled result;
  result.policies.reserve(places.size());
  for (const std::uint32_t number : built.order) {
    const ast::Policy& policy = policies[places[number]].node();
    compile(policy, draft);
    std::uint32_t first = draft.first;
    if (const auto chosen = built.chosen[number]) {
      // The test that a policy is known by need not be made again.
      const auto begin = program_.tests_.begin() + first++;
      const auto known_by = begin + draft.candidate_tests[*chosen];
      std::rotate(begin, known_by, known_by + 1);
    }
    const auto count = static_cast<std::uint32_t>(program_.tests_.size()) - first;
    result.policies.push_back({places[number], first, count, policy.effect == Effect::kForbid ? 1U : 0U});
  }
  assign_slots();
  program_.nodes_.shrink_to_fit();
  program_.constants_.shrink_to_fit();
  program_.lists_.shrink_to_fit();
  program_.tests_.shrink_to_fit();
  result.program = std::move(program_);
  result.index = std::move(built.index);
  return result;
}

void Compiler::compile(const ast::Policy& policy, Draft& draft) {
  draft.start_anew(program_.tests_.size());
  draft.actions.kind =
      policy.action.kind == ScopeKind::kIn ? ScopeIndex::Kind::kIn : ScopeIndex::Kind::kEqual;
  draft.actions.names = policy.action.actions;
  // `action in []` holds for nothing.
  draft.never = policy.action.kind != ScopeKind::kAny && policy.action.actions.empty();
  scope(policy.principal, Variable::kPrincipal, draft);
  scope(policy.resource, Variable::kResource, draft);
  if (draft.never || policy.conditions.empty()) return;
  if (policy.linked_from == nullptr) return conditions(policy, draft);
  // A scope's tests cannot err, so what is lifted of the conditions is the same too.
  const auto [found, fresh] = of_templates_.try_emplace(policy.linked_from);
  if (fresh) {
    noting_ = &found->second;
    conditions(policy, draft);
    noting_ = nullptr;
    found->second.never = draft.never;
    return;
  }
  for (const Conditions::Test& one : found->second.tests) test(one.id, one.wanted, draft);
  draft.never = found->second.never;
}

void Compiler::conditions(const ast::Policy& policy, Draft& draft) {
  for (const ast::Condition& one : policy.conditions) {
    if (draft.never) break;
    condition(*one.body, !one.unless, draft);
  }
}

// All but the memory: the second time needs as much.
void Compiler::forget() {
  program_.nodes_.clear();
  program_.constants_.clear();
  program_.lists_.clear();
  program_.patterns_.clear();
  program_.tests_.clear();
  for (FlatTable* table : {&node_table_, &constant_table_, &pattern_table_}) table->clear();
  uses_.clear();
  of_templates_.clear();
}

void Compiler::scope(const ast::EntityScope& given, Variable subject, Draft& draft) {
  if (given.kind == ScopeKind::kIs || given.kind == ScopeKind::kIsIn)
    test(make({.op = Op::kIs, .a = variable(subject), .b = name(given.type)}), true, draft);
  if (given.entity == nullptr) return;
  const Op op = given.kind == ScopeKind::kEqual ? Op::kEqual : Op::kIn;
  test(make({.op = op, .a = variable(subject), .b = entity_node(given.entity)}), true, draft);
}

// Takes conjunctions apart: what is tested one after the other, and nothing after the first that does not
// hold.
void Compiler::condition(const Expr& expr, bool wanted, Draft& draft) {
  if (draft.never) return;
  if (expr.constant != nullptr && expr.constant->kind() == Kind::kBool) {
    if (expr.constant->as_bool() == wanted) return;
    draft.never = draft.liftable;
    return test(constant_node(*expr.constant), wanted, draft);
  }
  if (expr.constant == nullptr && expr.kind == (wanted ? ExprKind::kAnd : ExprKind::kOr)) {
    for (const Expr* part : static_cast<const ast::Logic&>(expr).operands) condition(*part, wanted, draft);
    return;
  }
  if (expr.constant == nullptr && expr.kind == ExprKind::kNot)
    return condition(*static_cast<const ast::Unary&>(expr).operand, !wanted, draft);
  if (expr.constant == nullptr && wanted && expr.kind == ExprKind::kIs) {
    const auto& is = static_cast<const ast::Is&>(expr);
    const NodeId operand = node(*is.operand);
    test(make({.op = Op::kIs, .a = operand, .b = name(is.type)}), true, draft);
    if (is.ancestor != nullptr)
      test(make({.op = Op::kIn, .a = operand, .b = node(*is.ancestor)}), true, draft);
    return;
  }
  if (expr.constant == nullptr && wanted && expr.kind == ExprKind::kHas) {
    const auto& asked = static_cast<const ast::Has&>(expr);
    NodeId operand = node(*asked.operand);
    for (const std::string_view step : asked.path) {
      test(make({.op = Op::kHas, .a = operand, .b = name(step)}), true, draft);
      operand = make({.op = Op::kGet, .a = operand, .b = name(step)});
    }
    return;
  }
  test(node(expr), wanted, draft);
}

void Compiler::test(NodeId id, bool wanted, Draft& draft) {
  if (noting_ != nullptr) noting_->tests.push_back({id, wanted});
  if (wanted && draft.liftable && lift(id, draft)) return;
  draft.liftable = draft.liftable && cannot_err(id);
  use(id);
  program_.tests_.push_back({id, wanted ? 1U : 0U});
}

const Uid* Compiler::entity(NodeId id) const {
  if (at(id).op != Op::kConstant) return nullptr;
  const Value& value = program_.constants_[at(id).a];
  return value.kind() == Kind::kEntity ? &value.uid() : nullptr;
}

// Makes a test known to the index. True: the index makes the test.
bool Compiler::lift(NodeId id, Draft& draft) {
  Node test = at(id);
  if (test.op != Op::kEqual && test.op != Op::kIn && test.op != Op::kIs) return false;
  if (test.op == Op::kEqual && at(test.a).op == Op::kConstant) std::swap(test.a, test.b);
  if (at(test.a).op != Op::kVariable) return false;
  const auto subject = static_cast<Variable>(at(test.a).a);
  const Uid* named = test.op == Op::kIs ? nullptr : entity(test.b);
  if (test.op != Op::kIs && named == nullptr) return false;

  if (subject == Variable::kAction) {
    if (named == nullptr || !draft.actions.names.empty()) return false;
    draft.lifted_action = named;
    draft.actions = {test.op == Op::kIn ? ScopeIndex::Kind::kIn : ScopeIndex::Kind::kEqual,
                     std::span(&draft.lifted_action, 1)};
    return true;
  }
  if (subject == Variable::kContext) return false;
  const auto slot =
      subject == Variable::kPrincipal ? ScopeIndex::Slot::kPrincipal : ScopeIndex::Slot::kResource;
  const auto kind = test.op == Op::kIs      ? ScopeIndex::Kind::kIs
                    : test.op == Op::kEqual ? ScopeIndex::Kind::kEqual
                                            : ScopeIndex::Kind::kIn;
  draft.candidates.push_back(
      {slot, kind, kind == ScopeIndex::Kind::kIs ? program_.constants_[test.b].text() : "", named});
  draft.candidate_tests.push_back(static_cast<std::uint32_t>(program_.tests_.size()) - draft.first);
  return false;
}

// Whether a node gives a value (a boolean where one is tested), whatever is asked. No, when in doubt.
bool Compiler::cannot_err(NodeId id) const {
  const auto is_root = [this](NodeId child, bool or_context) {
    return at(child).op == Op::kVariable &&
           (or_context || at(child).a != static_cast<std::uint32_t>(Variable::kContext));
  };
  const auto is_given = [&](NodeId child) { return is_root(child, true) || at(child).op == Op::kConstant; };
  const Node& node = at(id);
  switch (node.op) {
    case Op::kEqual:
      return is_given(node.a) && is_given(node.b);
    case Op::kIs:
      return is_root(node.a, false);
    case Op::kIn:
      return is_root(node.a, false) && (is_root(node.b, false) || entity(node.b) != nullptr);
    case Op::kHas:
      return is_root(node.a, true);
    default:
      return false;
  }
}

NodeId Compiler::node(const Expr& expr) {
  if (expr.constant != nullptr) return constant_node(*expr.constant);
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return constant_node(static_cast<const ast::Literal&>(expr).value);
    case ExprKind::kVariable:
      return variable(static_cast<const ast::VariableRef&>(expr).variable);
    case ExprKind::kNot:
      return make({.op = Op::kNot, .a = node(*static_cast<const ast::Unary&>(expr).operand)});
    case ExprKind::kNegate:
      return make({.op = Op::kNegate, .a = node(*static_cast<const ast::Unary&>(expr).operand)});
    case ExprKind::kIsEmpty:
      return make({.op = Op::kIsEmpty, .a = node(*static_cast<const ast::Unary&>(expr).operand)});
    case ExprKind::kBinary:
      return binary(static_cast<const ast::Binary&>(expr));
    case ExprKind::kAnd:
      return list(Op::kAnd, static_cast<const ast::Logic&>(expr).operands);
    case ExprKind::kOr:
      return list(Op::kOr, static_cast<const ast::Logic&>(expr).operands);
    case ExprKind::kIf: {
      const auto& choice = static_cast<const ast::If&>(expr);
      return make({.op = Op::kIf,
                   .a = node(*choice.condition),
                   .b = node(*choice.then_branch),
                   .c = node(*choice.else_branch)});
    }
    case ExprKind::kHas:
      return has(static_cast<const ast::Has&>(expr));
    case ExprKind::kGet: {
      const auto& get = static_cast<const ast::Get&>(expr);
      return make({.op = Op::kGet, .a = node(*get.operand), .b = name(get.name)});
    }
    case ExprKind::kLike: {
      const auto& like = static_cast<const ast::Like&>(expr);
      return make({.op = Op::kLike, .a = node(*like.operand), .b = pattern(like.pattern)});
    }
    case ExprKind::kIs: {
      const auto& is = static_cast<const ast::Is&>(expr);
      const NodeId operand = node(*is.operand);
      const NodeId of_type = make({.op = Op::kIs, .a = operand, .b = name(is.type)});
      if (is.ancestor == nullptr) return of_type;
      const NodeId within = make({.op = Op::kIn, .a = operand, .b = node(*is.ancestor)});
      return with_list(Op::kAnd, std::array{of_type, within}, 2, 0);
    }
    case ExprKind::kSet:
      return list(Op::kSet, static_cast<const ast::SetExpr&>(expr).elements);
    case ExprKind::kRecord:
      return record(static_cast<const ast::RecordExpr&>(expr));
    case ExprKind::kCall: {
      const auto& call = static_cast<const ast::Call&>(expr);
      return list(Op::kCall, call.arguments, static_cast<std::uint32_t>(call.function - functions().data()));
    }
  }
  std::unreachable();
}

NodeId Compiler::binary(const ast::Binary& expr) {
  const NodeId left = node(*expr.left);
  const NodeId right = node(*expr.right);
  // Which side errs first makes no difference here.
  switch (expr.op) {
    case BinaryOp::kEqual:
      return make({.op = Op::kEqual, .a = left, .b = right});
    case BinaryOp::kNotEqual:
      return make({.op = Op::kNot, .a = make({.op = Op::kEqual, .a = left, .b = right})});
    case BinaryOp::kLess:
      return make({.op = Op::kLess, .a = left, .b = right});
    case BinaryOp::kLessEqual:
      return make({.op = Op::kLessEqual, .a = left, .b = right});
    case BinaryOp::kGreater:
      return make({.op = Op::kLess, .a = right, .b = left});
    case BinaryOp::kGreaterEqual:
      return make({.op = Op::kLessEqual, .a = right, .b = left});
    case BinaryOp::kIn:
      return make({.op = Op::kIn, .a = left, .b = right});
    case BinaryOp::kAdd:
      return make({.op = Op::kAdd, .a = left, .b = right});
    case BinaryOp::kSubtract:
      return make({.op = Op::kSubtract, .a = left, .b = right});
    case BinaryOp::kMultiply:
      return make({.op = Op::kMultiply, .a = left, .b = right});
    case BinaryOp::kContains:
      return make({.op = Op::kContains, .a = left, .b = right});
    case BinaryOp::kContainsAll:
      return make({.op = Op::kContainsAll, .a = left, .b = right});
    case BinaryOp::kContainsAny:
      return make({.op = Op::kContainsAny, .a = left, .b = right});
    case BinaryOp::kGetTag:
      return make({.op = Op::kGetTag, .a = left, .b = right});
    case BinaryOp::kHasTag:
      return make({.op = Op::kHasTag, .a = left, .b = right});
  }
  std::unreachable();
}

// `x has a.b` asks what `x has a && x.a has b` asks.
NodeId Compiler::has(const ast::Has& expr) {
  NodeId operand = node(*expr.operand);
  std::vector<std::uint32_t> steps;
  for (const std::string_view step : expr.path) {
    steps.push_back(make({.op = Op::kHas, .a = operand, .b = name(step)}));
    if (steps.size() < expr.path.size()) operand = make({.op = Op::kGet, .a = operand, .b = name(step)});
  }
  if (steps.size() == 1) return steps.front();
  return with_list(Op::kAnd, steps, static_cast<std::uint32_t>(steps.size()), 0);
}

NodeId Compiler::record(const ast::RecordExpr& expr) {
  std::vector<const ast::RecordField*> fields;
  for (const ast::RecordField& field : expr.fields) fields.push_back(&field);
  std::ranges::sort(fields, [](const ast::RecordField* a, const ast::RecordField* b) {
    return compare_texts(a->name, b->name) < 0;
  });
  std::vector<std::uint32_t> content;
  for (const ast::RecordField* field : fields) {
    content.push_back(name(field->name));
    content.push_back(node(*field->value));
  }
  return with_list(Op::kRecord, content, static_cast<std::uint32_t>(fields.size()), 0);
}

NodeId Compiler::list(Op op, std::span<const Expr* const> parts, std::uint32_t c) {
  std::vector<std::uint32_t> content;
  content.reserve(parts.size());
  for (const Expr* part : parts) content.push_back(node(*part));
  return with_list(op, content, static_cast<std::uint32_t>(parts.size()), c);
}

bool Compiler::is_list(Op op) const {
  return op == Op::kAnd || op == Op::kOr || op == Op::kSet || op == Op::kRecord || op == Op::kCall;
}

NodeId Compiler::with_list(Op op, std::span<const std::uint32_t> content, std::uint32_t count,
                           std::uint32_t c) {
  std::uint64_t hash = mix((static_cast<std::uint64_t>(op) << 32U) | c, count);
  for (const std::uint32_t one : content) hash = mix(hash, one);
  const std::uint32_t found = node_table_.find(hash, [&](std::uint32_t id) {
    const Node& other = at(id);
    return other.op == op && other.b == count && other.c == c &&
           std::ranges::equal(program_.list(other.a, static_cast<std::uint32_t>(content.size())), content);
  });
  if (found != FlatTable::kNone) return found;
  Node node{.op = op, .a = static_cast<std::uint32_t>(program_.lists_.size()), .b = count, .c = c};
  program_.lists_.insert(program_.lists_.end(), content.begin(), content.end());
  const auto id = static_cast<NodeId>(program_.nodes_.size());
  program_.nodes_.push_back(node);
  uses_.push_back(0);
  node_table_.insert(hash, id);
  use_children(node);
  return id;
}

NodeId Compiler::make(Node node) {
  const std::uint64_t hash =
      mix((static_cast<std::uint64_t>(node.op) << 32U) | node.a, (std::uint64_t{node.b} << 32U) | node.c);
  const std::uint32_t found = node_table_.find(hash, [&](std::uint32_t id) {
    const Node& other = at(id);
    return other.op == node.op && other.a == node.a && other.b == node.b && other.c == node.c;
  });
  if (found != FlatTable::kNone) return found;
  const auto id = static_cast<NodeId>(program_.nodes_.size());
  program_.nodes_.push_back(node);
  uses_.push_back(0);
  node_table_.insert(hash, id);
  use_children(node);
  return id;
}

std::uint32_t Compiler::constant(const Value& value) {
  const std::uint64_t hash = hash_value(value);
  const std::uint32_t found =
      constant_table_.find(hash, [&](std::uint32_t at) { return program_.constants_[at] == value; });
  if (found != FlatTable::kNone) return found;
  const auto index = static_cast<std::uint32_t>(program_.constants_.size());
  program_.constants_.push_back(value);
  constant_table_.insert(hash, index);
  return index;
}

std::uint32_t Compiler::pattern(const Pattern& given) {
  std::uint64_t hash = given.pieces.size();
  for (const std::string_view piece : given.pieces) hash = mix(hash, hash_text(piece));
  const std::uint32_t found = pattern_table_.find(hash, [&](std::uint32_t at) {
    return std::ranges::equal(program_.patterns_[at]->pieces, given.pieces);
  });
  if (found != FlatTable::kNone) return found;
  const auto index = static_cast<std::uint32_t>(program_.patterns_.size());
  program_.patterns_.push_back(&given);
  pattern_table_.insert(hash, index);
  return index;
}

void Compiler::use_children(const Node& node) {
  switch (node.op) {
    case Op::kConstant:
    case Op::kVariable:
      return;
    case Op::kNot:
    case Op::kNegate:
    case Op::kIsEmpty:
    case Op::kHas:
    case Op::kGet:
    case Op::kLike:
    case Op::kIs:
      return use(node.a);
    case Op::kIf:
      use(node.c);
      [[fallthrough]];
    case Op::kEqual:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kIn:
    case Op::kContains:
    case Op::kContainsAll:
    case Op::kContainsAny:
    case Op::kGetTag:
    case Op::kHasTag:
      use(node.a);
      return use(node.b);
    case Op::kAnd:
    case Op::kOr:
    case Op::kSet:
    case Op::kCall:
      for (const NodeId child : program_.list(node.a, node.b)) use(child);
      return;
    case Op::kRecord:
      for (std::uint32_t i = 0; i < node.b; ++i) use(program_.lists_[node.a + 2 * i + 1]);
      return;
  }
}

// What several places share is kept for the rest of a decision, unless it is had as quickly anew.
void Compiler::assign_slots() {
  for (NodeId id = 0; id < program_.nodes_.size(); ++id) {
    Node& node = program_.nodes_[id];
    const bool quick = node.op == Op::kConstant || node.op == Op::kVariable || node.op == Op::kIs ||
                       node.op == Op::kNot || (node.op == Op::kEqual && cannot_err(id));
    if (uses_[id] > 1 && !quick && program_.slots_ < Node::kNoSlot) node.slot = program_.slots_++;
  }
}

}  // namespace cedar
