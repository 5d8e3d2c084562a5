// Any text is entities or an error, a context or an error, and a request of which some is known or an error.

#include <cstdint>
#include <string_view>

#include "cedar/partial.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)cedar::Entities::parse_json(text);
  (void)cedar::Context::parse_json(text);
  (void)cedar::PartialRequest::parse_json(text);
  return 0;
}
