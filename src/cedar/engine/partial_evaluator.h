// Evaluates expressions of which some variables are not known: to a value, to an error, or to what remains.
//
// What remains is a tree that, when everything is known, evaluates to what the whole does, or errs where the
// whole errs (the message may differ, and the place). So `false && r` is false and `true && r` is r, but `r
// && false` is false only where r cannot err. An operand that errs stays as it is written: it errs again, in
// its turn.
//
// Recursion is as deep as the tree. Allocates from the scratch arena, where also what remains lives.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cedar/engine/evaluator.h"

namespace cedar {

// What is not known of a record: the rest of it is `known`.
struct RecordShape {
  Value known = Value::record({});
  bool open = false;  // it may have attributes that are named nowhere here
  struct Unknown {
    std::string name;
    bool present = false;
    std::optional<Kind> kind = {};
  };
  std::vector<Unknown> unknown = {};
  // Attributes that are records of which some is known. `known` may have the known part of them.
  std::vector<std::pair<std::string, std::unique_ptr<RecordShape>>> records = {};

  // nullptr: none of this name.
  RecordShape* find_record(std::string_view name) const;
  const Unknown* find_unknown(std::string_view name) const;
};

// One of principal, action and resource: known, or of a type (empty: any).
struct PartialSubject {
  std::optional<Uid> uid;
  std::string_view type;
};

struct PartialBindings {
  PartialSubject principal;
  PartialSubject action;
  PartialSubject resource;
  Value context;
  const RecordShape* shape = nullptr;  // of the context, where not all of it is known
};

enum class Errs : std::uint8_t { kNever, kMaybe, kAlways };

// What remains, and what is known of it nonetheless.
struct Remainder {
  const ast::Expr* expr;
  Errs errs = Errs::kMaybe;
  std::optional<Kind> kind = {};       // of its value, if it has one
  std::string_view type = {};          // of entities; empty: not known
  const RecordShape* shape = nullptr;  // of records
  std::optional<bool> only = {};       // the value that it has, unless it errs
};

class Partial {
 public:
  Partial(const Value& value) : content_(value) {}              // NOLINT(google-explicit-constructor)
  Partial(const EvalError* error) : content_(error) {}          // NOLINT(google-explicit-constructor)
  Partial(const Remainder& remainder) : content_(remainder) {}  // NOLINT(google-explicit-constructor)
  Partial(const EvalResult& result) : content_(Value()) {       // NOLINT(google-explicit-constructor)
    if (result)
      content_ = *result;
    else
      content_ = result.error();
  }

  const Value* value() const { return std::get_if<Value>(&content_); }
  const EvalError* error() const {  // nullptr: none
    const auto* error = std::get_if<const EvalError*>(&content_);
    return error == nullptr ? nullptr : *error;
  }
  const Remainder* remainder() const { return std::get_if<Remainder>(&content_); }

  // As a value: what it is.
  Errs errs() const {
    return remainder() != nullptr ? remainder()->errs : error() != nullptr ? Errs::kAlways : Errs::kNever;
  }
  // Where a boolean is wanted.
  Errs errs_as_boolean() const;

 private:
  std::variant<Value, const EvalError*, Remainder> content_;
};

class PartialEvaluator {
 public:
  // `bindings` and `entities` must outlive it; so must what they refer to, and `scratch`, the results.
  PartialEvaluator(const PartialBindings& bindings, const EntityStore& entities, Arena& scratch)
      : bindings_(bindings), scratch_(scratch), evaluator_(nothing_, entities, scratch) {}

  Partial evaluate(const ast::Expr& expr);

  // The same where a boolean is wanted: other values are errors.
  Partial boolean(const ast::Expr& expr);

  // The expression in its place within a larger one.
  const ast::Expr* embed(const ast::Expr& original, const Partial& partial);

 private:
  Partial variable(const ast::VariableRef& expr);
  Partial subject(const ast::VariableRef& expr, const PartialSubject& subject);
  Partial unary(const ast::Unary& expr);
  Partial binary(const ast::Binary& expr);
  std::optional<bool> settled(const ast::Binary& expr, const Partial& left, const Partial& right) const;
  Partial logic(const ast::Logic& expr);
  Partial choice(const ast::If& expr);
  Partial has(const ast::Has& expr);
  Partial has_in(const ast::Has& expr, const Remainder& operand);
  Partial get(const ast::Get& expr);
  Partial get_of(const ast::Get& expr, const Remainder& operand);
  Partial like(const ast::Like& expr);
  Partial is(const ast::Is& expr);
  Partial set(const ast::SetExpr& expr);
  Partial record(const ast::RecordExpr& expr);
  Partial call(const ast::Call& expr);

  const ast::Expr* literal(const Value& value, Span span);
  EvalError* wrong_kind(const ast::Expr& expr, Kind found);

  const PartialBindings& bindings_;
  Arena& scratch_;
  const Bindings nothing_{};  // never asked for: only trees without variables are evaluated
  Evaluator evaluator_;
};

}  // namespace cedar
