// Whether a text is a regular expression of ECMAScript with the flag `u` (ECMA-262, "Patterns"), which is
// what `pattern` in JSON Schema is. Clients compile them, and throw for one that is not.
//
// A little narrower than the standard: back references, and names of Unicode properties other than the
// general categories and a few scripts, are refused.
//
// Thread-safety: a pure function.

#pragma once

#include <string_view>

namespace remit::mcp {

// `pattern` is UTF-8. Also false where groups are nested more than 32 deep.
bool is_ecmascript_pattern(std::string_view pattern);

}  // namespace remit::mcp
