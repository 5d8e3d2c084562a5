// The text of policies, or of schemas, to tokens. Whitespace and `//` comments separate tokens and mean
// nothing.
//
// Words are not told apart here: `permit`, `in`, `true` are identifiers until the parser says otherwise,
// since most of them are also good names. What is no token is reported and skipped, so that one bad character
// does not hide the errors after it.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cedar/syntax/diagnostic.h"
#include "cedar/values/arena.h"

namespace cedar {

enum class TokenKind : std::uint8_t {
  kEnd,
  kIdentifier,
  kInteger,
  kString,
  kSlot,
  kAt,
  kDot,
  kComma,
  kSemicolon,
  kColon,
  kPathSeparator,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
  kNot,
  kPlus,
  kMinus,
  kStar,
  kAssign,
  kQuestion
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
  std::string_view text;  // as written
};

// Schemas have fewer symbols, and two of their own: `=` and `?`.
enum class Dialect : std::uint8_t { kPolicy, kSchema };

class Lexer {
 public:
  Lexer(std::string_view text, DiagnosticSink& sink, Dialect dialect = Dialect::kPolicy)
      : text_(text), sink_(sink), dialect_(dialect) {}
  Token next();

 private:
  Token token(TokenKind kind, std::size_t size);
  Token string();
  void skip_blanks();
  TokenKind report_unknown();  // answers what was meant, not taken yet; kEnd: nothing, skipped

  std::string_view text_;
  std::size_t at_ = 0;
  DiagnosticSink& sink_;
  Dialect dialect_;
};

// The text that a string token stands for; nullopt (reported) when an escape is wrong.
std::optional<std::string_view> unescape(const Token& token, Arena& arena, DiagnosticSink& sink);

// As above for the right-hand side of `like`, where `*` is a wildcard and `\*` a star.
std::optional<std::span<const std::string_view>> unescape_pattern(const Token& token, Arena& arena,
                                                                  DiagnosticSink& sink);

// A code point as UTF-8.
void append_utf8(std::string& out, std::uint32_t code);

bool is_valid_utf8(std::string_view text, std::size_t& bad_offset);

}  // namespace cedar
