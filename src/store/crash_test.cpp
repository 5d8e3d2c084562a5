// A process that is killed at any instant leaves a store that opens and holds every row it acknowledged.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "store/testing.h"

namespace remit::store {
namespace {

// The child: writes rows until it is killed, and says on the pipe which are acknowledged. Never returns.
[[noreturn]] void write_until_killed(const std::filesystem::path& file, std::int64_t first, int pipe) {
  auto store = Store::open(options(file));
  if (!store) ::_exit(1);
  for (std::int64_t id = first;; ++id)
    (*store)->submit(put(id, std::string(300, 'x')), [id, pipe](const Result<void>& result) {
      if (!result || ::write(pipe, &id, sizeof id) != sizeof id) ::_exit(2);
    });
}

TEST(Crash, AKillMidLoadKeepsEveryAcknowledgedRow) {
  const TempFolder folder;
  const auto file = folder / "remit.db";
  std::size_t kept = 0;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(file, std::int64_t{round} * 1'000'000, ends[1]);
    }
    ::close(ends[1]);
    std::vector<std::int64_t> acknowledged;
    std::int64_t id = 0;
    // Killed after some acknowledgements, at another instant each round; what the pipe holds then counts too.
    const std::size_t enough = 1 + static_cast<std::size_t>(round) * 97;
    bool killed = false;
    while (::read(ends[0], &id, sizeof id) == sizeof id) {
      acknowledged.push_back(id);
      if (acknowledged.size() < enough || killed) continue;
      std::this_thread::sleep_for(std::chrono::microseconds(311 * round));
      killed = ::kill(child, SIGKILL) == 0;
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);

    auto store = Store::open(options(file));
    ASSERT_TRUE(store) << format(store.error());
    const auto found = ids(**store);
    ASSERT_GE(found.size(), kept + acknowledged.size());
    for (const auto one : acknowledged) ASSERT_TRUE(std::ranges::binary_search(found, one)) << one;
    kept += acknowledged.size();
  }
}

}  // namespace
}  // namespace remit::store
