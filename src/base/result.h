// Result<T>: a value, or the Error that explains its absence. Exceptions are for defects and exhausted memory
// only.

#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace remit {

template <typename T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

inline std::unexpected<Error> fail(ErrorKind kind, std::string_view code, std::string message,
                                   std::string fix = {}) {
  return std::unexpected<Error>(Error{kind, code, std::move(message), std::move(fix)});
}

}  // namespace remit

#define REMIT_CONCAT_(a, b) a##b
#define REMIT_CONCAT(a, b) REMIT_CONCAT_(a, b)

// TRY(expr): in a function that returns a Result, leave with the error of `expr` if it has one.
#define TRY(expr)                                                \
  do {                                                           \
    if (auto try_result = (expr); !try_result) [[unlikely]]      \
      return ::std::unexpected(::std::move(try_result).error()); \
  } while (0)

// ASSIGN_OR_RETURN(auto x, expr): `x` is the value of `expr`, or leave with its error. Not inside coroutines:
// CO_…
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_(return, lhs, expr, REMIT_CONCAT(result_, __LINE__))
#define CO_ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_(co_return, lhs, expr, REMIT_CONCAT(result_, __LINE__))
#define ASSIGN_OR_(leave, lhs, expr, name)              \
  auto name = (expr);                                   \
  if (!name) [[unlikely]]                               \
    leave ::std::unexpected(::std::move(name).error()); \
  lhs = ::std::move(*name)
