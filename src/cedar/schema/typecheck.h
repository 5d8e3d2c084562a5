// The type of an expression in one request environment, strictly. Formal model: "Typechecker".
//
// What is wrong is reported and given the type that it would have if it were right, or none where there is no
// telling, so that every error of a policy is found at once and none twice.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cedar/schema/schema_impl.h"
#include "cedar/schema/shapes.h"
#include "cedar/syntax/ast.h"

namespace cedar {

// What the types of the variables are.
struct Environment {
  const EntityType* principal = nullptr;
  const Action* action = nullptr;
  const EntityType* resource = nullptr;
};

class ProblemSink {
 public:
  virtual void error(Span span, std::string message, std::string help) = 0;

 protected:
  ~ProblemSink() = default;
};

class TypeChecker {
 public:
  TypeChecker(const Schema::Impl& schema, ProblemSink& problems) : schema_(schema), problems_(problems) {}

  // Before another policy.
  void start_policy();

  struct Verdict {
    bool good;        // no error was found
    bool impossible;  // the conditions are false whatever the request
  };
  Verdict check(std::span<const ast::Condition> conditions, const Environment& environment);

  // Of an expression that `check` has come by since; nullptr: it has not, or found no type. Only where asked
  // for.
  const Type* type_of(const ast::Expr& expr) const;
  void keep_types(bool keep) { keeps_types_ = keep; }

 private:
  const Type* check(const ast::Expr& expr);
  const Type* check_node(const ast::Expr& expr);
  const Type* literal(const ast::Literal& expr);
  const Type* variable(const ast::VariableRef& expr) const;
  const Type* unary(const ast::Unary& expr);
  const Type* conjunction(std::span<const ast::Expr* const> operands);
  const Type* disjunction(std::span<const ast::Expr* const> operands);
  const Type* choice(const ast::If& expr);
  const Type* has(const ast::Has& expr);
  const Type* get(const ast::Get& expr);
  const Type* is(const ast::Is& expr);
  const Type* set(const ast::SetExpr& expr);
  const Type* record(const ast::RecordExpr& expr);
  const Type* call(const ast::Call& expr);
  const Type* binary(const ast::Binary& expr);
  const Type* equality(const ast::Binary& expr);
  const Type* order(const ast::Binary& expr);
  const Type* arithmetic(const ast::Binary& expr);
  const Type* containment(const ast::Binary& expr);
  const Type* tag(const ast::Binary& expr);
  const Type* in(const ast::Expr& left, const Type* left_type, const ast::Expr& right);

  // An operand that must be of a kind; nullptr: it is not (reported), or has no type.
  template <typename Allowed>
  const Type* expect(const ast::Expr& expr, Allowed allowed, std::string_view expected,
                     std::string_view help = {});
  const Type* expect_kind(const ast::Expr& expr, TypeKind kind, std::string_view help = {});
  const Type* expect_bool(const ast::Expr& expr);
  const Type* expect_entity(const ast::Expr& expr, std::string_view help = {});
  // Requires that two types have a common one.
  bool comparable(const ast::Expr& whole, const Type* left, const Type* right, std::string_view what);
  void check_arguments(const ast::Call& expr);

  const Action* literal_action(const ast::Expr& expr) const;  // also of the variable `action`
  const Uid* literal_entity(const ast::Expr& expr) const;     // also of the variable `action`

  // What is known where an expression stands, and what follows where it is true: numbers of shapes.h. Those
  // that follow from the expression that was checked last are at the end of `shown_`.
  bool is_known(std::uint32_t fact) const { return fact < active_.size() && active_[fact] > 0; }
  void show(std::uint32_t fact) { shown_.push_back(fact); }
  void forget(std::size_t from) { shown_.resize(from); }
  void activate(std::size_t from, std::size_t to, int by);
  // Keeps of [from, middle) what is also in [middle, end).
  void intersect(std::size_t from, std::size_t middle);

  void error(Span span, std::string message, std::string help = {});

  const Schema::Impl& schema_;
  ProblemSink& problems_;
  Arena scratch_;
  TypeTable types_{scratch_, &schema_.types};
  ShapeTable shapes_;
  Environment environment_;
  bool good_ = true;
  std::vector<std::uint32_t> shown_;
  std::vector<std::uint32_t> active_;  // how often each fact was activated
  std::vector<std::uint8_t> marks_;
  bool keeps_types_ = false;
  std::unordered_map<const ast::Expr*, const Type*> kept_;
};

}  // namespace cedar
