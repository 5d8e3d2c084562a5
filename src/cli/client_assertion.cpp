#include "cli/client_assertion.h"

#include <chrono>
#include <thread>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "jose/jwt.h"

namespace remit::cli {
namespace {

constexpr std::int64_t kLife = 60;  // seconds
constexpr int kTimesAgain = 2;

std::string token_form(const jose::PrivateKey& key, std::string_view client_id, std::string_view issuer) {
  const auto now = to_seconds(SystemClock().now());
  SystemRandom random;
  return "grant_type=client_credentials"
         "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
         "&client_assertion=" +
         jose::sign_jwt(key, "client-authentication+jwt",
                        {{"iss", client_id},
                         {"sub", client_id},
                         {"aud", issuer},
                         {"jti", to_base64url(random.bytes(16))},
                         {"iat", now},
                         {"exp", now + kLife}});
}

}  // namespace

Result<http::Response> ask_for_token(const jose::PrivateKey& key, std::string_view client_id,
                                     std::string_view issuer, const PostForm& post) {
  auto response = post(token_form(key, client_id, issuer));
  for (int again = 0; again < kTimesAgain && response && response->status == 503; ++again) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    response = post(token_form(key, client_id, issuer));
  }
  return response;
}

}  // namespace remit::cli
