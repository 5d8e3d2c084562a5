#include "cedar/syntax/parser.h"

#include <algorithm>

#include "cedar/syntax/parser_impl.h"

namespace cedar {

bool is_reserved(std::string_view word) {
  static constexpr std::array<std::string_view, 10> kReserved{"true", "false", "if",  "then", "else",
                                                              "in",   "like",  "has", "is",   "__cedar"};
  return std::ranges::find(kReserved, word) != kReserved.end();
}

bool is_type_name(std::string_view text) {
  while (true) {
    const std::size_t end = std::min(text.find("::"), text.size());
    const std::string_view name = text.substr(0, end);
    const auto is_word = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
    };
    if (name.empty() || (name[0] >= '0' && name[0] <= '9') || !std::ranges::all_of(name, is_word) ||
        is_reserved(name))
      return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 2);
  }
}

Parser::Parser(std::string_view text, const Limits& limits, Arena& arena, DiagnosticSink& sink)
    : TokenReader(text, sink, Dialect::kPolicy), limits_(limits), arena_(arena) {}

std::optional<bool> Parser::next_item(TokenKind close, std::string_view what) {
  if (take_if(close)) return false;
  if (!take_if(TokenKind::kComma)) {
    unexpected(what);
    return std::nullopt;
  }
  return !take_if(close);
}

std::vector<ast::Policy> Parser::policies() {
  std::vector<ast::Policy> parsed;
  while (!at(TokenKind::kEnd) && !sink_.full()) {
    if (parsed.size() >= limits_.policies) {
      sink_.report(peek().span, "more than " + std::to_string(limits_.policies) + " policies");
      break;
    }
    std::optional<ast::Policy> one = policy();
    if (!one) {
      recover();
      continue;
    }
    parsed.push_back(*one);
  }
  return parsed;
}

// To the end of the policy that failed: past its `;`, or up to what can only start another one. Always gets
// on, since a policy that starts there takes its first token.
void Parser::recover() {
  while (!at(TokenKind::kEnd) && !take_if(TokenKind::kSemicolon)) {
    if (at(TokenKind::kAt)) return;
    if ((at_word("permit") || at_word("forbid")) && ahead().kind == TokenKind::kLeftParen) return;
    take();
  }
}

std::optional<ast::Policy> Parser::policy() {
  const std::uint32_t begin = peek().span.begin;
  const auto notes = annotations();
  if (!notes) return std::nullopt;

  if (!at_word("permit") && !at_word("forbid")) {
    static constexpr std::array<std::string_view, 2> kEffects{"permit", "forbid"};
    unexpected("`permit` or `forbid`", at(TokenKind::kIdentifier) ? did_you_mean(peek().text, kEffects) : "");
    return std::nullopt;
  }
  const Effect effect = take().text == "permit" ? Effect::kPermit : Effect::kForbid;

  if (!expect(TokenKind::kLeftParen, "`(` and the scope")) return std::nullopt;
  const auto principal = entity_scope("principal");
  if (!principal || !expect(TokenKind::kComma, "`,` after the principal")) return std::nullopt;
  const auto action = action_scope();
  if (!action || !expect(TokenKind::kComma, "`,` after the action")) return std::nullopt;
  const auto resource = entity_scope("resource");
  if (!resource) return std::nullopt;
  take_if(TokenKind::kComma);
  if (!at(TokenKind::kRightParen)) {
    unexpected("`)` after the scope", "other tests belong in `when { … }`");
    return std::nullopt;
  }
  take();

  const auto tests = conditions();
  if (!tests) return std::nullopt;
  if (!at(TokenKind::kSemicolon)) {
    unexpected("`when`, `unless` or `;`", "a policy ends with `;`");
    return std::nullopt;
  }
  take();
  return ast::Policy{{},        effect, *notes,           *principal, *action,
                     *resource, *tests, span_from(begin), {},         nullptr};
}

std::optional<std::span<const ast::Annotation>> Parser::annotations() {
  std::vector<ast::Annotation> found;
  std::unordered_set<std::string_view> names;
  while (at(TokenKind::kAt)) {
    const std::uint32_t begin = take().span.begin;
    if (!at(TokenKind::kIdentifier)) {
      unexpected("the name of an annotation");
      return std::nullopt;
    }
    const std::string_view name = take().text;
    std::string_view value;
    const bool bare = !take_if(TokenKind::kLeftParen);
    if (!bare) {
      if (!at(TokenKind::kString)) {
        unexpected("a string", "an annotation is written @name or @name(\"value\")");
        return std::nullopt;
      }
      const auto text = string(take());
      if (!text || !expect(TokenKind::kRightParen, "`)`")) return std::nullopt;
      value = *text;
    }
    if (!names.insert(name).second) {
      sink_.report(span_from(begin), "the policy has two annotations `@" + std::string(name) + "`",
                   "remove one of them");
    }
    found.push_back({name, value, span_from(begin), bare});
  }
  return arena_.copy_of(found);
}

bool Parser::scope_variable(std::string_view variable) {
  if (take_word(variable)) return true;
  unexpected("`" + std::string(variable) + "`",
             "a scope is (principal …, action …, resource …), in this order");
  return false;
}

template <typename Read>
bool Parser::in_parentheses(const Read& read) {
  std::size_t opened = 0;
  while (take_if(TokenKind::kLeftParen)) ++opened;
  if (!read()) return false;
  for (; opened > 0; --opened)
    if (!expect(TokenKind::kRightParen, "`)`")) return false;
  return true;
}

const Uid* Parser::scope_entity() {
  if (at(TokenKind::kSlot)) {
    sink_.report(peek().span, "the slot `" + std::string(peek().text) + "` cannot stand here",
                 "there are two: `principal == ?principal` (or `in`), and `resource == ?resource` (or `in`)");
    return nullptr;
  }
  if (at(TokenKind::kLeftBracket)) {
    sink_.report(peek().span, "only `action` may be `in` a list",
                 "write one policy for each, or test it in `when { … }`");
    return nullptr;
  }
  const auto type = path("an entity such as User::\"alice\"");
  if (!type) return nullptr;
  if (!at_entity_id()) {
    unexpected("`::` and the entity's id in double quotes");
    return nullptr;
  }
  return uid(*type, take());
}

const Uid* Parser::action_entity() {
  const std::uint32_t begin = peek().span.begin;
  const Uid* action = scope_entity();
  if (action == nullptr) return nullptr;
  if (action->type != "Action" && !action->type.ends_with("::Action")) {
    sink_.report(span_from(begin), "`" + std::string(action->type) + "` is not a type of actions",
                 "an action's type is `Action`, perhaps with a namespace: App::Action::\"view\"");
  }
  return action;
}

std::optional<ast::EntityScope> Parser::entity_scope(std::string_view variable) {
  using enum ast::ScopeKind;
  const std::uint32_t begin = peek().span.begin;
  if (!scope_variable(variable)) return std::nullopt;
  ast::EntityScope scope;
  if (take_if(TokenKind::kEqual)) {
    scope.kind = kEqual;
  } else if (take_word("in")) {
    scope.kind = kIn;
  } else if (take_word("is")) {
    const auto type = path("a type");
    if (!type) return std::nullopt;
    if (at(TokenKind::kString)) {
      unexpected("a type", "to compare with one entity, write `==`");
      return std::nullopt;
    }
    scope.type = *type;
    scope.kind = take_word("in") ? kIsIn : kIs;
  }
  scope.span = span_from(begin);
  if (scope.kind == kAny || scope.kind == kIs) return scope;
  const bool good = in_parentheses([&] {
    if (at(TokenKind::kSlot) && peek().text.substr(1) == variable) {
      take();
      scope.slot = true;
      return true;
    }
    scope.entity = scope_entity();
    return scope.entity != nullptr;
  });
  if (!good) return std::nullopt;
  scope.span = span_from(begin);
  return scope;
}

std::optional<ast::ActionScope> Parser::action_scope() {
  using enum ast::ScopeKind;
  if (!scope_variable("action")) return std::nullopt;
  std::vector<const Uid*> actions;
  std::vector<Span> spans;
  const auto one = [&] {
    return in_parentheses([&] {
      const std::uint32_t begin = peek().span.begin;
      actions.push_back(action_entity());
      spans.push_back(span_from(begin));
      return actions.back() != nullptr;
    });
  };
  const auto list = [&] {
    if (!take_if(TokenKind::kLeftBracket)) return one();
    if (take_if(TokenKind::kRightBracket)) return true;
    while (true) {
      if (!one()) return false;
      const auto more = next_item(TokenKind::kRightBracket, "`,` or `]`");
      if (!more) return false;
      if (!*more) return true;
    }
  };
  ast::ActionScope scope;
  if (take_if(TokenKind::kEqual)) {
    scope.kind = kEqual;
    if (!one()) return std::nullopt;
  } else if (take_word("in")) {
    scope.kind = kIn;
    if (!in_parentheses(list)) return std::nullopt;
  } else if (at_word("is")) {
    sink_.report(peek().span, "`action` cannot be tested with `is`", "write `action in Action::\"group\"`");
    return std::nullopt;
  }
  scope.actions = arena_.copy_of(actions);
  scope.spans = arena_.copy_of(spans);
  return scope;
}

std::optional<std::span<const ast::Condition>> Parser::conditions() {
  std::vector<ast::Condition> found;
  while (at_word("when") || at_word("unless")) {
    const Token word = take();
    if (!expect(TokenKind::kLeftBrace, "`{`")) return std::nullopt;
    const ast::Expr* body = expression();
    if (body == nullptr || !expect(TokenKind::kRightBrace, "an operator or `}`")) return std::nullopt;
    found.push_back({word.text == "unless", body, span_from(word.span.begin)});
  }
  return arena_.copy_of(found);
}

bool is_acceptable(std::string_view text, const Limits& limits, DiagnosticSink& sink) {
  if (text.size() > limits.text_bytes || text.size() > UINT32_MAX) {
    sink.report({}, "the text has " + std::to_string(text.size()) + " bytes; the limit is " +
                        std::to_string(limits.text_bytes));
    return false;
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    sink.report({0, 3}, "the text begins with a byte order mark", "save it as UTF-8 without one");
    return false;
  }
  std::size_t bad = 0;
  if (!is_valid_utf8(text, bad)) {
    const auto at = static_cast<std::uint32_t>(bad);
    sink.report({at, at + 1}, "the text is not UTF-8 here");
    return false;
  }
  return true;
}

std::vector<ast::Policy> parse_policies(const Source& source, const Limits& limits, Arena& arena,
                                        DiagnosticSink& sink) {
  std::vector<ast::Policy> policies = Parser(source.text, limits, arena, sink).policies();
  for (ast::Policy& policy : policies) {
    policy.source = &source;
    policy.position = source.lines.position(policy.span.begin);
  }
  return policies;
}

}  // namespace cedar
