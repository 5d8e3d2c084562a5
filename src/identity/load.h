// From the store's rows to the values of the snapshot.
//
// Thread-safety: on the thread of the reader.

#pragma once

#include "snapshot/snapshot.h"
#include "store/store.h"

namespace remit::identity {

// Fills in humans, services, agents, deployments, credentials and grants, from one consistent read. Keys that
// `previous` has are not read again; it may be null.
// Errors: the store's; kInternal RMT-I030 (a row that this version does not understand).
Result<void> load(store::Reader& reader, snapshot::SnapshotData& data,
                  const snapshot::Snapshot* previous = nullptr);

}  // namespace remit::identity
