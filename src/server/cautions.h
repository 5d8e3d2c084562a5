// Cautions: why no call is made until a person has looked. A restore is one: what is governed is as it was
// when the backup was made. A clock that nobody believes is another (audit/log.h), and goes by itself when
// the clock is right again. The plane starts, and holds, kills and every other command go through.
//
// Thread-safety: functions over a transaction or a reader.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "store/store.h"

namespace remit::server {

struct Caution {
  std::string kind;  // "restore", "clock"
  Instant since{};
  std::string what;  // one sentence for people
};

Result<void> raise_caution(store::Transaction& tx, const Caution& caution);
Result<std::vector<Caution>> cautions(store::Reader& reader, audit::Log* log, Instant now);
// Takes it away, as an event of the log. Errors: kNotFound RMT-X034 (there is no such caution).
Result<void> confirm_caution(store::Transaction& tx, audit::Log& log, const audit::Actor& actor,
                             std::string_view kind, std::string reason);

std::vector<store::Migration> caution_migrations();

}  // namespace remit::server
