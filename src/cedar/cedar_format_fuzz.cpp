// Formatting keeps every token and comment (format() sees to that itself), and changes nothing the second
// time, at any width. What does not parse is refused with diagnostics.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cedar/format.h"
#include "cedar/syntax/same_tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto before = cedar::PolicySet::parse(text);
  for (const std::uint32_t width : {80U, 20U, 0U}) {
    const cedar::FormatOptions options{.line_width = width};
    const auto formatted = cedar::format(text, options);
    if (formatted.has_value() != before.has_value()) std::abort();
    if (!formatted) continue;
    const auto again = cedar::format(*formatted, options);
    if (!again || *again != *formatted) std::abort();
    const auto after = cedar::PolicySet::parse(*formatted);
    if (!after || after->policies().size() != before->policies().size()) std::abort();
    for (std::size_t i = 0; i < after->policies().size(); ++i) {
      if (!cedar::same_tree(after->policies()[i].node(), before->policies()[i].node())) std::abort();
    }
  }
  return 0;
}
