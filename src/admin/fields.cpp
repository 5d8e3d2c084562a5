#include "admin/fields.h"

#include <fmt/format.h>

#include <charconv>

namespace remit::admin {
namespace {

std::unexpected<Error> wrong(std::string_view name, std::string_view needed) {
  return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("`{}` must be {}", name, needed));
}

std::optional<char> from_hex_pair(std::string_view pair) {
  unsigned value = 0;
  if (pair.size() != 2) return std::nullopt;
  const auto [end, failed] = std::from_chars(pair.data(), pair.data() + pair.size(), value, 16);
  if (failed != std::errc{} || end != pair.data() + pair.size()) return std::nullopt;
  return static_cast<char>(value);
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = from_hex_pair(text.substr(i + 1, 2));
    if (!byte)
      return fail(ErrorKind::kInvalid, "RMT-X012", "the URL has a `%` that two hex digits do not follow");
    decoded += *byte;
    i += 2;
  }
  return decoded;
}

Result<Fields> Fields::of_query(std::string_view query) {
  boost::json::object object;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    ASSIGN_OR_RETURN(const auto name, percent_decode(pair.substr(0, equals)));
    ASSIGN_OR_RETURN(const auto value, percent_decode(pair.substr(std::min(equals + 1, pair.size()))));
    if (!object.emplace(name, value).second)
      return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("the query has `{}` twice", name));
  }
  return Fields(std::move(object));
}

const boost::json::value* Fields::take(std::string_view name) const {
  taken_.emplace(name);
  const auto* value = object_.if_contains(name);
  return value != nullptr && value->is_null() ? nullptr : value;
}

Error Fields::missing(std::string_view name) {
  return Error{ErrorKind::kInvalid, "RMT-X012", fmt::format("`{}` is missing", name)};
}

Error Fields::not_known(std::string_view name, std::string_view value,
                        std::span<const std::string_view> known) {
  return Error{ErrorKind::kInvalid, "RMT-X012", fmt::format("`{}` has no value `{}`", name, value),
               did_you_mean(value, known)};
}

Result<std::optional<std::string>> Fields::optional_text(std::string_view name) const {
  const auto* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string() || value->get_string().empty()) return wrong(name, "a text that is not empty");
  return std::string(value->get_string());
}

Result<std::string> Fields::text(std::string_view name) const {
  ASSIGN_OR_RETURN(auto value, optional_text(name));
  if (!value) return std::unexpected(missing(name));
  return std::move(*value);
}

Result<std::vector<std::string>> Fields::texts(std::string_view name) const {
  const auto* value = take(name);
  if (value == nullptr) return std::vector<std::string>{};
  if (!value->is_array()) return wrong(name, "a list of texts");
  std::vector<std::string> texts;
  for (const auto& element : value->get_array()) {
    if (!element.is_string()) return wrong(name, "a list of texts");
    texts.emplace_back(element.get_string());
  }
  return texts;
}

Result<std::vector<std::string>> Fields::one_or_more(std::string_view name) const {
  const auto* value = take(name);
  if (value != nullptr && value->is_string()) {
    ASSIGN_OR_RETURN(auto one, text(name));
    return std::vector{std::move(one)};
  }
  ASSIGN_OR_RETURN(auto all, texts(name));
  if (all.empty()) return std::unexpected(missing(name));
  return all;
}

Result<std::vector<boost::json::object>> Fields::objects(std::string_view name) const {
  const auto* value = take(name);
  std::vector<boost::json::object> objects;
  if (value == nullptr) return objects;
  if (!value->is_array()) return wrong(name, "a list of objects");
  for (const auto& element : value->get_array()) {
    if (!element.is_object()) return wrong(name, "a list of objects");
    objects.push_back(element.get_object());
  }
  return objects;
}

Result<std::optional<boost::json::object>> Fields::optional_object(std::string_view name) const {
  const auto* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return wrong(name, "an object");
  return value->get_object();
}

Result<boost::json::object> Fields::object(std::string_view name) const {
  ASSIGN_OR_RETURN(auto value, optional_object(name));
  if (!value) return std::unexpected(missing(name));
  return std::move(*value);
}

Result<std::optional<std::uint64_t>> Fields::optional_count(std::string_view name) const {
  const auto* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
  std::uint64_t count = 0;
  if (value->is_string()) {
    const std::string_view text = value->get_string();
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failed == std::errc{} && end == text.data() + text.size()) return count;
  }
  return wrong(name, "a number that is not negative");
}

Result<bool> Fields::flag(std::string_view name) const {
  const auto* value = take(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) return wrong(name, "true or false");
  return value->get_bool();
}

Result<std::optional<Instant>> Fields::optional_instant(std::string_view name) const {
  ASSIGN_OR_RETURN(const auto value, optional_text(name));
  if (!value) return std::nullopt;
  const auto instant = parse_instant(*value);
  if (!instant) return wrong(name, "a time such as 2026-11-24T05:03:41Z");
  return *instant;
}

Result<Instant> Fields::instant(std::string_view name) const {
  ASSIGN_OR_RETURN(const auto value, optional_instant(name));
  if (!value) return std::unexpected(missing(name));
  return *value;
}

Result<Environment> Fields::environment(std::string_view name) const {
  ASSIGN_OR_RETURN(const auto value, text(name));
  if (const auto environment = parse_environment(value)) return *environment;
  std::vector<std::string_view> names;
  names.reserve(kEnvironments.size());
  for (const auto environment : kEnvironments) names.push_back(to_string(environment));
  return std::unexpected(not_known(name, value, names));
}

Result<> Fields::all_known() const {
  for (const auto& [name, _] : object_) {
    if (taken_.contains(std::string_view(name))) continue;
    const std::vector<std::string_view> known(taken_.begin(), taken_.end());
    return fail(ErrorKind::kInvalid, "RMT-X012",
                fmt::format("`{}` is not known here", std::string_view(name)), did_you_mean(name, known));
  }
  return {};
}

}  // namespace remit::admin
