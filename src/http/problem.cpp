#include "http/problem.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace remit::http {

Response problem(int status, const Error& error) {
  const ErrorInfo* info = find_error(error.code);
  boost::json::object body;
  body["type"] = "urn:remit:error:" + std::string(error.code);
  body["title"] = info != nullptr ? info->title : reason_phrase(status);
  body["status"] = status;
  body["detail"] = error.message;
  body["code"] = error.code;
  if (auto fix = fix_of(error); !fix.empty()) body["fix"] = fix;
  return {.status = status,
          .headers = {{"Content-Type", "application/problem+json"}},
          .body = boost::json::serialize(body)};
}

Response problem(const Error& error) { return problem(http_status(error.kind), error); }

Response method_not_allowed(Method method, std::string allow) {
  auto response =
      problem(405, {ErrorKind::kInvalid, "RMT-H006",
                    std::string(to_string(method)) + " is not one of the methods here: " + allow});
  response.headers.add("Allow", std::move(allow));
  return response;
}

}  // namespace remit::http
