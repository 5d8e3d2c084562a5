// What a client sends to the token endpoint: client_credentials with private_key_jwt (RFC 6749 §4.4, RFC
// 7523).
//
// Thread-safety: but for `post`, the clock and the random source of the system, pure. It may sleep.

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "jose/key.h"

namespace remit::cli {

inline constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

// Asks a token endpoint by what posts a form to it, with an assertion that is good for a minute and for once.
// Where it says 503 it is asked again, a second later and with a new assertion, twice at most: assertions
// count in whole seconds, and one of the second in which the server started is not believed (RMT-J036).
// Errors: those of `post`.
using PostForm = std::function<Result<http::Response>(std::string form)>;
Result<http::Response> ask_for_token(const jose::PrivateKey& key, std::string_view client_id,
                                     std::string_view issuer, const PostForm& post);

}  // namespace remit::cli
