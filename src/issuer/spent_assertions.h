// Spent assertions that outlive the process, so that none is good a second time after a restart.
//
// A process that stops in order stores what it remembers as spent, and its successor recalls that. One that
// is killed leaves what it had to store before its answers left: assertions of which a later process could
// not tell that they are of before its start, since they have no `iat`, or one that lies ahead of the clock.
// Every other that was spent before a kill was made before the next start, and the issuer refuses what was
// made before that (client_assertion.h). So no answer that left can be had twice, whenever the process was
// killed, and most requests cost no sync.
//
// This rests on a wall clock that does not step back across a restart.
//
// Bounded: only what a replay cache took in is stored, and what has ended is deleted with the next one.

#pragma once

#include <vector>

#include "base/environment.h"
#include "issuer/replay_cache.h"
#include "store/store.h"

namespace remit::issuer {

// "spent_assertion", with "issuing".
std::vector<store::Migration> migrations();

// Stores one, and deletes what had ended by `now`. Errors: the store's.
Result<void> keep(store::Transaction& tx, Environment environment, const Spent& spent, Instant now);

// Recalls what an environment's issuer had stored. Before its first request. Errors: the store's.
Result<void> recall(store::Reader& reader, Environment environment, MemoryReplayCache& cache);

// A process begins to issue tokens. Since when all that was spent is known: `now`, where the former process
// did not stop in order; else as it was for that one, 1970 where none ever failed to. Errors: the store's.
Result<Instant> begin_issuing(store::Transaction& tx, Instant now);

// What each issuer remembers, when none of them answers any more. Errors: the store's.
struct Remembered {
  Environment environment;
  std::vector<Spent> spent;
};
Result<void> end_issuing(store::Transaction& tx, const std::vector<Remembered>& all, Instant now);

}  // namespace remit::issuer
