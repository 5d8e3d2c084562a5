// Error: why an operation failed, for the caller that must act on it and the person who must mend it.
//
// Each error has a code from the catalogue `data/errors.toml` ("RMT-S003"): stable, documented, with a fix.
// The letter names the subject: B base, S store, A audit, J keys and tokens, H http, M mcp, I identity, C
// catalog, D decision, U upstream, G gateway, P policy, K command line, X server and configuration.
//
// A message carries the values that matter ("agent `invoice-bot` is retired") and never a secret.
//
// Thread-safety: values.

#pragma once

#include <string>
#include <string_view>

namespace remit {

// What the caller can do about it; the HTTP status, the CLI's exit code and retry behaviour follow from it.
enum class ErrorKind {
  kInvalid,       // the input is wrong: mend it                          400, exit 2
  kUnauthorized,  // who is calling is not known                          401, exit 4
  kForbidden,     // known, and not allowed                               403, exit 5
  kNotFound,      // no such thing (or not for this caller)               404, exit 3
  kConflict,      // the state does not permit it now                     409, exit 7
  kTooLarge,      // over a stated limit                                  413, exit 2
  kUnavailable,   // a part that is needed is not there; retry later      503, exit 8
  kUnknown,       // it may or may not have happened: look before retry   500, exit 1
  kInternal,      // a defect or a broken machine                         500, exit 1
};

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string_view code;  // "RMT-…", a string literal
  std::string message;    // one sentence for people, no secret
  std::string fix = {};   // what to do in this case; empty: the catalogue's
};

// A catalogue row.
struct ErrorInfo {
  std::string_view code;
  std::string_view title;
  std::string_view fix;
};

// The row of a code, or nullptr. `remit explain RMT-…` prints it.
const ErrorInfo* find_error(std::string_view code);

// The fix to show for an error: its own, else the catalogue's.
std::string_view fix_of(const Error& error);

// "RMT-S003: the store is locked by another process\n  fix: …"
std::string format(const Error& error);

int http_status(ErrorKind kind);
int exit_code(ErrorKind kind);

}  // namespace remit
