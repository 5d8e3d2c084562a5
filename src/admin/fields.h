// Fields: the members of a request's body, or of its query, read by name and type. What was not read by the
// end is not known, and refused.
//
// Errors: kInvalid RMT-X012 (missing, of the wrong type, or not a known value; the message names the member).
//
// Thread-safety: a value.

#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "base/nearest.h"
#include "base/result.h"
#include "snapshot/names.h"

namespace remit::admin {

class Fields {
 public:
  Fields() = default;
  explicit Fields(boost::json::object object) : object_(std::move(object)) {}
  // "a=1&b=x%20y"; every value is a string. Errors: RMT-X012 (a name twice, a bad escape).
  static Result<Fields> of_query(std::string_view query);

  bool has(std::string_view name) const { return object_.contains(name); }
  Result<std::string> text(std::string_view name) const;  // not empty
  Result<std::optional<std::string>> optional_text(std::string_view name) const;
  Result<std::vector<std::string>> texts(std::string_view name) const;        // absent: none
  Result<std::vector<std::string>> one_or_more(std::string_view name) const;  // a text, or a list of texts
  Result<std::vector<boost::json::object>> objects(std::string_view name) const;  // absent: none
  Result<std::optional<boost::json::object>> optional_object(std::string_view name) const;
  Result<boost::json::object> object(std::string_view name) const;
  Result<std::optional<std::uint64_t>> optional_count(std::string_view name) const;
  Result<bool> flag(std::string_view name) const;  // absent: false

  Result<Instant> instant(std::string_view name) const;  // RFC 3339
  Result<std::optional<Instant>> optional_instant(std::string_view name) const;
  Result<Environment> environment(std::string_view name) const;

  // A value of an enumeration with Names<E>.
  template <typename E>
  Result<std::optional<E>> optional_name(std::string_view name) const {
    ASSIGN_OR_RETURN(const auto value, optional_text(name));
    if (!value) return std::nullopt;
    if (const auto known = snapshot::parse_name<E>(*value)) return known;
    std::vector<std::string_view> names;
    for (const auto& [_, spelling] : snapshot::Names<E>::table) names.push_back(spelling);
    return std::unexpected(not_known(name, *value, names));
  }
  template <typename E>
  Result<E> name(std::string_view member) const {
    ASSIGN_OR_RETURN(const auto value, optional_name<E>(member));
    if (!value) return std::unexpected(missing(member));
    return *value;
  }

  // Whether every member was read. Call it last, and before anything is changed.
  Result<> all_known() const;

 private:
  const boost::json::value* take(std::string_view name) const;
  static Error missing(std::string_view name);
  static Error not_known(std::string_view name, std::string_view value,
                         std::span<const std::string_view> known);

  boost::json::object object_;
  mutable std::set<std::string, std::less<>> taken_;
};

// "%2F" → "/". Errors: kInvalid RMT-X012.
Result<std::string> percent_decode(std::string_view text);

}  // namespace remit::admin
