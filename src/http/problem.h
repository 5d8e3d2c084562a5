// Errors as answers: problem details (RFC 9457), "application/problem+json".
//
//   {"type":"urn:remit:error:RMT-H003","title":"…","status":413,"detail":"…","code":"RMT-H003","fix":"…"}
//
// The title and the fix come from the catalogue, the detail from the error's message.

#pragma once

#include "base/error.h"
#include "http/message.h"

namespace remit::http {

Response problem(int status, const Error& error);
Response problem(const Error& error);  // with the status of the error's kind

// 405 with the Allow field that it must have (RFC 9110 §15.5.6). `allow` as in "GET, POST".
Response method_not_allowed(Method method, std::string allow);

}  // namespace remit::http
