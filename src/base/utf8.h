// UTF-8 (RFC 3629), read code point by code point.
//
// Thread-safety: functions of their arguments.

#pragma once

#include <string_view>

namespace remit {

inline constexpr char32_t kNotUtf8 = 0xffffffff;

// Takes one code point off the front of a text that is not empty; kNotUtf8 where there is none: overlong
// forms, surrogates and what lies beyond U+10FFFF are none. What follows a sequence that breaks off is left
// where it is.
char32_t take_code_point(std::string_view& text);

// The first bytes of a text, at most so many, and not cut within a character.
std::string_view utf8_head(std::string_view text, std::size_t max_bytes);

}  // namespace remit
