// Any bytes as a form body: parsed or refused, and no parameter but `resource` ever has two values.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "issuer/form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto form = remit::issuer::Form::parse({reinterpret_cast<const char*>(data), size});
  if (!form) return 0;
  for (std::string_view name :
       {"grant_type", "client_assertion", "client_assertion_type", "client_id", "scope"})
    if (form->all(name).size() > 1) std::abort();
  return 0;
}
