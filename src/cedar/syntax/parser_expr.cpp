// Expressions. One function a level of the grammar, loosest first.

#include <algorithm>
#include <charconv>
#include <limits>

#include "cedar/syntax/parser_impl.h"

namespace cedar {
namespace {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprKind;

struct BuiltinMethod {
  std::string_view name;
  BinaryOp op;
};
constexpr std::array kBuiltinMethods = std::to_array<BuiltinMethod>({
    {"contains", BinaryOp::kContains},
    {"containsAll", BinaryOp::kContainsAll},
    {"containsAny", BinaryOp::kContainsAny},
    {"getTag", BinaryOp::kGetTag},
    {"hasTag", BinaryOp::kHasTag},
});

std::vector<std::string_view> names_of(bool methods) {
  std::vector<std::string_view> names;
  for (const Function& function : functions()) {
    if (function.method == methods) names.push_back(function.name);
  }
  if (!methods) return names;
  names.emplace_back("isEmpty");
  for (const BuiltinMethod& method : kBuiltinMethods) names.push_back(method.name);
  return names;
}

std::uint32_t tallest(std::span<const Expr* const> nodes) {
  std::uint32_t height = 0;
  for (const Expr* node : nodes) height = std::max(height, node->height);
  return height;
}

}  // namespace

std::string_view ast::spelling(BinaryOp op) {
  static constexpr std::array<std::string_view, 15> kSpellings{
      "==", "!=", "<",        "<=",          ">",           ">=",     "in",    "+",
      "-",  "*",  "contains", "containsAll", "containsAny", "getTag", "hasTag"};
  return kSpellings.at(static_cast<std::size_t>(op));
}

void Parser::too_deep(Span span) {
  sink_.report(span, "this expression is nested more than " + std::to_string(limits_.depth) + " deep",
               "`&&`, `||` and sets may be as long as you like");
}

// The one place where nodes are made, hence where the height of trees is kept within bounds.
template <typename Node, typename... Members>
const Expr* Parser::node(ExprKind kind, Span span, std::uint32_t children_height, Members... members) {
  if (children_height >= limits_.depth) {
    too_deep(span);
    return nullptr;
  }
  return arena_.make<Node>(Expr{kind, children_height + 1, span}, members...);
}

const Expr* Parser::literal(Value value, Span span) {
  auto* made = arena_.make<ast::Literal>(Expr{ExprKind::kLiteral, 1, span}, value);
  made->constant = &made->value;
  return made;
}

const Expr* Parser::binary(BinaryOp op, const Expr* left, const Expr* right) {
  return node<ast::Binary>(ExprKind::kBinary, span_from(left->span.begin),
                           std::max(left->height, right->height), op, left, right);
}

std::optional<std::string_view> Parser::identifier(std::string_view what) {
  if (!at(TokenKind::kIdentifier)) {
    unexpected(what);
    return std::nullopt;
  }
  if (is_reserved(peek().text)) {
    unexpected(what, in_backticks(peek().text) + " is a reserved word");
    return std::nullopt;
  }
  return take().text;
}

std::optional<std::string_view> Parser::name_or_string(std::string_view what) {
  return at(TokenKind::kString) ? string(take()) : identifier(what);
}

// Mostly the source's own bytes.
std::optional<std::string_view> Parser::string(const Token& token) {
  const std::string_view body = token.text.substr(1, token.text.size() - 2);
  return body.find_first_of("\\\r") == std::string_view::npos ? body : unescape(token, arena_, sink_);
}

// Stops before an id: `A::B` of `A::B::"x"`, whose last separator is taken.
std::optional<std::string_view> Parser::path(std::string_view what) {
  auto first = identifier(what);
  if (!first) return std::nullopt;
  if (!at(TokenKind::kPathSeparator)) return first;
  std::string joined(*first);
  while (take_if(TokenKind::kPathSeparator)) {
    if (at(TokenKind::kString)) break;
    const auto next = identifier("a name or an id in double quotes");
    if (!next) return std::nullopt;
    joined.append("::").append(*next);
  }
  return arena_.copy(joined);
}

const Uid* Parser::uid(std::string_view type, const Token& id) {
  const auto text = string(id);
  if (!text) return nullptr;
  return arena_.make<Uid>(type, *text, hash_uid(type, *text));
}

const Expr* Parser::expression() {
  if (depth_ >= limits_.depth) {
    too_deep(peek().span);
    return nullptr;
  }
  ++depth_;
  const Expr* parsed = at_word("if") ? if_expression() : chain(ExprKind::kOr);
  --depth_;
  return parsed;
}

const Expr* Parser::if_expression() {
  const std::uint32_t begin = take().span.begin;
  std::array<const Expr*, 3> parts{expression(), nullptr, nullptr};
  if (parts[0] == nullptr) return nullptr;
  static constexpr std::array<std::string_view, 2> kWords{"then", "else"};
  for (std::size_t i = 0; i < 2; ++i) {
    if (!take_word(kWords.at(i))) {
      unexpected(in_backticks(kWords.at(i)), "a choice is written `if … then … else …`");
      return nullptr;
    }
    parts.at(i + 1) = expression();
    if (parts.at(i + 1) == nullptr) return nullptr;
  }
  return node<ast::If>(ExprKind::kIf, span_from(begin), tallest(parts), parts[0], parts[1], parts[2]);
}

// A whole chain of `||`, or of `&&`, is one node: its length does not count as depth.
const Expr* Parser::chain(ExprKind kind) {
  const bool is_or = kind == ExprKind::kOr;
  const auto operand = [&] { return is_or ? chain(ExprKind::kAnd) : relation(); };
  const TokenKind separator = is_or ? TokenKind::kOr : TokenKind::kAnd;
  const Expr* first = operand();
  if (first == nullptr || !at(separator)) return first;
  std::vector<const Expr*> operands{first};
  while (take_if(separator)) {
    operands.push_back(operand());
    if (operands.back() == nullptr) return nullptr;
  }
  return node<ast::Logic>(kind, span_from(first->span.begin), tallest(operands), arena_.copy_of(operands));
}

std::optional<BinaryOp> Parser::relational_operator() const {
  switch (peek().kind) {
    case TokenKind::kEqual:
      return BinaryOp::kEqual;
    case TokenKind::kNotEqual:
      return BinaryOp::kNotEqual;
    case TokenKind::kLess:
      return BinaryOp::kLess;
    case TokenKind::kLessEqual:
      return BinaryOp::kLessEqual;
    case TokenKind::kGreater:
      return BinaryOp::kGreater;
    case TokenKind::kGreaterEqual:
      return BinaryOp::kGreaterEqual;
    default:
      break;
  }
  if (at_word("in")) return BinaryOp::kIn;
  return std::nullopt;
}

const Expr* Parser::relation() {
  const Expr* left = sum();
  if (left == nullptr) return nullptr;
  const Expr* whole = left;
  if (const auto op = relational_operator()) {
    take();
    const Expr* right = sum();
    whole = right == nullptr ? nullptr : binary(*op, left, right);
  } else if (take_word("has")) {
    whole = has(left);
  } else if (take_word("like")) {
    whole = like(left);
  } else if (take_word("is")) {
    whole = is(left);
  }
  if (whole == nullptr) return nullptr;
  if (relational_operator() || at_word("has") || at_word("like") || at_word("is")) {
    sink_.report(peek().span, in_backticks(peek().text) + " cannot follow another comparison",
                 "put one of them in parentheses");
    return nullptr;
  }
  return whole;
}

const Expr* Parser::has(const Expr* operand) {
  std::vector<std::string_view> names;
  const bool quoted_name = at(TokenKind::kString);
  do {
    const auto name =
        names.empty() ? name_or_string("the name of an attribute") : identifier("the name of an attribute");
    if (!name) return nullptr;
    names.push_back(*name);
  } while (!quoted_name && take_if(TokenKind::kDot));
  // As deep as `x.a.b.c` would be.
  const auto height = operand->height + static_cast<std::uint32_t>(names.size() - 1);
  return node<ast::Has>(ExprKind::kHas, span_from(operand->span.begin), height, operand,
                        std::span<const std::string_view>(arena_.copy_of(names)));
}

const Expr* Parser::like(const Expr* operand) {
  if (!at(TokenKind::kString)) {
    unexpected("a pattern in double quotes", "`*` stands for any text, `\\*` for a star");
    return nullptr;
  }
  const auto pieces = unescape_pattern(take(), arena_, sink_);
  if (!pieces) return nullptr;
  return node<ast::Like>(ExprKind::kLike, span_from(operand->span.begin), operand->height, operand,
                         Pattern{*pieces});
}

const Expr* Parser::is(const Expr* operand) {
  const auto type = path("the name of a type");
  if (!type) return nullptr;
  if (at(TokenKind::kString)) {
    unexpected("the name of a type", "to compare with one entity, write `==`");
    return nullptr;
  }
  const Expr* ancestor = nullptr;
  if (take_word("in")) {
    ancestor = sum();
    if (ancestor == nullptr) return nullptr;
  }
  const std::uint32_t height = std::max(operand->height, ancestor == nullptr ? 0U : ancestor->height);
  return node<ast::Is>(ExprKind::kIs, span_from(operand->span.begin), height, operand, *type, ancestor);
}

const Expr* Parser::sum() {
  const Expr* left = product();
  while (left != nullptr && (at(TokenKind::kPlus) || at(TokenKind::kMinus))) {
    const BinaryOp op = take().kind == TokenKind::kPlus ? BinaryOp::kAdd : BinaryOp::kSubtract;
    const Expr* right = product();
    left = right == nullptr ? nullptr : binary(op, left, right);
  }
  return left;
}

const Expr* Parser::product() {
  const Expr* left = unary();
  while (left != nullptr && take_if(TokenKind::kStar)) {
    const Expr* right = unary();
    left = right == nullptr ? nullptr : binary(BinaryOp::kMultiply, left, right);
  }
  return left;
}

const Expr* Parser::unary() {
  constexpr std::size_t kMost = 4;  // the grammar's own limit
  std::vector<std::uint32_t> begins;
  const TokenKind sign = peek().kind;
  if (sign != TokenKind::kNot && sign != TokenKind::kMinus) return member();
  while (at(sign)) begins.push_back(take().span.begin);
  if (begins.size() > kMost) {
    sink_.report(span_from(begins.front()),
                 "more than four `" + std::string(sign == TokenKind::kNot ? "!" : "-") + "` in a row");
    return nullptr;
  }
  const Expr* operand = nullptr;
  // The minus belongs to a literal that follows: the lowest integer has no positive counterpart.
  const bool plain_integer =
      at(TokenKind::kInteger) && ahead().kind != TokenKind::kDot && ahead().kind != TokenKind::kLeftBracket;
  if (sign == TokenKind::kMinus && plain_integer) {
    operand = integer(true, begins.back());
    begins.pop_back();
  } else {
    operand = member();
  }
  const ExprKind kind = sign == TokenKind::kNot ? ExprKind::kNot : ExprKind::kNegate;
  for (; operand != nullptr && !begins.empty(); begins.pop_back()) {
    operand = node<ast::Unary>(kind, span_from(begins.back()), operand->height, operand);
  }
  return operand;
}

const Expr* Parser::integer(bool negative, std::uint32_t begin) {
  const Token token = take();
  constexpr std::uint64_t kHighest = std::numeric_limits<std::int64_t>::max();
  std::uint64_t magnitude = 0;
  const auto [stop, error] =
      std::from_chars(token.text.data(), token.text.data() + token.text.size(), magnitude);
  if (error != std::errc() || magnitude > kHighest + (negative ? 1 : 0)) {
    sink_.report(token.span, "this integer needs more than 64 bits",
                 "integers go from -9223372036854775808 to 9223372036854775807");
    return nullptr;
  }
  return literal(Value::integer(static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude)),
                 span_from(begin));
}

const Expr* Parser::member() {
  const Expr* operand = primary();
  while (operand != nullptr) {
    if (take_if(TokenKind::kDot)) {
      const Token name = peek();
      if (!identifier("the name of an attribute or a method")) return nullptr;
      operand = at(TokenKind::kLeftParen) ? method(operand, name)
                                          : node<ast::Get>(ExprKind::kGet, span_from(operand->span.begin),
                                                           operand->height, operand, name.text);
    } else if (take_if(TokenKind::kLeftBracket)) {
      if (!at(TokenKind::kString)) {
        unexpected("the name of an attribute in double quotes", "a set has no positions; use `contains`");
        return nullptr;
      }
      const auto name = string(take());
      if (!name || !expect(TokenKind::kRightBracket, "`]`")) return nullptr;
      operand =
          node<ast::Get>(ExprKind::kGet, span_from(operand->span.begin), operand->height, operand, *name);
    } else {
      break;
    }
  }
  return operand;
}

const Expr* Parser::method(const Expr* receiver, const Token& name) {
  const auto rest = arguments();
  if (!rest) return nullptr;
  const Span span = span_from(receiver->span.begin);
  const auto takes = [&](std::size_t count) {
    if (rest->size() == count) return true;
    sink_.report(span, in_backticks(name.text) + " takes " + std::to_string(count) + " argument(s), not " +
                           std::to_string(rest->size()));
    return false;
  };
  if (name.text == "isEmpty") {
    return takes(0) ? node<ast::Unary>(ExprKind::kIsEmpty, span, receiver->height, receiver) : nullptr;
  }
  const auto* builtin = std::ranges::find(kBuiltinMethods, name.text, &BuiltinMethod::name);
  if (builtin != kBuiltinMethods.end())
    return takes(1) ? binary(builtin->op, receiver, rest->front()) : nullptr;

  const Function* function = find_function(name.text);
  if (function == nullptr) {
    sink_.report(name.span, "there is no method " + in_backticks(name.text),
                 did_you_mean(name.text, names_of(true)));
    return nullptr;
  }
  if (!function->method) {
    sink_.report(name.span, in_backticks(name.text) + " is a function, not a method",
                 "write " + std::string(name.text) + "(…)");
    return nullptr;
  }
  // Their number of arguments is a matter of evaluation.
  std::vector<const Expr*> all{receiver};
  all.insert(all.end(), rest->begin(), rest->end());
  return node<ast::Call>(ExprKind::kCall, span, tallest(all), function, arena_.copy_of(all));
}

const Expr* Parser::function_call(const Token& name) {
  const auto all = arguments();
  if (!all) return nullptr;
  const Function* function = find_function(name.text);
  const auto* builtin = std::ranges::find(kBuiltinMethods, name.text, &BuiltinMethod::name);
  if ((function != nullptr && function->method) || builtin != kBuiltinMethods.end() ||
      name.text == "isEmpty") {
    sink_.report(name.span, in_backticks(name.text) + " is a method, not a function",
                 "write value." + std::string(name.text) + "(…)");
    return nullptr;
  }
  if (function == nullptr) {
    sink_.report(
        name.span, "there is no function " + in_backticks(name.text),
        did_you_mean(name.text, names_of(false), "functions are ip, decimal, datetime and duration"));
    return nullptr;
  }
  return node<ast::Call>(ExprKind::kCall, span_from(name.span.begin), tallest(*all), function, *all);
}

std::optional<std::span<const Expr*>> Parser::arguments() {
  take();  // (
  std::vector<const Expr*> found;
  std::optional<bool> more = !take_if(TokenKind::kRightParen);
  while (*more) {
    found.push_back(expression());
    if (found.back() == nullptr) return std::nullopt;
    more = next_item(TokenKind::kRightParen, "an operator, `,` or `)`");
    if (!more) return std::nullopt;
  }
  return arena_.copy_of(found);
}

const Expr* Parser::primary() {
  switch (peek().kind) {
    case TokenKind::kInteger:
      return integer(false, peek().span.begin);
    case TokenKind::kString: {
      const Token token = take();
      const auto text = string(token);
      return text ? literal(Value::string(*text), token.span) : nullptr;
    }
    case TokenKind::kLeftBracket:
      return set();
    case TokenKind::kLeftBrace:
      return record();
    case TokenKind::kIdentifier:
      return word();
    case TokenKind::kLeftParen: {
      take();
      const Expr* inner = expression();
      return inner != nullptr && expect(TokenKind::kRightParen, "an operator or `)`") ? inner : nullptr;
    }
    case TokenKind::kSlot:
      unexpected("an expression", "slots such as ?principal stand only in the scope of a template");
      return nullptr;
    default:
      unexpected("an expression");
      return nullptr;
  }
}

const Expr* Parser::word() {
  if (ahead().kind == TokenKind::kPathSeparator) return entity_or_qualified_call();
  if (at_word("true") || at_word("false")) {
    const Token token = take();
    return literal(Value::boolean(token.text == "true"), token.span);
  }
  if (is_reserved(peek().text)) {
    unexpected("an expression", at_word("if") ? "put `if … then … else …` in parentheses here"
                                              : in_backticks(peek().text) + " is a reserved word");
    return nullptr;
  }
  const Token name = take();
  if (at(TokenKind::kLeftParen)) return function_call(name);
  const auto* variable = std::ranges::find(ast::kVariableNames, name.text);
  if (variable == ast::kVariableNames.end()) {
    sink_.report(
        name.span, "there is no variable " + in_backticks(name.text),
        did_you_mean(name.text, ast::kVariableNames,
                     "variables are principal, action, resource and context; text needs double quotes"));
    return nullptr;
  }
  return node<ast::VariableRef>(ExprKind::kVariable, name.span, 0,
                                static_cast<ast::Variable>(variable - ast::kVariableNames.begin()));
}

const Expr* Parser::entity_or_qualified_call() {
  const std::uint32_t begin = peek().span.begin;
  const auto type = path("a type");
  if (!type) return nullptr;
  if (at(TokenKind::kLeftParen)) {
    sink_.report(span_from(begin), "there is no function " + in_backticks(*type),
                 "functions are ip, decimal, datetime and duration");
    return nullptr;
  }
  if (!at_entity_id()) {
    unexpected("`::` and the entity's id in double quotes");
    return nullptr;
  }
  const Uid* entity = uid(*type, take());
  return entity == nullptr ? nullptr : literal(Value::entity(entity), span_from(begin));
}

const Expr* Parser::set() {
  const std::uint32_t begin = take().span.begin;
  std::vector<const Expr*> elements;
  std::optional<bool> more = !take_if(TokenKind::kRightBracket);
  while (*more) {
    elements.push_back(expression());
    if (elements.back() == nullptr) return nullptr;
    more = next_item(TokenKind::kRightBracket, "an operator, `,` or `]`");
    if (!more) return nullptr;
  }
  return node<ast::SetExpr>(ExprKind::kSet, span_from(begin), tallest(elements), arena_.copy_of(elements));
}

const Expr* Parser::record() {
  const std::uint32_t begin = take().span.begin;
  std::vector<ast::RecordField> fields;
  std::unordered_set<std::string_view> names;
  std::uint32_t height = 0;
  std::optional<bool> more = !take_if(TokenKind::kRightBrace);
  while (*more) {
    const Span name_span = peek().span;
    const auto name = name_or_string("the name of an attribute");
    if (!name || !expect(TokenKind::kColon, "`:`")) return nullptr;
    const Expr* value = expression();
    if (value == nullptr) return nullptr;
    if (!names.insert(*name).second)
      sink_.report(name_span, "the record has two attributes " + quoted(*name), "remove one of them");
    height = std::max(height, value->height);
    fields.push_back({*name, name_span, value});
    more = next_item(TokenKind::kRightBrace, "an operator, `,` or `}`");
    if (!more) return nullptr;
  }
  return node<ast::RecordExpr>(ExprKind::kRecord, span_from(begin), height,
                               std::span<const ast::RecordField>(arena_.copy_of(fields)));
}

}  // namespace cedar
