// A form body, application/x-www-form-urlencoded, as OAuth reads it (RFC 6749 §3.2, appendix B).
//
// Thread-safety: a value.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace remit::issuer {

class Form {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;
  static constexpr std::size_t kMaxParameters = 64;

  // A parameter without a value counts as left out (RFC 6749 §3.2), but it counts as a repetition too. Every
  // parameter may be there once, but `resource` more often (RFC 8707 §2). Errors: kInvalid RMT-J040.
  static Result<Form> parse(std::string_view body);

  // The value, or nothing.
  std::optional<std::string_view> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  std::vector<std::string_view> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

// Whether a Content-Type names a form, with or without parameters.
bool is_form_type(std::string_view content_type);

}  // namespace remit::issuer
