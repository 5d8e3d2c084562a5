#include "mcp/ecmascript_pattern.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/ascii.h"

namespace remit::mcp {
namespace {

constexpr int kMaxNesting = 32;
constexpr std::uint32_t kMaxCodePoint = 0x10FFFF;
constexpr std::uint32_t kClassEscape = kMaxCodePoint + 1;  // \d and its like: a set, not a character
constexpr std::uint32_t kMaxCount = 1'000'000;
constexpr std::string_view kSyntax = "^$\\.*+?()[]{}|";

constexpr std::array<std::string_view, 50> kProperties = {"L",
                                                          "Lu",
                                                          "Ll",
                                                          "Lt",
                                                          "Lm",
                                                          "Lo",
                                                          "M",
                                                          "Mn",
                                                          "Mc",
                                                          "Me",
                                                          "N",
                                                          "Nd",
                                                          "Nl",
                                                          "No",
                                                          "P",
                                                          "Pc",
                                                          "Pd",
                                                          "Ps",
                                                          "Pe",
                                                          "Pi",
                                                          "Pf",
                                                          "Po",
                                                          "S",
                                                          "Sm",
                                                          "Sc",
                                                          "Sk",
                                                          "So",
                                                          "Z",
                                                          "Zs",
                                                          "Zl",
                                                          "Zp",
                                                          "C",
                                                          "Cc",
                                                          "Cf",
                                                          "Cs",
                                                          "Co",
                                                          "Cn",
                                                          "Letter",
                                                          "Number",
                                                          "Alphabetic",
                                                          "Emoji",
                                                          "Any",
                                                          "ASCII",
                                                          "Uppercase",
                                                          "Lowercase",
                                                          "Script=Latin",
                                                          "Script=Greek",
                                                          "Script=Cyrillic",
                                                          "Script=Han",
                                                          "White_Space"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool read() { return alternatives(0) && rest_.empty(); }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  bool alternatives(int depth) {
    if (depth > kMaxNesting) return false;
    while (!rest_.empty() && rest_.front() != ')') {
      if (take("|")) continue;
      if (!term(depth)) return false;
    }
    return true;
  }

  bool group(int depth) { return alternatives(depth + 1) && take(")"); }

  bool term(int depth) {
    if (take("^") || take("$") || take("\\b") || take("\\B")) return true;
    // Assertions take no quantifier.
    for (const auto* look : {"(?=", "(?!", "(?<=", "(?<!"})
      if (take(look)) return group(depth);
    return atom(depth) && quantifier();
  }

  bool atom(int depth) {
    if (take(".")) return true;
    if (take("(?:")) return group(depth);
    if (take("(?<")) return group_name() && group(depth);
    if (rest_.starts_with("(?")) return false;
    if (take("(")) return group(depth);
    if (take("[")) return character_class();
    if (take("\\")) return escape().has_value();
    if (kSyntax.contains(rest_.front())) return false;
    return character().has_value();
  }

  bool group_name() {
    const auto end = rest_.find('>');
    if (end == 0 || end == std::string_view::npos || is_digit(rest_.front())) return false;
    const std::string name(rest_.substr(0, end));
    const bool plain =
        std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
    rest_.remove_prefix(end + 1);
    return plain && names_.insert(name).second;
  }

  bool quantifier() {
    if (take("*") || take("+") || take("?")) return take("?"), true;
    if (!take("{")) return true;
    const auto least = count();
    if (!least) return false;
    if (take(",") && !rest_.starts_with('}')) {
      const auto most = count();
      if (!most || *most < *least) return false;
    }
    return take("}") && (take("?"), true);
  }

  std::optional<std::uint32_t> count() {
    if (rest_.empty() || !is_digit(rest_.front())) return std::nullopt;
    std::uint32_t number = 0;
    while (!rest_.empty() && is_digit(rest_.front())) {
      number = (number * 10) + static_cast<std::uint32_t>(rest_.front() - '0');
      if (number > kMaxCount) return std::nullopt;
      rest_.remove_prefix(1);
    }
    return number;
  }

  bool character_class() {
    take("^");
    while (!rest_.empty() && rest_.front() != ']') {
      const auto first = class_atom();
      if (!first) return false;
      if (!rest_.starts_with('-') || rest_.starts_with("-]")) continue;
      take("-");
      if (rest_.empty()) return false;
      const auto last = class_atom();
      if (!last || *first == kClassEscape || *last == kClassEscape || *last < *first) return false;
    }
    return take("]");
  }

  std::optional<std::uint32_t> class_atom() {
    if (!take("\\")) return character();
    if (take("b")) return 8;
    if (take("-")) return '-';
    return escape();
  }

  // One code point as it stands.
  std::optional<std::uint32_t> character() {
    const auto lead = static_cast<unsigned char>(rest_.front());
    std::size_t size = 1;
    std::uint32_t code = lead;
    if (lead >= 0xF0) {
      size = 4;
      code = lead & 0x07U;
    } else if (lead >= 0xE0) {
      size = 3;
      code = lead & 0x0FU;
    } else if (lead >= 0xC0) {
      size = 2;
      code = lead & 0x1FU;
    }
    if (rest_.size() < size) return std::nullopt;
    for (std::size_t i = 1; i < size; ++i)
      code = (code << 6U) | (static_cast<unsigned char>(rest_[i]) & 0x3FU);
    rest_.remove_prefix(size);
    return code;
  }

  // What may follow a backslash, inside a class and outside.
  std::optional<std::uint32_t> escape() {
    if (rest_.empty()) return std::nullopt;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (kSyntax.contains(c) || c == '/') return static_cast<unsigned char>(c);
    switch (c) {
      case 'd':
      case 'D':
      case 's':
      case 'S':
      case 'w':
      case 'W':
        return kClassEscape;
      case 'p':
      case 'P':
        return property();
      case 't':
        return 9;
      case 'n':
        return 10;
      case 'v':
        return 11;
      case 'f':
        return 12;
      case 'r':
        return 13;
      case '0':
        if (!rest_.empty() && is_digit(rest_.front())) return std::nullopt;
        return 0;
      case 'c':
        return control();
      case 'x':
        return hex(2);
      case 'u':
        return unicode();
      default:
        return std::nullopt;
    }
  }

  std::optional<std::uint32_t> property() {
    if (!take("{")) return std::nullopt;
    const auto end = rest_.find('}');
    if (end == std::string_view::npos) return std::nullopt;
    const auto name = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    if (std::ranges::find(kProperties, name) == kProperties.end()) return std::nullopt;
    return kClassEscape;
  }

  std::optional<std::uint32_t> control() {
    if (rest_.empty() || !is_letter(rest_.front())) return std::nullopt;
    const auto code = static_cast<unsigned char>(rest_.front()) % 32U;
    rest_.remove_prefix(1);
    return code;
  }

  std::optional<std::uint32_t> hex(std::size_t digits) {
    if (rest_.size() < digits || !std::ranges::all_of(rest_.substr(0, digits), is_hex)) return std::nullopt;
    const auto code =
        static_cast<std::uint32_t>(std::stoul(std::string(rest_.substr(0, digits)), nullptr, 16));
    rest_.remove_prefix(digits);
    return code;
  }

  std::optional<std::uint32_t> unicode() {
    if (!take("{")) {
      const auto unit = hex(4);
      if (!unit || *unit < 0xD800 || *unit > 0xDBFF) return unit;
      // With the one that follows it is one character; alone it is one too.
      const auto before = rest_;
      if (take("\\u"))
        if (const auto low = hex(4); low && *low >= 0xDC00 && *low <= 0xDFFF)
          return 0x10000 + ((*unit - 0xD800) << 10U) + (*low - 0xDC00);
      rest_ = before;
      return unit;
    }
    const auto end = rest_.find('}');
    if (end == 0 || end == std::string_view::npos || end > 6) return std::nullopt;
    const auto code = hex(end);
    return code && *code <= kMaxCodePoint && take("}") ? code : std::nullopt;
  }

  std::string_view rest_;
  std::set<std::string> names_;
};

}  // namespace

bool is_ecmascript_pattern(std::string_view pattern) { return Reader(pattern).read(); }

}  // namespace remit::mcp
