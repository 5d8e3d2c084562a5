// Any bytes as a checkpoint, a tile and an entry bundle: what is read is written again as it was.

#include <cstdlib>

#include "audit/checkpoint.h"
#include "audit/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace remit::audit;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto checkpoint = Checkpoint::parse(text); checkpoint && checkpoint->text() != text) std::abort();
  for (std::uint64_t width = 1; width < 4; ++width) {
    const auto entries = parse_bundle({data, size}, width);
    if (!entries) continue;
    remit::Bytes again;
    for (const auto& entry : *entries)
      if (!append_to_bundle(again, remit::as_bytes(entry))) std::abort();
    if (remit::as_text(again) != text) std::abort();
  }
  if (parse_tile({data, size}, size / 32).has_value() != (size % 32 == 0)) std::abort();
  return 0;
}
