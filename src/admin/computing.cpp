#include "admin/computing.h"

#include <memory>

namespace remit::admin {

http::Task<Result<Answer>> compute(const snapshot::SnapshotHolder* snapshots, ReadingThread* checking,
                                   std::function<Result<Answer>(const snapshot::Snapshot&)> work) {
  auto snapshot = snapshots->current();
  if (!snapshot)
    co_return fail(ErrorKind::kUnavailable, "RMT-X011", "nothing has been read from the store yet");
  const auto answer = std::make_shared<Answer>();
  auto done = co_await checking->compute(
      [answer, snapshot = std::move(snapshot), work = std::move(work)]() -> Result<> {
        ASSIGN_OR_RETURN(*answer, work(*snapshot));
        return {};
      });
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return std::move(*answer);
}

}  // namespace remit::admin
