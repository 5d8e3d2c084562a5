#include "issuer/form.h"

#include <algorithm>
#include <set>

namespace remit::issuer {
namespace {

constexpr std::string_view kRepeatable = "resource";

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::kInvalid, "RMT-J040", std::move(message));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) return malformed("the form has a `%` that is not followed by two hexadecimal digits");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (out.contains('\0')) return malformed("the form has a zero byte");
  return out;
}

}  // namespace

Result<Form> Form::parse(std::string_view body) {
  if (body.size() > kMaxBytes) return malformed("the form is longer than 64 KiB");
  Form form;
  std::set<std::string> seen;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    ASSIGN_OR_RETURN(auto name, decode(pair.substr(0, equals)));
    ASSIGN_OR_RETURN(auto value, decode(pair.substr(std::min(equals + 1, pair.size()))));
    if (!seen.insert(name).second && name != kRepeatable)
      return malformed("a parameter is there more than once");
    if (seen.size() > kMaxParameters || form.parameters_.size() >= kMaxParameters)
      return malformed("the form has more than 64 parameters");
    if (!value.empty()) form.parameters_.emplace_back(std::move(name), std::move(value));
  }
  return form;
}

std::optional<std::string_view> Form::find(std::string_view name) const {
  for (const auto& [key, value] : parameters_)
    if (key == name) return value;
  return std::nullopt;
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : parameters_)
    if (key == name) values.push_back(value);
  return values;
}

bool is_form_type(std::string_view content_type) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  auto type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(type, kForm, {}, lower);
}

}  // namespace remit::issuer
