// What a client sends to the token endpoint: client_credentials with private_key_jwt (RFC 6749 §4.4, RFC
// 7523).
//
// Thread-safety: pure but for the clock and the random source of the system.

#pragma once

#include <string>
#include <string_view>

#include "jose/key.h"

namespace remit::cli {

inline constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

// The form, with an assertion that is good for a minute and for once.
std::string token_form(const jose::PrivateKey& key, std::string_view client_id, std::string_view issuer);

}  // namespace remit::cli
