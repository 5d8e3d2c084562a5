// Any bytes as a receipt: read or refused, never a crash; what is read is written the same; and nothing is
// proven that was not signed.

#include <cstdlib>

#include "audit/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace remit::audit;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto receipt = Receipt::parse(text);
  if (!receipt) return 0;
  if (receipt->text() != text) std::abort();
  static const VerifierKey kKey =
      VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").value();
  if (verify_receipt(*receipt, receipt->extra.value_or(remit::Bytes{}), kKey)) std::abort();
  return 0;
}
