#include "issuer/settings.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace remit::issuer {
namespace {

Result<> check_url(std::string_view name, std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorKind::kInvalid, "RMT-J020",
                "the " + std::string(name) + " `" + std::string(text) + "` " + std::string(why));
  };
  const auto url = boost::urls::parse_uri(text);
  if (!url) return wrong("is not an absolute URL");
  if (url->scheme() != "https" && url->scheme() != "http") return wrong("is neither https nor http");
  if (url->encoded_host().empty()) return wrong("names no host");
  if (url->has_userinfo() || url->has_query() || url->has_fragment())
    return wrong("has a user, query or fragment");
  if (text.ends_with('/')) return wrong("ends with a slash");
  return {};
}

}  // namespace

Result<> check(const Settings& settings) {
  TRY(check_url("issuer", settings.issuer));
  TRY(check_url("audience", settings.audience));
  using std::chrono::seconds;
  if (settings.token_life <= seconds(0) || settings.longest_assertion <= seconds(0) ||
      settings.skew < seconds(0))
    return fail(ErrorKind::kInvalid, "RMT-J020", "lifetimes must be above zero, and the skew not below it");
  return {};
}

bool is_resource(std::string_view text) {
  const auto uri = boost::urls::parse_uri(text);
  return uri && !uri->has_fragment();
}

}  // namespace remit::issuer
