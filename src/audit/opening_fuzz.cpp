// Any bytes as a line of a names file: read or refused, never a crash; and what is read is read again from
// what is written of it.

#include <boost/json/serialize.hpp>
#include <cstdlib>

#include "audit/openings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace remit::audit;
  const auto opening = parse_opening({reinterpret_cast<const char*>(data), size});
  if (!opening) return 0;
  const auto again = parse_opening(boost::json::serialize(to_json(*opening)));
  if (!again || again->entry != opening->entry || again->field != opening->field ||
      again->salt != opening->salt)
    std::abort();
  static const boost::json::object kEntry{{"names", {{"agt_1", "hmac-sha256:x"}}}, {"reason", "r"}};
  if (check_opening(*opening, kEntry)) std::abort();  // no value hashes to these
  return 0;
}
