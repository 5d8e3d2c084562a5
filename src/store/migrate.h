// Migrations: bring a store from whatever version it has to the one of this program, all steps and what
// follows from them in one transaction.

#pragma once

#include "store/connection.h"

namespace remit::store {

// Sets a fresh file up, or checks that it is a Remit store, and applies what is missing.
// Where any was, `afterwards` ends the transaction. Errors: kInvalid RMT-S002 (foreign, newer, or with a
// migration that was edited), RMT-S003, RMT-S006.
Result<void> migrate(Connection& connection, std::vector<Migration> migrations,
                     const std::function<Result<void>()>& afterwards);

}  // namespace remit::store
