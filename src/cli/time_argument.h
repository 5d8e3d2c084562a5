// Times on the command line: an instant ("2027-02-22T00:00:00Z"), a date ("2027-02-22", its start in UTC), or
// a time from now ("90d", "12h", "30m").
//
// Thread-safety: a pure function. Errors: kInvalid RMT-K004.

#pragma once

#include <string_view>

#include "base/clock.h"

namespace remit::cli {

Result<Instant> parse_time(std::string_view text, Instant now);

}  // namespace remit::cli
