// What the end of the log says, held against what it must say: the rows that no checkpoint covers yet, the
// last row, and the list of open calls. Rows are written by one process alone; whatever else was done to them
// between two runs is found here, before it is signed.
//
// Thread-safety: a pure function over a reader.

#pragma once

#include "store/store.h"

namespace remit::audit {

// Each row from index `first` on (and the one in front of it): its columns are those of its entry, its entry
// is one that a log can have at this place, an outcome has its intent; and each open call has its intent and
// no outcome. Errors: kConflict RMT-A024, those of the store.
Result<void> check_tail(store::Reader& reader, std::uint64_t first);

}  // namespace remit::audit
