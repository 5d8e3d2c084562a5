#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace remit {
namespace {

constexpr ErrorInfo kCatalogue[] = {
#include "error_catalogue.inc"
};

}  // namespace

const ErrorInfo* find_error(std::string_view code) {
  const auto* row = std::ranges::lower_bound(kCatalogue, code, {}, &ErrorInfo::code);
  return row != std::end(kCatalogue) && row->code == code ? row : nullptr;
}

std::string_view fix_of(const Error& error) {
  if (!error.fix.empty()) return error.fix;
  const ErrorInfo* info = find_error(error.code);
  return info ? info->fix : std::string_view{};
}

std::string format(const Error& error) {
  std::string text = fmt::format("{}: {}", error.code, error.message);
  if (const auto fix = fix_of(error); !fix.empty())
    fmt::format_to(std::back_inserter(text), "\n  fix: {}", fix);
  return text;
}

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kUnauthorized:
      return 401;
    case ErrorKind::kForbidden:
      return 403;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kUnavailable:
      return 503;
    case ErrorKind::kUnknown:
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
    case ErrorKind::kTooLarge:
      return 2;
    case ErrorKind::kNotFound:
      return 3;
    case ErrorKind::kUnauthorized:
      return 4;
    case ErrorKind::kForbidden:
      return 5;
    case ErrorKind::kConflict:
      return 7;
    case ErrorKind::kUnavailable:
      return 8;
    case ErrorKind::kUnknown:
    case ErrorKind::kInternal:
      return 1;
  }
  return 1;
}

}  // namespace remit
