// The texts that generated worlds are made of, and the mutation of texts.

#include <algorithm>
#include <array>

#include "cedar/syntax/lexer.h"
#include "cedar/testing/generator_impl.h"

namespace cedar::testing {
namespace {

using namespace std::string_view_literals;

constexpr std::array kTexts = {"",        "a",    "ab",      "a*b", "aab", "日本",
                               "é\u0301", "\n\t", "x \"y\"", "\\",  "😀",  "*"};
constexpr std::array kNumbers = {"0",
                                 "1",
                                 "2",
                                 "7",
                                 "-1",
                                 "10",
                                 "3037000500",
                                 "4611686018427387904",
                                 "9223372036854775807",
                                 "-9223372036854775807",
                                 "-9223372036854775808"};

// First those that are texts of the type.
constexpr std::array kDecimals = {"0.0",
                                  "1.5",
                                  "-1.5",
                                  "1.50",
                                  "-0.0",
                                  "00.1234",
                                  "922337203685477.5807",
                                  "-922337203685477.5808",
                                  "922337203685477.5808",
                                  "1.",
                                  "1",
                                  ".5",
                                  "1.00000",
                                  "+1.0",
                                  "-.5",
                                  "1.5 "};
constexpr std::size_t kGoodDecimals = 8;
constexpr std::array kDatetimes = {"2024-01-01",
                                   "2024-01-01T00:00:00Z",
                                   "2024-02-29T23:59:59.999Z",
                                   "1970-01-01",
                                   "2024-01-01T00:00:00+0100",
                                   "1969-12-31T23:59:59.999Z",
                                   "0000-01-01",
                                   "9999-12-31T23:59:59.999-2359",
                                   "2023-02-29",
                                   "2024-01-01T24:00:00Z",
                                   "2016-12-31T23:59:60Z",
                                   "2024-01-01T00:00:00+2400",
                                   "2024-01-01T00:00:00+0060",
                                   "2024-1-01",
                                   "2024-01-01T00:00:00.1Z",
                                   "2024-01-01T00:00:00",
                                   "2024-01-01T00:00:00z",
                                   "2024-01-01T00:00:00.000+0000",
                                   "1900-02-29",
                                   "2024-00-01"};
constexpr std::size_t kGoodDatetimes = 8;
constexpr std::array kDurations = {"0ms",
                                   "1d",
                                   "1h30m",
                                   "-1ms",
                                   "1d2h3m4s5ms",
                                   "-1d",
                                   "9223372036854775807ms",
                                   "-9223372036854775808ms",
                                   "9223372036854775808ms",
                                   "106751991167d",
                                   "106751991168d",
                                   "",
                                   "1",
                                   "1m1h",
                                   "1d1d",
                                   "+1s",
                                   "-",
                                   "1.5s",
                                   "00001s",
                                   "1d ",
                                   "-9223372036854775809ms"};
constexpr std::size_t kGoodDurations = 8;
constexpr std::array kAddresses = {"127.0.0.1",
                                   "10.0.0.0/8",
                                   "10.1.2.3",
                                   "10.1.2.3/8",
                                   "::1",
                                   "::/0",
                                   "0.0.0.0/0",
                                   "2001:db8::/32",
                                   "ff00::1",
                                   "224.0.0.1",
                                   "::ffff:1.2.3.4",
                                   "1.2.3.4/33",
                                   "1.2.3",
                                   "256.0.0.1",
                                   "01.2.3.4",
                                   "1::2::3",
                                   "::1/129",
                                   "10.0.0.1/08",
                                   "/8",
                                   "1:2:3:4:5:6:7:8",
                                   "1:2:3:4:5:6:7::",
                                   "0:0:0:0:0:0:0:1",
                                   "::00001",
                                   "127.0.0.1/032",
                                   "127.0.0.1/",
                                   "ABCD::ef"};
constexpr std::size_t kGoodAddresses = 10;

template <typename Array>
std::string mostly(const Array& from, std::size_t good, std::size_t good_per_mille, Dice& dice) {
  if (dice.below(1000) < good_per_mille) return from[dice.below(good)];
  return from[good + dice.below(from.size() - good)];
}

std::string digits(std::size_t count, Dice& dice) {
  std::string out;
  for (; count > 0; --count) out += static_cast<char>('0' + (dice.chance(30) ? 0 : dice.below(10)));
  return out;
}

std::string composed_decimal(Dice& dice) {
  return dice.pick({"", "", "-"}) + digits(dice.chance(80) ? 1 + dice.below(4) : 14 + dice.below(3), dice) +
         "." + digits(dice.chance(90) ? 1 + dice.below(4) : dice.below(6), dice);
}

// Two digits, up to a bit more than `most`.
std::string two_digits(std::size_t most, Dice& dice) {
  const std::size_t value = dice.chance(97) ? dice.below(most + 1) : most + dice.below(4);
  return std::string(value < 10 ? "0" : "") + std::to_string(value);
}

std::string composed_datetime(Dice& dice) {
  std::string out = dice.pick({"20", "19", "00", "99"}) + digits(2, dice) + "-" +
                    dice.pick({"01", "02", "02", "06", "12", "12", "13", "00"}) + "-" +
                    dice.pick({"01", "28", "29", "30", "31", "15", "32", "00"});
  if (dice.chance(30)) return out;
  out += "T" + two_digits(23, dice) + ":" + two_digits(59, dice) + ":" + two_digits(59, dice);
  if (dice.chance(40)) out += "." + digits(dice.chance(90) ? 3 : dice.below(5), dice);
  if (dice.chance(50)) return out + "Z";
  return out + dice.pick({"+", "-"}) + two_digits(23, dice) + two_digits(59, dice);
}

std::string composed_duration(Dice& dice) {
  std::string out = dice.pick({"", "", "-"});
  for (const char* unit : {"d", "h", "m", "s", "ms"}) {
    if (dice.chance(50)) out += digits(dice.chance(85) ? 1 + dice.below(4) : 9 + dice.below(11), dice) + unit;
  }
  return out;
}

std::string composed_address(Dice& dice) {
  std::string out;
  if (dice.chance(40)) {
    for (int i = 0; i < 4; ++i)
      out += (i > 0 ? "." : "") + (dice.chance(95) ? std::to_string(dice.below(256)) : digits(3, dice));
    if (dice.chance(40)) out += "/" + std::to_string(dice.below(34));
    return out;
  }
  const std::size_t gap = dice.below(10);
  const std::size_t groups = gap < 8 && dice.chance(70) ? 1 + dice.below(7) : 8;
  for (std::size_t i = 0; i < groups; ++i) {
    if (i == gap && groups < 8) out += i == 0 ? "::" : ":";
    out += dice.pick({"0", "1", "ff", "fe80", "FFFF", "0db8", "00001"}) + (i + 1 < groups ? ":" : "");
  }
  if (gap >= groups && groups < 8) out += "::";
  if (dice.chance(40)) out += "/" + std::to_string(dice.below(131));
  return out;
}

constexpr std::array kPolicyTokens = {"permit",
                                      "forbid",
                                      "principal",
                                      "action",
                                      "resource",
                                      "context",
                                      "when",
                                      "unless",
                                      "if",
                                      "then",
                                      "else",
                                      "in",
                                      "is",
                                      "has",
                                      "like",
                                      "true",
                                      "false",
                                      "__cedar",
                                      "(",
                                      ")",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      ",",
                                      ";",
                                      ".",
                                      "::",
                                      ":",
                                      "==",
                                      "!=",
                                      "<",
                                      "<=",
                                      ">",
                                      ">=",
                                      "+",
                                      "-",
                                      "*",
                                      "!",
                                      "&&",
                                      "||",
                                      "@",
                                      "?principal",
                                      "?resource",
                                      "?x",
                                      "=",
                                      "&",
                                      "|",
                                      "/",
                                      "%",
                                      "0",
                                      "1",
                                      "007",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "99999999999999999999999999",
                                      "\"a\"",
                                      "\"\"",
                                      "\"*\"",
                                      "\"\\*\"",
                                      "\"\\u{41}\"",
                                      "\"\\u{110000}\"",
                                      "\"\\u{d800}\"",
                                      "\"\\x41\"",
                                      "\"\\x80\"",
                                      "\"\\q\"",
                                      "\"\\0\"",
                                      "\"\\'\"",
                                      "\"\\\n a\"",
                                      "\"\\u{0000041}\"",
                                      "\"\n\"",
                                      "\"",
                                      "User",
                                      "Action",
                                      "ip",
                                      "decimal",
                                      "contains",
                                      "containsAll",
                                      "isEmpty",
                                      "getTag",
                                      "lessThan",
                                      "toDate",
                                      "é",
                                      "a1",
                                      "_",
                                      "//",
                                      "// c\n",
                                      "/* c */",
                                      "\t",
                                      "@a(\"b\")",
                                      "@a",
                                      "@if(\"x\")",
                                      "Action::\"view\"",
                                      "User::\"a\"",
                                      "User::\"a\"",
                                      "principal.a",
                                      "context.if",
                                      "[\"a\"]",
                                      "a: 1",
                                      "\"a\": 1",
                                      "U::T",
                                      "-1",
                                      "--1",
                                      "!true",
                                      "----1",
                                      "!!!!!true",
                                      "((",
                                      "))",
                                      "a::b",
                                      "ip(\"::1\")",
                                      "a::ip(\"::1\")",
                                      "\xc2\xa0",
                                      "\xe2\x80\xa8"};
constexpr std::array kSchemaTokens = {"entity",
                                      "action",
                                      "type",
                                      "namespace",
                                      "in",
                                      "appliesTo",
                                      "principal",
                                      "resource",
                                      "context",
                                      "tags",
                                      "enum",
                                      "attributes",
                                      "Set",
                                      "<",
                                      ">",
                                      "Set<",
                                      "Long",
                                      "String",
                                      "Bool",
                                      "Boolean",
                                      "Entity",
                                      "Record",
                                      "Extension",
                                      "ipaddr",
                                      "decimal",
                                      "datetime",
                                      "duration",
                                      "__cedar",
                                      "__cedar::Long",
                                      "__cedar::X",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      "(",
                                      ")",
                                      ",",
                                      ";",
                                      ":",
                                      "::",
                                      "?",
                                      "=",
                                      "@a",
                                      "@a(\"b\")",
                                      "\"a\"",
                                      "\"a b\"",
                                      "\"\\u{41}\"",
                                      "\"\\*\"",
                                      "if",
                                      "true",
                                      "User",
                                      "Group",
                                      "Doc",
                                      "N",
                                      "N::M",
                                      "App",
                                      "Action",
                                      "Action::\"view\"",
                                      "Common1",
                                      "a",
                                      "b",
                                      "1",
                                      "é",
                                      "// c\n",
                                      "\"view\"",
                                      "view",
                                      "in User",
                                      "tags Long",
                                      "type T = Long;",
                                      "entity X;",
                                      "entity X, Y;",
                                      "action \"x\";",
                                      "type Long = String;",
                                      "is",
                                      "like",
                                      "has"};
constexpr std::array kJsonTokens = {"{",
                                    "}",
                                    "[",
                                    "]",
                                    ",",
                                    ":",
                                    "null",
                                    "true",
                                    "false",
                                    "0",
                                    "1",
                                    "-1",
                                    "1.0",
                                    "1e3",
                                    "9223372036854775808",
                                    "\"type\"",
                                    "\"name\"",
                                    "\"element\"",
                                    "\"attributes\"",
                                    "\"required\"",
                                    "\"Set\"",
                                    "\"Record\"",
                                    "\"Long\"",
                                    "\"String\"",
                                    "\"Boolean\"",
                                    "\"Bool\"",
                                    "\"Entity\"",
                                    "\"EntityOrCommon\"",
                                    "\"Extension\"",
                                    "\"ipaddr\"",
                                    "\"decimal\"",
                                    "\"__cedar::Long\"",
                                    "\"memberOf\"",
                                    "\"memberOfTypes\"",
                                    "\"shape\"",
                                    "\"tags\"",
                                    "\"enum\"",
                                    "\"appliesTo\"",
                                    "\"principalTypes\"",
                                    "\"resourceTypes\"",
                                    "\"context\"",
                                    "\"commonTypes\"",
                                    "\"entityTypes\"",
                                    "\"actions\"",
                                    "\"annotations\"",
                                    "\"additionalAttributes\"",
                                    "\"id\"",
                                    "\"uid\"",
                                    "\"attrs\"",
                                    "\"parents\"",
                                    "\"__entity\"",
                                    "\"__extn\"",
                                    "\"fn\"",
                                    "\"arg\"",
                                    "\"args\"",
                                    "\"\"",
                                    "\"a\"",
                                    "\"b\"",
                                    "\"User\"",
                                    "\"Action\"",
                                    "\"\\u0041\"",
                                    "\"a\":1",
                                    "\"x\":{}"};

// What escapes, patterns and tokens are about, and what Unicode has at its edges.
constexpr std::u32string_view kCharacters =
    U"ab*\"'\\\n\r\t\0\x7f /@{}?;:.,()[]=<&|!-_09\u00a0\u00e9\u0301\u07ff\u2028\u202e\u65e5\ufeff\ufffd\U00010000\U0001f600\U0010ffff"sv;

std::u32string characters_of(std::string_view text) {
  std::u32string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U)
      out.back() = (out.back() << 6U) | (byte & 0x3FU);
    else
      out += byte < 0x80 ? byte : byte < 0xE0 ? byte & 0x1FU : byte < 0xF0 ? byte & 0x0FU : byte & 0x07U;
  }
  return out;
}

std::string hexadecimal(char32_t c, std::size_t digits, Dice& dice) {
  std::string out;
  for (; c != 0 || out.empty() || out.size() < digits; c /= 16)
    out.insert(out.begin(), (dice.chance(50) ? "0123456789abcdef" : "0123456789ABCDEF")[c % 16]);
  return out;
}

// A character of a literal in one of the ways it can be written. A star means itself only in strings.
std::string written(char32_t c, Dice& dice) {
  constexpr std::u32string_view kNamed = U"\"'\\\n\r\t\0"sv;
  constexpr std::string_view kEscapes = "\"'\\nrt0";
  const std::size_t named = kNamed.find(c);
  const bool must = c == '"' || c == '\\' || c == '\r';
  if (named != kNamed.npos && dice.chance(must ? 85 : 50)) return std::string("\\") + kEscapes[named];
  if (!must && !dice.chance(8)) {
    std::string out;
    append_utf8(out, c);
    return out;
  }
  if (c < 0x80 && dice.chance(40)) return "\\x" + hexadecimal(c, 2, dice);
  std::string digits = hexadecimal(c, 1 + dice.below(6), dice);
  if (dice.chance(15)) digits.insert(1 + dice.below(digits.size()), "_");
  return "\\u{" + digits + "}";
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (text[i] == '"') {
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
    } else if (is_word(text[i])) {
      while (end < text.size() && is_word(text[end])) ++end;
    } else if (end < text.size()) {
      const std::string_view two = text.substr(i, 2);
      constexpr std::array kPairs = {"==", "!=", "<=", ">=", "&&", "||", "::"};
      if (std::ranges::find(kPairs, two) != kPairs.end()) ++end;
    }
    out.emplace_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

std::string other_token(TextKind kind, Dice& dice) {
  // Messages name what they are about, however long that is.
  if (dice.chance(2))
    return (kind == TextKind::kJson ? "\"" : "") + std::string(3000, 'y') +
           (kind == TextKind::kJson ? "\"" : "");
  switch (kind) {
    case TextKind::kPolicies:
      return dice.pick(kPolicyTokens);
    case TextKind::kSchema:
      return dice.pick(kSchemaTokens);
    case TextKind::kJson:
      return dice.pick(kJsonTokens);
  }
  return "";
}

}  // namespace

std::string any_text(Dice& dice) {
  if (dice.chance(80)) return dice.pick(kTexts);
  if (dice.chance(2)) return std::string(3000, 'x');
  std::string out;
  for (std::size_t i = 1 + dice.below(4); i > 0; --i) append_utf8(out, dice.pick(kCharacters));
  return out;
}
std::string any_number(Dice& dice) { return kNumbers[dice.below(dice.chance(75) ? 6 : kNumbers.size())]; }

std::string extension_text(Base base, std::size_t good_per_mille, Dice& dice) {
  switch (base) {
    case Base::kDecimal:
      return mostly(kDecimals, kGoodDecimals, good_per_mille, dice);
    case Base::kDatetime:
      return mostly(kDatetimes, kGoodDatetimes, good_per_mille, dice);
    case Base::kDuration:
      return mostly(kDurations, kGoodDurations, good_per_mille, dice);
    default:
      return mostly(kAddresses, kGoodAddresses, good_per_mille, dice);
  }
}

std::string composed_extension_text(Base base, Dice& dice) {
  switch (base) {
    case Base::kDecimal:
      return composed_decimal(dice);
    case Base::kDatetime:
      return composed_datetime(dice);
    case Base::kDuration:
      return composed_duration(dice);
    default:
      return composed_address(dice);
  }
}

std::string_view constructor_of(Base base) {
  switch (base) {
    case Base::kDecimal:
      return "decimal";
    case Base::kDatetime:
      return "datetime";
    case Base::kDuration:
      return "duration";
    default:
      return "ip";
  }
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += std::string("\\u00") + (c < 0x10 ? '0' : '1') + kDigits[static_cast<std::size_t>(c) % 16];
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

std::string policy_text(std::string_view text, Dice& dice) {
  std::string out = "\"";
  for (const char32_t c : characters_of(text)) out += written(c, dice);
  return out + "\"";
}

std::string pattern_text(Dice& dice) {
  std::string out = "\"";
  for (std::size_t i = dice.below(5); i > 0; --i) {
    if (dice.chance(35))
      out += dice.pick({"*", "*", "**", "\\*", "\\u{2a}", "\\x2A"});
    else
      out +=
          written(dice.chance(60) ? dice.pick(std::u32string_view(U"ab日")) : dice.pick(kCharacters), dice);
  }
  return out + "\"";
}

std::string with_comments(std::string_view text, Dice& dice) {
  std::string out;
  for (const std::string& token : tokens_of(text)) {
    out += token;
    if ((token != " " && token != "\n") || !dice.chance(6)) continue;
    out += dice.pick({"// said\n", "//\n", "// \"\n", "// */ é 😀\r", "//// permit(\r\n", "\t\r\n", "\u00a0",
                      "\u2028", "\f\v", "// a\u2028b\n"});
  }
  return out;
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || name == "if" || name == "in") return false;
  return std::ranges::all_of(name, [](char c) { return is_word(c) && static_cast<unsigned char>(c) < 0x80; });
}

std::string mutate_tokens(std::string_view text, TextKind kind, std::uint64_t seed) {
  Dice dice(seed);
  std::vector<std::string> tokens = tokens_of(text);
  for (std::size_t i = dice.chance(70) ? 1 : 1 + dice.below(3); i > 0 && !tokens.empty(); --i) {
    const auto at = tokens.begin() + static_cast<std::ptrdiff_t>(dice.below(tokens.size()));
    switch (dice.below(9)) {
      case 6:
      case 7:
      case 8: {
        // A word or a string for another one, which mostly still parses.
        std::vector<std::string*> words;
        for (std::string& token : tokens) {
          if (is_word(token.front()) || token.front() == '"') words.push_back(&token);
        }
        if (words.size() < 2) break;
        std::string* const first = dice.pick(words);
        *first = dice.chance(50) ? *dice.pick(words) : other_token(kind, dice);
        break;
      }
      case 0:
        tokens.erase(at);
        break;
      case 1:
        tokens.insert(at, std::string(*at));
        break;
      case 2:
        std::swap(*at, tokens[dice.below(tokens.size())]);
        break;
      case 3:
        tokens.insert(at, other_token(kind, dice));
        break;
      case 4:
        *at = std::string(dice.pick(tokens));
        break;
      default:
        *at = other_token(kind, dice);
    }
  }
  std::string out;
  for (const std::string& token : tokens) out += token;
  return out;
}

std::string mutate_characters(std::string_view text, std::uint64_t seed) {
  Dice dice(seed);
  std::u32string characters = characters_of(text);
  for (std::size_t i = 1 + dice.below(2); i > 0 && !characters.empty(); --i) {
    // Strings are where single characters matter most.
    std::size_t at = dice.below(characters.size());
    if (dice.chance(50)) {
      const std::size_t escape = characters.find(dice.chance(50) ? U'\\' : U'"', at);
      if (escape != characters.npos) at = std::min(escape + dice.below(5), characters.size() - 1);
    }
    switch (dice.below(4)) {
      case 0:
        characters.erase(at, 1);
        break;
      case 1:
        characters.insert(at, 1, dice.pick(characters));
        break;
      case 2:
        characters[at] = dice.pick(kCharacters);
        break;
      default:
        characters.insert(at, 1, dice.pick(kCharacters));
    }
  }
  std::string out;
  for (const char32_t c : characters) append_utf8(out, c);
  return out;
}

std::string wild_schema(std::uint64_t seed) {
  Dice dice(seed);
  const auto name = [&dice] {
    return dice.pick(
        {"A", "B", "C", "D", "A", "B", "Long", "Bool", "decimal", "Set", "Entity", "Action", "a", "in"});
  };
  const auto reference = [&] {
    return dice.pick({"A",
                      "B",
                      "C",
                      "A",
                      "B",
                      "N::A",
                      "N::B",
                      "M::A",
                      "__cedar::Long",
                      "__cedar::A",
                      "Long",
                      "String",
                      "Bool",
                      "decimal",
                      "ipaddr",
                      "Action",
                      "N::Action",
                      "Boolean",
                      "N::N::A",
                      "__cedar::decimal"});
  };
  const auto type = [&] {
    switch (dice.below(6)) {
      case 0:
        return "Set<" + reference() + ">";
      case 1:
        return "{a: " + reference() + ", b?: " + reference() + "}";
      default:
        return reference();
    }
  };
  const auto declaration = [&]() -> std::string {
    switch (dice.below(8)) {
      case 0:
      case 1:
        return "type " + name() + " = " + type() + ";";
      case 2:
        return "entity " + name() + ", " + name() + " in " + reference() + ";";
      case 3:
        return "entity " + name() + " in [" + reference() + "] {a: " + type() + "} tags " + type() + ";";
      case 4:
        return "entity " + name() +
               dice.pick({";", " {};", " enum [\"a\", \"b\"];", " enum [\"a\", \"a\"];", " enum [];"});
      case 5:
        return "action " + name() + ", \"x\" in [" +
               dice.pick({"a", "x", "\"A\"", "N::Action::\"x\"", "Action::\"x\""}) + "];";
      default:
        return "action " + name() + " appliesTo {principal: " + reference() + ", resource: [" + reference() +
               "], context: " + type() + "};";
    }
  };
  std::string out;
  for (std::size_t i = 1 + dice.below(3); i > 0; --i) out += declaration() + "\n";
  for (const char* space : {"N", "M", "N", "__cedar", "N::N"}) {
    if (!dice.chance(18)) continue;
    out += std::string("namespace ") + space + " {\n";
    for (std::size_t i = dice.below(4); i > 0; --i) out += declaration() + "\n";
    out += "}\n";
  }
  return out;
}

}  // namespace cedar::testing
