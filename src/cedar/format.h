// Lays policy text out for people, in the spirit of the reference implementation's formatter (decision 0009).
//
// Tokens stay as they are, and in their order: only the blanks between them change, and the blanks after a
// comment. Formatting what is formatted changes nothing.

#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "cedar/authorize.h"

namespace cedar {

struct FormatOptions {
  std::uint32_t line_width = 80;  // in code points; what cannot be broken may be longer
  std::uint32_t indent = 2;       // blanks a level
};

// Errors: everything that is wrong with the text.
std::expected<std::string, Diagnostics> format(std::string_view text, const FormatOptions& options = {},
                                               const Limits& limits = {});

}  // namespace cedar
