// From the store's rows to the values of the snapshot.
//
// Thread-safety: on the thread of the reader.

#pragma once

#include "catalog/policies.h"
#include "snapshot/snapshot.h"
#include "store/store.h"

namespace remit::catalog {

// Fills in the destinations and tools that are in use and the policies in force, from one consistent read.
// Policies that `previous` has compiled already, and inputs of tools that it has read, are taken from there,
// and policies that `publisher` has just published from it. Errors: the store's; kInternal RMT-C030 (a row
// that this version does not understand); those of compile_policies.
Result<void> load(store::Reader& reader, snapshot::SnapshotData& data,
                  const snapshot::Snapshot* previous = nullptr, const PolicyPublisher* publisher = nullptr);

}  // namespace remit::catalog
