// Any bytes: parsed or refused, never a crash; and what parses has one canonical form.

#include <cstdlib>

#include "base/canonical_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = remit::parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const auto text = remit::canonical_json(*value);
  const auto again = remit::parse_json(text, {.max_bytes = std::size_t(-1)});
  if (!again || remit::canonical_json(*again) != text) std::abort();
  return 0;
}
