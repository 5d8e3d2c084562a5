// How one text differs from another, line by line.
//
// Thread-safety: a pure function.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace remit::cli {

// Lines that begin with "-" (only in `before`), "+" (only in `after`) or " " (in both): what differs, with
// two lines of context around it, and "  …" where lines are left out. Empty: nothing differs. Texts that
// differ in thousands of lines are shown as one replaced by the other.
std::vector<std::string> line_diff(std::string_view before, std::string_view after);

}  // namespace remit::cli
