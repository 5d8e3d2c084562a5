// The syntax tree of policies: what the parser makes, and what everything else reads.
//
// Nodes live in an Arena, are immutable once the policy set is built, and keep the span of the text they came
// from. Texts are unescaped. `constant` is filled in after parsing for expressions whose value depends on
// nothing and that cannot err (fold.h); the tree below stays as written.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "cedar/authorize.h"
#include "cedar/syntax/diagnostic.h"
#include "cedar/values/functions.h"
#include "cedar/values/pattern.h"
#include "cedar/values/value.h"

namespace cedar::ast {

enum class ExprKind : std::uint8_t {
  kLiteral,
  kVariable,
  kNot,
  kNegate,
  kBinary,
  kAnd,
  kOr,
  kIf,
  kHas,
  kGet,
  kLike,
  kIs,
  kIsEmpty,
  kSet,
  kRecord,
  kCall
};

struct Expr {
  ExprKind kind;
  std::uint32_t height;  // of the tree below, this node included
  Span span;
  const Value* constant = nullptr;
};

// An expression as the node that its kind says it is.
template <typename Node>
const Node& as(const Expr& expr) {
  return static_cast<const Node&>(expr);
}

enum class Variable : std::uint8_t { kPrincipal, kAction, kResource, kContext };
inline constexpr std::array<std::string_view, 4> kVariableNames{"principal", "action", "resource", "context"};

enum class BinaryOp : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kContains,
  kContainsAll,
  kContainsAny,
  kGetTag,
  kHasTag
};

// As written in policies: "==", "containsAll".
std::string_view spelling(BinaryOp op);

struct Literal : Expr {
  Value value;
};
struct VariableRef : Expr {
  Variable variable;
};
struct Unary : Expr {
  const Expr* operand;
};  // kNot, kNegate, kIsEmpty
struct Binary : Expr {
  BinaryOp op;
  const Expr* left;
  const Expr* right;
};
struct Logic : Expr {
  std::span<const Expr*> operands;
};  // kAnd, kOr: a whole chain
struct If : Expr {
  const Expr* condition;
  const Expr* then_branch;
  const Expr* else_branch;
};
struct Has : Expr {
  const Expr* operand;
  std::span<const std::string_view> path;
};  // has a.b.c
struct Get : Expr {
  const Expr* operand;
  std::string_view name;
};
struct Like : Expr {
  const Expr* operand;
  Pattern pattern;
};
struct Is : Expr {
  const Expr* operand;
  std::string_view type;
  const Expr* ancestor;
};  // ancestor: may be null
struct SetExpr : Expr {
  std::span<const Expr*> elements;
};
struct RecordField {
  std::string_view name;
  Span name_span;
  const Expr* value;
};
struct RecordExpr : Expr {
  std::span<const RecordField> fields;
};  // as written; names differ
struct Call : Expr {
  const Function* function;
  std::span<const Expr*> arguments;
};

struct Annotation {
  std::string_view name;
  std::string_view value;
  Span span;
  bool bare = false;  // written without a value, which counts as an empty one
};

enum class ScopeKind : std::uint8_t { kAny, kEqual, kIn, kIs, kIsIn };

// Of principal and resource.
struct EntityScope {
  ScopeKind kind = ScopeKind::kAny;
  std::string_view type = {};   // kIs, kIsIn
  const Uid* entity = nullptr;  // kEqual, kIn, kIsIn; of a template's slot: null
  bool slot = false;            // written as ?principal or ?resource; a link has the entity that fills it
  Span span = {};               // of the whole test
};

struct ActionScope {
  ScopeKind kind = ScopeKind::kAny;          // kAny, kEqual, kIn
  std::span<const Uid* const> actions = {};  // one for kEqual; for kIn any of them
  std::span<const Span> spans = {};          // of each action
};

struct Condition {
  bool unless;
  const Expr* body;
  Span span;
};

// A static policy, a template (a slot has no entity), or a link: its template with the slots filled.
struct Policy {
  std::string_view id;
  Effect effect;
  std::span<const Annotation> annotations;
  EntityScope principal;
  ActionScope action;
  EntityScope resource;
  std::span<const Condition> conditions;
  Span span;  // in the source's text, as every span below it
  Position position;
  const Source* source;
  const Policy* linked_from = nullptr;  // the template of a link

  bool is_template() const { return (principal.slot || resource.slot) && linked_from == nullptr; }
};

}  // namespace cedar::ast
