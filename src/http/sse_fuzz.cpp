// Any bytes, cut anywhere: the parser neither crashes nor depends on the cuts, and what it reads is written
// and read back the same.
#include <cstdlib>

#include "http/sse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 16 + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  remit::http::SseParser whole(1 << 16), cut(1 << 16);
  auto expected = whole.feed(text);
  if (!expected) return 0;
  std::vector<remit::http::ServerEvent> events;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    auto some = cut.feed(text.substr(at, piece));
    if (!some) std::abort();
    events.insert(events.end(), some->begin(), some->end());
  }
  if (events != *expected || whole.last_event_id() != cut.last_event_id()) std::abort();

  for (auto& event : events) {
    // What cannot be said in the format: a NUL in a type is left out when it is written.
    std::erase(event.event, '\0');
    remit::http::SseParser again;
    auto back = again.feed(format_event(event));
    if (!back || back->size() != 1 || back->front() != event) std::abort();
  }
  return 0;
}
