// Text of others, made safe to show: in a terminal, a log, an error, or to a model.
//
// Thread-safety: functions of their arguments.

#pragma once

#include <string>
#include <string_view>

namespace remit {

// The text with everything that is not plainly visible escaped: control, bidirectional and zero-width
// characters as "\u{202E}", bytes that are no UTF-8 as "\xE9". So no text can act on a terminal or look like
// another.
std::string visible(std::string_view text);

// The beginning of a text on one line: white space becomes single spaces, the rest as visible(). What is over
// `max_bytes` is cut between characters and marked "…".
std::string excerpt(std::string_view text, std::size_t max_bytes = 300);

}  // namespace remit
