// Bytes of parts of a JSON text, found without reading the text a second time.
//
// Tool definitions, arguments and results are passed on as the bytes that came: writing them anew from parsed
// values would lose number forms and member order, and pins are digests over what was listed. These functions
// walk a text that parse_json has already accepted, beside the value that it made of it (Boost.JSON keeps
// members in the order of the text), so a key is never decoded twice and two parsers can never disagree about
// what a message says. That is also why simdjson is not used here: it skips what it is not asked for,
// duplicates included.
//
// Precondition of all: `text` was accepted by parse_json and `value` is what it returned. Anything else gives
// empty results, never a read outside the text. Views point into `text`. Thread-safety: pure functions.

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remit::mcp {

// The values of an object or the elements of an array, in the order of the text.
std::vector<std::string_view> raw_values(std::string_view text);

// The bytes of one member's value; none if there is no such member.
std::optional<std::string_view> raw_member(std::string_view text, const boost::json::object& object,
                                           std::string_view key);

// The object's text with one member's value replaced, or the member added at the end. `raw_value` is JSON.
std::string with_member(std::string_view text, const boost::json::object& object, std::string_view key,
                        std::string_view raw_value);

// What may stand between the tokens of JSON (RFC 8259 §2).
inline constexpr std::string_view kJsonSpace = " \t\n\r";

inline std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

// A JSON string literal. `text` is UTF-8.
std::string quoted(std::string_view text);

// The text with each escape of a surrogate that has no other half (RFC 8259 §8.2) replaced by "\ufffd", which
// is as long; none if there is none. What stands at a place of the one stands there in the other.
std::optional<std::string> without_lone_surrogates(std::string_view text);

// The same JSON on one line, as the stdio transport needs: line breaks outside strings become spaces, and
// JSON has none inside strings (RFC 8259 §7).
std::string on_one_line(std::string text);

}  // namespace remit::mcp
