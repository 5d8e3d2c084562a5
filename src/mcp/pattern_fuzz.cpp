// Patterns of schemas: whatever comes, it is one or it is none, and one stays one beside another.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "mcp/ecmascript_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string pattern(reinterpret_cast<const char*>(data), size);
  if (remit::mcp::is_ecmascript_pattern(pattern) &&
      !remit::mcp::is_ecmascript_pattern("a|" + pattern + "|[b-c]"))
    std::abort();
  return 0;
}
