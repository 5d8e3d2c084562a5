#include "cedar/syntax/token_reader.h"

namespace cedar {

TokenReader::TokenReader(std::string_view text, DiagnosticSink& sink, Dialect dialect)
    : sink_(sink), lexer_(text, sink, dialect), current_(lexer_.next()), ahead_(lexer_.next()) {}

Token TokenReader::take() {
  const Token taken = current_;
  last_end_ = taken.span.end;
  last_kind_ = taken.kind;
  if (taken.kind == TokenKind::kLeftBrace) ++braces_;
  if (taken.kind == TokenKind::kRightBrace) --braces_;
  current_ = ahead_;
  ahead_ = lexer_.next();
  return taken;
}

bool TokenReader::take_if(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

bool TokenReader::take_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

bool TokenReader::expect(TokenKind kind, std::string_view what) {
  if (take_if(kind)) return true;
  unexpected(what);
  return false;
}

void TokenReader::unexpected(std::string_view expected, std::string help) {
  constexpr std::size_t kShown = 40;
  const std::string found =
      at(TokenKind::kEnd) ? "the end of the text" : in_backticks(shortened(std::string(peek().text), kShown));
  sink_.report(peek().span, "expected " + std::string(expected) + ", found " + found, std::move(help));
}

}  // namespace cedar
