// What a request asks to be computed over the snapshot in force and takes long: on the reading thread, away
// from the loops and the store's writer.

#pragma once

#include <functional>

#include "admin/reading_thread.h"
#include "admin/route.h"
#include "snapshot/holder.h"

namespace remit::admin {

// Errors: the work's; kUnavailable RMT-X011 (there is no snapshot yet); those of ReadingThread::compute.
http::Task<Result<Answer>> compute(const snapshot::SnapshotHolder* snapshots, ReadingThread* checking,
                                   std::function<Result<Answer>(const snapshot::Snapshot&)> work);

}  // namespace remit::admin
