// The last lines of what a server said beside its messages, in a form that is fit for a message or a log.
//
// Thread-safety: a function of its argument.

#pragma once

#include <string>
#include <string_view>

namespace remit::mcp {

// At most the last 12 lines and 1,200 bytes; what is no printable UTF-8 is shown as \xNN, and a line that was
// cut begins with an ellipsis. Empty lines are left out. Take secrets out of the text before: a cut may leave
// half of one.
std::string last_words(std::string_view text);

}  // namespace remit::mcp
