// Tokens with what a recursive descent parser needs of them: a look at the current one and the one after, and
// complaints when it is not what must come.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cedar/syntax/lexer.h"

namespace cedar {

class TokenReader {
 public:
  TokenReader(std::string_view text, DiagnosticSink& sink, Dialect dialect);

 protected:
  const Token& peek() const { return current_; }
  const Token& ahead() const { return ahead_; }
  bool at(TokenKind kind) const { return current_.kind == kind; }
  bool at_word(std::string_view word) const { return at(TokenKind::kIdentifier) && current_.text == word; }
  Token take();
  bool take_if(TokenKind kind);
  bool take_word(std::string_view word);
  bool expect(TokenKind kind, std::string_view what);
  void unexpected(std::string_view expected, std::string help = {});
  TokenKind last_kind() const { return last_kind_; }  // of the token that was taken last; kEnd: none was
  Span span_from(std::uint32_t begin) const { return {begin, last_end_}; }

  // How many braces are open; a parser that gives up inside of some says where it goes on.
  int braces() const { return braces_; }
  void set_braces(int open) { braces_ = open; }

  DiagnosticSink& sink_;

 private:
  Lexer lexer_;
  Token current_;
  Token ahead_;
  std::uint32_t last_end_ = 0;
  TokenKind last_kind_ = TokenKind::kEnd;
  int braces_ = 0;
};

}  // namespace cedar
