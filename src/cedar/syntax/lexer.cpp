#include "cedar/syntax/lexer.h"

#include <algorithm>
#include <array>

namespace cedar {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// By character, whether it goes on a word.
constexpr std::array<bool, 256> kWord = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"))
    table.at(static_cast<unsigned char>(c)) = true;
  return table;
}();
bool is_word(char c) { return kWord[static_cast<unsigned char>(c)]; }

struct Symbol {
  std::string_view text;
  TokenKind kind;
};

// Those that begin alike stand together, longer ones first.
constexpr auto kSymbols = std::to_array<Symbol>({
    {"::", TokenKind::kPathSeparator}, {":", TokenKind::kColon},         {"==", TokenKind::kEqual},
    {"!=", TokenKind::kNotEqual},      {"!", TokenKind::kNot},           {"<=", TokenKind::kLessEqual},
    {"<", TokenKind::kLess},           {">=", TokenKind::kGreaterEqual}, {">", TokenKind::kGreater},
    {"&&", TokenKind::kAnd},           {"||", TokenKind::kOr},           {"(", TokenKind::kLeftParen},
    {")", TokenKind::kRightParen},     {"{", TokenKind::kLeftBrace},     {"}", TokenKind::kRightBrace},
    {"[", TokenKind::kLeftBracket},    {"]", TokenKind::kRightBracket},  {".", TokenKind::kDot},
    {",", TokenKind::kComma},          {";", TokenKind::kSemicolon},     {"@", TokenKind::kAt},
    {"+", TokenKind::kPlus},           {"-", TokenKind::kMinus},         {"*", TokenKind::kStar},
});

// By character, the first symbol that begins with it.
template <std::size_t size>
constexpr std::array<std::uint8_t, 256> first_symbols(const std::array<Symbol, size>& symbols) {
  std::array<std::uint8_t, 256> first{};
  first.fill(size);
  for (std::size_t i = size; i-- > 0;) first.at(static_cast<unsigned char>(symbols.at(i).text[0])) = i;
  return first;
}
constexpr auto kFirstSymbols = first_symbols(kSymbols);

// How long a blank beyond ASCII is that a text begins with; 0: it begins with none. Unicode's
// White_Space.
std::size_t wide_blank(std::string_view text) {
  if (static_cast<unsigned char>(text[0]) < 0x80) return 0;
  static constexpr std::array<std::string_view, 19> kBlanks{
      "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
      "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
      "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
      "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
  const auto* found =
      std::ranges::find_if(kBlanks, [text](std::string_view b) { return text.starts_with(b); });
  return found == kBlanks.end() ? 0 : found->size();
}

// Those of schemas are single characters, but for `::`. kEnd: it is none.
TokenKind schema_symbol(char c) {
  switch (c) {
    case '(':
      return TokenKind::kLeftParen;
    case ')':
      return TokenKind::kRightParen;
    case '{':
      return TokenKind::kLeftBrace;
    case '}':
      return TokenKind::kRightBrace;
    case '[':
      return TokenKind::kLeftBracket;
    case ']':
      return TokenKind::kRightBracket;
    case ',':
      return TokenKind::kComma;
    case ';':
      return TokenKind::kSemicolon;
    case ':':
      return TokenKind::kColon;
    case '@':
      return TokenKind::kAt;
    case '<':
      return TokenKind::kLess;
    case '>':
      return TokenKind::kGreater;
    case '=':
      return TokenKind::kAssign;
    case '?':
      return TokenKind::kQuestion;
    default:
      return TokenKind::kEnd;
  }
}

}  // namespace

Token Lexer::token(TokenKind kind, std::size_t size) {
  const Token made{kind,
                   {static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(at_ + size)},
                   text_.substr(at_, size)};
  at_ += size;
  return made;
}

void Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      ++at_;
    } else if (c == '/' && text_.substr(at_).starts_with("//")) {
      at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
    } else if (const std::size_t size = wide_blank(text_.substr(at_)); size > 0) {
      at_ += size;
    } else {
      return;
    }
  }
}

Token Lexer::string() {
  for (std::size_t end = at_ + 1; end < text_.size(); ++end) {
    if (text_[end] == '\\') {
      ++end;
    } else if (text_[end] == '"') {
      return token(TokenKind::kString, end + 1 - at_);
    }
  }
  const std::size_t line_end = std::min(text_.find('\n', at_), text_.size());
  sink_.report({static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(line_end)},
               "this string does not end", "close it with `\"`");
  at_ = text_.size();
  return token(TokenKind::kEnd, 0);
}

TokenKind Lexer::report_unknown() {
  struct Meant {
    std::string_view written;
    std::string_view help;
    TokenKind kind;
  };
  static constexpr std::array<Meant, 6> kMeant{
      {{"=", "equality is written `==`", TokenKind::kEqual},
       {"&", "`and` is written `&&`", TokenKind::kAnd},
       {"|", "`or` is written `||`", TokenKind::kOr},
       {"'", "strings are written with double quotes", TokenKind::kEnd},
       {"/", "Cedar has no division", TokenKind::kStar},
       {"%", "Cedar has no division", TokenKind::kStar}}};
  std::size_t size = 1;
  while (at_ + size < text_.size() && (static_cast<unsigned char>(text_[at_ + size]) & 0xC0U) == 0x80U)
    ++size;
  const std::string_view character = text_.substr(at_, size);
  const auto* meant =
      dialect_ == Dialect::kSchema ? kMeant.end() : std::ranges::find(kMeant, character, &Meant::written);
  sink_.report({static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(at_ + size)},
               "`" + std::string(character) + "` has no meaning here",
               meant == kMeant.end() ? "" : std::string(meant->help));
  if (meant != kMeant.end() && meant->kind != TokenKind::kEnd) return meant->kind;
  at_ += size;
  return TokenKind::kEnd;
}

Token Lexer::next() {
  while (true) {
    skip_blanks();
    if (at_ >= text_.size()) return token(TokenKind::kEnd, 0);
    const std::string_view rest = text_.substr(at_);
    const auto run = [&](std::size_t from, auto belongs) {
      while (from < rest.size() && belongs(rest[from])) ++from;
      return from;
    };
    const char first = rest[0];
    if (is_letter(first)) return token(TokenKind::kIdentifier, run(1, is_word));
    if (is_digit(first)) return token(TokenKind::kInteger, run(1, is_digit));
    if (first == '"') return string();
    if (dialect_ == Dialect::kSchema) {
      if (rest.starts_with("::")) return token(TokenKind::kPathSeparator, 2);
      if (const TokenKind kind = schema_symbol(first); kind != TokenKind::kEnd) return token(kind, 1);
      report_unknown();
      if (sink_.full()) at_ = text_.size();
      continue;
    }
    if (first == '?' && rest.size() > 1 && is_letter(rest[1]))
      return token(TokenKind::kSlot, run(1, is_word));
    for (std::size_t i = kFirstSymbols[static_cast<unsigned char>(first)]; i < kSymbols.size(); ++i) {
      const Symbol& symbol = kSymbols[i];
      if (symbol.text[0] != first) break;
      if (symbol.text.size() == 1 || (rest.size() > 1 && symbol.text[1] == rest[1]))
        return token(symbol.kind, symbol.text.size());
    }
    const TokenKind meant = report_unknown();
    if (sink_.full())
      at_ = text_.size();
    else if (meant != TokenKind::kEnd)
      return token(meant, 1);
  }
}

}  // namespace cedar
