// From the store's rows to the values of the snapshot.
//
// Thread-safety: on the thread of the reader.

#pragma once

#include "snapshot/snapshot.h"
#include "store/store.h"

namespace remit::catalog {

// Fills in the destinations and tools that are in use, from one consistent read.
// Errors: the store's; kInternal RMT-C030 (a row that this version does not understand).
Result<void> load(store::Reader& reader, snapshot::SnapshotData& data);

}  // namespace remit::catalog
