// The parser's own state and helpers; parser.cpp holds policies and scopes, parser_expr.cpp expressions.
//
// Functions that parse return nullptr or nullopt after they have reported an error: the caller gives up too.

#pragma once

#include <array>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "cedar/syntax/ast.h"
#include "cedar/syntax/token_reader.h"

namespace cedar {

class Parser : private TokenReader {
 public:
  // Trees refer to `text` where it says what they mean.
  Parser(std::string_view text, const Limits& limits, Arena& arena, DiagnosticSink& sink);
  std::vector<ast::Policy> policies();

 private:
  // Whether a comma-separated list goes on; `close` is taken at its end. nullopt: neither.
  std::optional<bool> next_item(TokenKind close, std::string_view what);

  // Policies and scopes.
  std::optional<ast::Policy> policy();
  void recover();
  std::optional<std::span<const ast::Annotation>> annotations();
  std::optional<ast::EntityScope> entity_scope(std::string_view variable);
  std::optional<ast::ActionScope> action_scope();
  bool scope_variable(std::string_view variable);
  std::optional<std::span<const ast::Condition>> conditions();
  // As many parentheses as stand around what `read` takes.
  template <typename Read>
  bool in_parentheses(const Read& read);
  const Uid* scope_entity();
  const Uid* action_entity();

  // Names.
  std::optional<std::string_view> identifier(std::string_view what);
  std::optional<std::string_view> string(const Token& token);
  std::optional<std::string_view> name_or_string(std::string_view what);
  std::optional<std::string_view> path(std::string_view what);
  // After a path: its last separator is what the id follows.
  bool at_entity_id() const { return at(TokenKind::kString) && last_kind() == TokenKind::kPathSeparator; }
  const Uid* uid(std::string_view type, const Token& id);

  // Expressions.
  const ast::Expr* expression();
  const ast::Expr* if_expression();
  const ast::Expr* chain(ast::ExprKind kind);
  const ast::Expr* relation();
  const ast::Expr* has(const ast::Expr* operand);
  const ast::Expr* like(const ast::Expr* operand);
  const ast::Expr* is(const ast::Expr* operand);
  const ast::Expr* sum();
  const ast::Expr* product();
  const ast::Expr* unary();
  const ast::Expr* member();
  const ast::Expr* method(const ast::Expr* receiver, const Token& name);
  const ast::Expr* primary();
  const ast::Expr* word();
  const ast::Expr* entity_or_qualified_call();
  const ast::Expr* function_call(const Token& name);
  const ast::Expr* integer(bool negative, std::uint32_t begin);
  const ast::Expr* set();
  const ast::Expr* record();
  std::optional<std::span<const ast::Expr*>> arguments();
  std::optional<ast::BinaryOp> relational_operator() const;

  template <typename Node, typename... Members>
  const ast::Expr* node(ast::ExprKind kind, Span span, std::uint32_t children_height, Members... members);
  const ast::Expr* literal(Value value, Span span);
  const ast::Expr* binary(ast::BinaryOp op, const ast::Expr* left, const ast::Expr* right);
  void too_deep(Span span);

  const Limits& limits_;
  Arena& arena_;
  std::uint32_t depth_ = 0;
};

// Words that are no identifiers ("Grammar", RESERVED).
bool is_reserved(std::string_view word);

// Whether a text is a type name as JSON must write it: identifiers joined by `::`, nothing else.
bool is_type_name(std::string_view text);

}  // namespace cedar
