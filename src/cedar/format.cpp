#include "cedar/format.h"

#include <algorithm>
#include <vector>

#include "cedar/syntax/layout.h"
#include "cedar/syntax/lexer.h"
#include "cedar/syntax/parser.h"
#include "cedar/values/arena.h"

namespace cedar {
namespace {

struct Comment {
  std::string_view text;  // with its slashes, without blanks at its end
  bool after_blank_line;  // what stands before it is further up
  friend bool operator==(const Comment& a, const Comment& b) { return a.text == b.text; }
};

// A token with the comments on lines before it, and the one on its own line after it.
struct Piece {
  Token token;
  std::vector<Comment> before;
  std::string_view after;         // empty: none
  bool after_blank_line = false;  // between the last comment before the token and the token
  friend bool operator==(const Piece& a, const Piece& b) {
    return a.token.kind == b.token.kind && a.token.text == b.token.text && a.before == b.before &&
           a.after == b.after;
  }
};

std::string_view without_blanks_at_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\v\f");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// The comments between two tokens.
void read_gap(std::string_view gap, Piece* previous, Piece& next) {
  std::size_t lines = 0;
  for (std::size_t i = 0; i < gap.size();) {
    const char c = gap[i];
    if (c != '/') {
      // "\r\n" ends one line.
      if (c == '\n' || (c == '\r' && gap.substr(i + 1, 1) != "\n")) ++lines;
      ++i;
      continue;
    }
    const std::size_t end = std::min(gap.find_first_of("\r\n", i), gap.size());
    const std::string_view text = without_blanks_at_end(gap.substr(i, end - i));
    if (lines == 0 && previous != nullptr && next.before.empty() && previous->after.empty())
      previous->after = text;
    else
      next.before.push_back({text, lines > 1});
    lines = 0;
    i = end;
  }
  next.after_blank_line = lines > 1;
}

std::vector<Piece> pieces_of(std::string_view text) {
  DiagnosticSink sink(text, 1);
  Lexer lexer(text, sink);
  std::vector<Piece> pieces;
  std::size_t end = 0;
  do {
    Piece piece{lexer.next(), {}, {}};
    read_gap(text.substr(end, piece.token.span.begin - end), pieces.empty() ? nullptr : &pieces.back(),
             piece);
    end = piece.token.span.end;
    pieces.push_back(std::move(piece));
  } while (pieces.back().token.kind != TokenKind::kEnd);
  return pieces;
}

// Follows the grammar of text that is known to parse.
class Formatter {
 public:
  explicit Formatter(const std::vector<Piece>& pieces) : pieces_(pieces) {}

  Layout run() {
    while (!at(TokenKind::kEnd)) {
      if (at_ > 0) layout_.blank_line();
      must_end_line_ = false;
      comments_before_policy();
      policy();
    }
    end_of_text();
    return std::move(layout_);
  }

 private:
  const Token& peek(std::size_t ahead = 0) const {
    return pieces_[std::min(at_ + ahead, pieces_.size() - 1)].token;
  }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_word(std::string_view word) const { return at(TokenKind::kIdentifier) && peek().text == word; }

  // Line ends. After a comment, whatever comes next is on a line of its own.

  void line(std::string_view flat) {
    if (must_end_line_) return hard();
    if (!layout_.at_hard_line()) layout_.line(flat);
  }
  void hard() {
    must_end_line_ = false;
    if (!layout_.at_hard_line()) layout_.hard();
  }
  void space() {
    if (must_end_line_) return hard();
    if (!layout_.at_line()) layout_.text(" ");
  }

  // The comments before the next token, where they stand; ahead of the token itself where it closes what they
  // belong to.
  void comments() {
    if (comments_written_ == at_ + 1) return;
    comments_written_ = at_ + 1;
    for (const Comment& comment : pieces_[at_].before) {
      if (must_end_line_ || !layout_.at_line()) hard();
      layout_.text(comment.text);
      must_end_line_ = true;
    }
  }

  // A group. The comments before it do not break it.
  void begin() {
    comments();
    if (must_end_line_) hard();
    layout_.open();
  }

  void take() {
    comments();
    if (must_end_line_) hard();
    const Piece& piece = pieces_[at_++];
    layout_.text(piece.token.text);
    if (piece.after.empty()) return;
    layout_.text(" ");
    layout_.text(piece.after);
    must_end_line_ = true;
  }

  // Outside of policies, blank lines between comments say what belongs together.
  void comments_before_policy() {
    const Piece& piece = pieces_[at_];
    comments_written_ = at_ + 1;
    bool first = true;
    for (const Comment& comment : piece.before) {
      if (!first && comment.after_blank_line) layout_.blank_line();
      layout_.text(comment.text);
      layout_.hard();
      first = false;
    }
    if (!first && piece.after_blank_line) layout_.blank_line();
  }

  void end_of_text() {
    comments_written_ = at_ + 1;
    for (const Comment& comment : pieces_[at_].before) {
      if (!layout_.empty()) comment.after_blank_line ? layout_.blank_line() : layout_.hard();
      layout_.text(comment.text);
    }
  }

  // Policies.

  void policy() {
    while (at(TokenKind::kAt)) {
      take();
      take();
      if (at(TokenKind::kLeftParen)) {
        take();
        take();
        take();
      }
      hard();
    }
    take();
    space();
    scope();
    while (!at(TokenKind::kSemicolon)) condition();
    take();
  }

  // On one line only when it asks for nothing.
  void scope() {
    const bool open_scope = peek(2).kind == TokenKind::kComma && peek(4).kind == TokenKind::kComma &&
                            (peek(6).kind == TokenKind::kRightParen || peek(6).kind == TokenKind::kComma);
    begin();
    take();
    layout_.indent();
    const auto end = [&](std::string_view flat) { open_scope ? line(flat) : hard(); };
    end("");
    while (!at(TokenKind::kRightParen)) {
      scope_test();
      if (!at(TokenKind::kComma)) break;
      take();
      if (!at(TokenKind::kRightParen)) end(" ");
    }
    comments();
    layout_.dedent();
    end("");
    take();
    layout_.close();
  }

  void scope_test() {
    begin();
    take();
    if (!at(TokenKind::kComma) && !at(TokenKind::kRightParen)) {
      if (at_word("is")) {
        space();
        take();
        space();
        path();
      }
      if (!at(TokenKind::kComma) && !at(TokenKind::kRightParen)) {
        space();
        take();
        scope_value();
      }
    }
    layout_.close();
  }

  // Here a list begins a line of its own when it does not fit.
  void scope_value() {
    if (has_lines_of_its_own() && !at(TokenKind::kLeftBracket)) {
      space();
      return primary();
    }
    layout_.open();
    layout_.indent();
    line(" ");
    primary();
    layout_.dedent();
    layout_.close();
  }

  void condition() {
    hard();
    begin();
    take();
    line(" ");
    take();
    layout_.indent();
    line(" ");
    expression();
    comments();
    layout_.dedent();
    line(" ");
    take();
    layout_.close();
  }

  // Expressions, loosest first.

  void expression() { at_word("if") ? choice() : alternatives(); }

  void choice() {
    begin();
    while (true) {
      branch();  // if
      line(" ");
      branch();  // then
      line(" ");
      if (peek(1).kind != TokenKind::kIdentifier || peek(1).text != "if") break;
      take();
      space();
    }
    branch();  // else
    layout_.close();
  }

  void branch() {
    begin();
    take();
    layout_.indent();
    line(" ");
    expression();
    layout_.dedent();
    layout_.close();
  }

  // Within a chain of `||`, those of `&&` are indented from their second line on, which shows what binds
  // tighter.
  void alternatives() {
    std::vector<std::pair<std::size_t, std::size_t>> inner;
    const std::size_t count = chain(TokenKind::kOr, [&] {
      std::pair<std::size_t, std::size_t> places;
      chain(TokenKind::kAnd, [&] { relation(); }, &places);
      inner.push_back(places);
    });
    for (const auto& [from, to] : inner) {
      if (count > 1) layout_.indent_between(from, to);
    }
  }

  template <typename Operand>
  std::size_t chain(TokenKind op, const Operand& operand,
                    std::pair<std::size_t, std::size_t>* places = nullptr) {
    begin();
    operand();
    if (places != nullptr) places->first = layout_.place();
    std::size_t count = 1;
    for (; at(op); ++count) {
      space();
      take();
      line(" ");
      operand();
    }
    if (places != nullptr) places->second = layout_.place();
    layout_.close();
    return count;
  }

  bool at_relation() const {
    switch (peek().kind) {
      case TokenKind::kEqual:
      case TokenKind::kNotEqual:
      case TokenKind::kLess:
      case TokenKind::kLessEqual:
      case TokenKind::kGreater:
      case TokenKind::kGreaterEqual:
        return true;
      default:
        return at_word("in") || at_word("has") || at_word("like") || at_word("is");
    }
  }

  void relation() {
    sum();
    while (at_relation()) {  // `is T in e` is two steps
      const bool is = at_word("is");
      space();
      take();
      operand([&] { is ? path() : sum(); });
    }
  }

  // What follows an operator: on a line of its own when it does not fit, unless that would be no gain.
  template <typename Write>
  void operand(const Write& write) {
    if (has_lines_of_its_own()) {
      space();
      return write();
    }
    layout_.open();
    layout_.indent();
    line(" ");
    write();
    layout_.dedent();
    layout_.close();
  }

  // A bracket, or a string that goes over lines.
  bool has_lines_of_its_own() const {
    if (at(TokenKind::kLeftBrace) || at(TokenKind::kLeftBracket)) return pieces_[at_].before.empty();
    std::size_t ahead = 0;
    while (peek(ahead).kind == TokenKind::kIdentifier && peek(ahead + 1).kind == TokenKind::kPathSeparator)
      ahead += 2;
    return peek(ahead).kind == TokenKind::kString && peek(ahead).text.contains('\n');
  }

  void sum() {
    operators([this] { return at(TokenKind::kPlus) || at(TokenKind::kMinus); }, [this] { product(); });
  }
  void product() {
    operators([this] { return at(TokenKind::kStar); }, [this] { unary(); });
  }

  template <typename AtOperator, typename Operand>
  void operators(const AtOperator& at_operator, const Operand& operand) {
    begin();
    operand();
    layout_.indent();
    while (at_operator()) {
      space();
      take();
      line(" ");
      operand();
    }
    layout_.dedent();
    layout_.close();
  }

  void unary() {
    while (at(TokenKind::kNot) || at(TokenKind::kMinus)) take();
    member();
  }

  // Accesses beyond the first may begin a line; the arguments of a call are laid out for themselves.
  void member() {
    begin();
    primary();
    bool first = true;
    while (at(TokenKind::kDot) || at(TokenKind::kLeftBracket)) {
      layout_.indent();
      if (!first) line("");
      first = false;
      const bool bracket = at(TokenKind::kLeftBracket);
      take();
      take();
      if (bracket) take();
      layout_.dedent();
      if (!at(TokenKind::kLeftParen)) continue;
      layout_.close();
      arguments();
      layout_.open();
    }
    layout_.close();
  }

  void arguments() {
    begin();
    take();
    if (at(TokenKind::kRightParen) || at(TokenKind::kLeftBrace)) {
      list(TokenKind::kRightParen);
      take();
    } else {
      layout_.indent();
      line("");
      list(TokenKind::kRightParen);
      layout_.dedent();
      line("");
      take();
    }
    layout_.close();
  }

  // Up to what closes it, and the comments before that.
  void list(TokenKind close) {
    while (!at(close)) {
      expression();
      if (!at(TokenKind::kComma)) break;
      take();
      if (!at(close)) line(" ");
    }
    comments();
  }

  void primary() {
    switch (peek().kind) {
      case TokenKind::kLeftParen:
        return aligned(TokenKind::kRightParen);
      case TokenKind::kLeftBracket:
        return aligned(TokenKind::kRightBracket);
      case TokenKind::kLeftBrace:
        return record();
      case TokenKind::kIdentifier:
        path();
        if (at(TokenKind::kLeftParen)) arguments();
        return;
      default:
        return take();
    }
  }

  void aligned(TokenKind close) {
    begin();
    take();
    // A comment may have ended the line already.
    must_end_line_ || !pieces_[at_].before.empty() ? layout_.indent() : layout_.align();
    list(close);
    layout_.dedent();
    take();
    layout_.close();
  }

  void record() {
    begin();
    take();
    if (at(TokenKind::kRightBrace) && pieces_[at_].before.empty() && !must_end_line_) {
      take();
      layout_.close();
      return;
    }
    layout_.indent();
    if (!at(TokenKind::kRightBrace)) line(" ");
    while (!at(TokenKind::kRightBrace)) {
      take();
      take();
      space();
      expression();
      if (!at(TokenKind::kComma)) break;
      take();
      if (!at(TokenKind::kRightBrace)) line(" ");
    }
    comments();
    layout_.dedent();
    line(" ");
    take();
    layout_.close();
  }

  void path() {
    take();
    while (at(TokenKind::kPathSeparator)) {
      take();
      take();
    }
  }

  const std::vector<Piece>& pieces_;
  std::size_t at_ = 0;
  std::size_t comments_written_ = 0;  // before the token at this place, plus one
  bool must_end_line_ = false;
  Layout layout_;
};

}  // namespace

std::expected<std::string, Diagnostics> format(std::string_view text, const FormatOptions& options,
                                               const Limits& limits) {
  DiagnosticSink sink(text, std::max(limits.diagnostics, 1U));
  if (!is_acceptable(text, limits, sink)) return std::unexpected(sink.take());
  Arena arena;
  const Source source(text);
  parse_policies(source, limits, arena, sink);
  if (!sink.empty()) return std::unexpected(sink.take());

  const std::vector<Piece> pieces = pieces_of(text);
  std::string formatted = Formatter(pieces).run().render(options.line_width, options.indent);
  // The same tokens mean the same; the same comments stand where they stood.
  if (pieces_of(formatted) == pieces) return formatted;
  sink.report({}, "this text cannot be laid out without changing it", "please report it");
  return std::unexpected(sink.take());
}

}  // namespace cedar
