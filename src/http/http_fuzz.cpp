// Any bytes, cut anywhere: neither parser crashes, and a request is taken or refused the same however it is
// cut.
#include <cstdlib>

#include "http/parser.h"

namespace {

using namespace remit::http;

// Whether the bytes were refused; `body` and `consumed` for what was read.
bool refused(MessageParser& parser, std::string_view bytes, std::size_t piece, std::size_t& consumed) {
  std::string pending;
  consumed = 0;
  for (std::size_t at = 0; at < bytes.size() && !parser.done(); at += piece) {
    pending += bytes.substr(at, piece);
    while (!pending.empty() && !parser.done()) {
      auto used = parser.feed(pending);
      if (!used) return true;
      if (*used > pending.size()) std::abort();
      if (*used == 0) break;
      pending.erase(0, *used);
      consumed += *used;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 32 + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const ParseLimits limits = {.header_bytes = 2048, .fields = 16, .body_bytes = 512};

  auto whole = RequestParser::make(limits);
  auto cut = RequestParser::make(limits);
  std::size_t whole_consumed = 0, cut_consumed = 0;
  const bool whole_refused = refused(*whole, text, text.size() + 1, whole_consumed);
  const bool cut_refused = refused(*cut, text, piece, cut_consumed);
  if (whole->done() != cut->done() || whole_refused != cut_refused) std::abort();
  if (whole->done() && (whole_consumed != cut_consumed || whole->request().body != cut->request().body))
    std::abort();
  if (whole->request().body.size() > limits.body_bytes) std::abort();

  auto answer = ResponseParser::make(limits, (data[0] & 0x80) != 0);
  std::size_t consumed = 0;
  if (!refused(*answer, text, piece, consumed) && !answer->done()) (void)answer->end_of_input();
  return 0;
}
