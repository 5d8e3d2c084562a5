// Any bytes as a note and as keys: read or refused, never a crash; and nothing is trusted that was not
// signed.

#include <cstdlib>

#include "audit/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace remit::audit;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto read = parse_note(text); read && read->signatures.empty()) std::abort();
  const auto signing = SigningKey::parse(remit::Secret(std::string(text)));
  if (signing && signing->text().reveal() != text) std::abort();
  if (const auto key = VerifierKey::parse(text); key && key->text() != text) std::abort();
  static const VerifierKey kKey =
      VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").value();
  const auto note = verify_note(text, {&kKey, 1});
  if (note && note->text != "This is an example message.\n") std::abort();
  return 0;
}
