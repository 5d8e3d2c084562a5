// Whatever a server says: nothing is read beyond it, what is no find keeps its bytes, and JSON stays JSON
// (but for members that only differed in how they wrote the credential).

#include <cstdint>
#include <cstdlib>

#include "base/canonical_json.h"
#include "gateway/redactor.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace remit;
  constexpr std::string_view kCredentials[] = {"Bearer s3cr-t/5f2d+9c71", "0123456789"};
  static const gateway::Redactor redactor(kCredentials);
  const std::string came(reinterpret_cast<const char*>(data), size);

  auto json = came;
  const bool found = redactor.clean_json(json);
  require(found || json == came);
  if (found && parse_json(came)) {
    const auto still = parse_json(json);
    require(still || still.error().message.contains("is there twice"));
  }

  auto text = came;
  require(redactor.clean_text(text) || text == came);
  for (const auto credential : {"s3cr-t/5f2d+9c71", "0123456789"}) require(!text.contains(credential));
  return 0;
}
