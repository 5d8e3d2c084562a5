// Waiting for a transaction without holding up the loop.

#pragma once

#include "http/loop.h"
#include "store/store.h"

namespace remit::admin {

// Runs `work` as store::Store::submit does, and goes on with this coroutine on its own loop when the work is
// durable and in force, or has failed. The store must outlive it.
http::Task<Result<>> commit(store::Store* store, store::Store::Work work);

}  // namespace remit::admin
