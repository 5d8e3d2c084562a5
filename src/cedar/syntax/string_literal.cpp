// Escapes in strings and patterns, as in Rust string literals: \" \\ \' \n \r \t \0 \x00–\x7F \u{1–6 digits},
// where underscores may stand between and behind the digits. Unlike there, a backslash does not hide the end
// of a line. A carriage return stands in no string.

#include <algorithm>
#include <charconv>
#include <cstring>

#include "cedar/syntax/lexer.h"

namespace cedar {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&out](std::uint32_t value) {
    out += static_cast<char>(static_cast<unsigned char>(value));
  };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0U | (code >> 6U));
  } else {
    if (code < 0x10000) {
      byte(0xE0U | (code >> 12U));
    } else {
      byte(0xF0U | (code >> 18U));
      byte(0x80U | ((code >> 12U) & 0x3FU));
    }
    byte(0x80U | ((code >> 6U) & 0x3FU));
  }
  byte(0x80U | (code & 0x3FU));
}

namespace {

class Unescaper {
 public:
  Unescaper(const Token& token, Arena& arena, DiagnosticSink& sink)
      : body_(token.text.substr(1, token.text.size() - 2)),
        begin_(token.span.begin + 1),
        arena_(arena),
        sink_(sink) {}

  bool run(bool pattern) {
    bool good = true;
    while (at_ < body_.size()) {
      const std::size_t start = at_;
      const char c = body_[at_++];
      if (c == '\r') {
        good = false;
        sink_.report(span_from(start), "a carriage return stands in this string", "write it as `\\r`");
      } else if (c == '\\') {
        if (escape(pattern)) continue;
        good = false;
        while (at_ < body_.size() && (static_cast<unsigned char>(body_[at_]) & 0xC0U) == 0x80U) ++at_;
        sink_.report(span_from(start),
                     "unknown escape `" + std::string(body_.substr(start, at_ - start)) + "`",
                     "escapes are \\\" \\\\ \\' \\n \\r \\t \\0 \\x7F \\u{10FFFF}" +
                         std::string(pattern ? " \\*" : ", and \\* after `like`"));
      } else if (c == '*' && pattern) {
        end_piece();
      } else {
        piece_ += c;
      }
    }
    end_piece();
    return good;
  }

  const std::vector<std::string_view>& pieces() const { return pieces_; }

 private:
  Span span_from(std::size_t start) const {
    return {static_cast<std::uint32_t>(begin_ + start), static_cast<std::uint32_t>(begin_ + at_)};
  }

  void end_piece() {
    pieces_.push_back(arena_.copy(piece_));
    piece_.clear();
  }

  // Reads what follows a backslash. False: nothing known; what was read is what to complain of.
  bool escape(bool pattern) {
    static constexpr std::string_view kNames = "\"\\'nrt0";
    static constexpr std::string_view kMeanings("\"\\'\n\r\t\0", 7);
    const char c = body_[at_++];
    if (const std::size_t which = kNames.find(c); which != std::string_view::npos) {
      piece_ += kMeanings[which];
      return true;
    }
    if (c == '*' && pattern) {
      piece_ += '*';
      return true;
    }
    if (c == 'x') {
      const std::string_view digits = body_.substr(at_, 2);
      if (digits.size() != 2 || !character(digits, 0x7F, pattern)) return false;
      at_ += 2;
      return true;
    }
    if (c != 'u' || !body_.substr(at_).starts_with('{')) return false;
    ++at_;
    std::string digits;
    std::size_t end = at_;
    for (; end < body_.size() && body_[end] != '}' && digits.size() <= 6; ++end)
      if (body_[end] != '_' || end == at_) digits += body_[end];
    if (end == body_.size() || body_[end] != '}' || !character(digits, 0x10FFFF, pattern)) return false;
    at_ = end + 1;
    return true;
  }

  // One to six hexadecimal digits. A star that is written as a number is a wildcard in a pattern: only `\*`
  // is a literal one.
  bool character(std::string_view digits, std::uint32_t limit, bool pattern) {
    std::uint32_t code = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.empty() || digits.size() > 6 || error != std::errc() || stop != digits.data() + digits.size())
      return false;
    if (code > limit || (code >= 0xD800 && code <= 0xDFFF)) return false;
    if (pattern && code == '*')
      end_piece();
    else
      append_utf8(piece_, code);
    return true;
  }

  std::string_view body_;
  std::size_t begin_;
  Arena& arena_;
  DiagnosticSink& sink_;
  std::size_t at_ = 0;
  std::string piece_;
  std::vector<std::string_view> pieces_;
};

}  // namespace

std::optional<std::string_view> unescape(const Token& token, Arena& arena, DiagnosticSink& sink) {
  const std::string_view body = token.text.substr(1, token.text.size() - 2);
  if (body.find_first_of("\\\r") == std::string_view::npos) return arena.copy(body);
  Unescaper unescaper(token, arena, sink);
  if (!unescaper.run(false)) return std::nullopt;
  return unescaper.pieces().front();
}

std::optional<std::span<const std::string_view>> unescape_pattern(const Token& token, Arena& arena,
                                                                  DiagnosticSink& sink) {
  Unescaper unescaper(token, arena, sink);
  if (!unescaper.run(true)) return std::nullopt;
  return arena.copy_of(unescaper.pieces());
}

bool is_valid_utf8(std::string_view text, std::size_t& bad_offset) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  for (std::size_t i = 0; i < text.size();) {
    // Eight at a time, as long as they are ASCII.
    if (i + 8 <= text.size()) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080U) == 0) {
        i += 8;
        continue;
      }
    }
    bad_offset = i;
    const std::uint32_t lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4) return false;
    std::uint32_t code = lead & (0xFFU >> (size + 1));
    for (std::size_t k = 1; k < size; ++k) {
      if ((byte(i + k) & 0xC0U) != 0x80U) return false;
      code = (code << 6U) | (byte(i + k) & 0x3FU);
    }
    // Overlong forms, surrogates, and beyond Unicode.
    static constexpr std::uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kLowest[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += size;
  }
  return true;
}

}  // namespace cedar
