// FaultVfs: a sqlite3_vfs over the system's own that fails on demand. For tests.
//
//   FaultVfs faults("broken");            // registered under that name while it lives
//   auto store = Store::open({..., .vfs = "broken"});
//   faults.fail({.operation = FaultVfs::Operation::kSync, .after = 0});   // the next sync fails, once
//
// Thread-safe. Close every connection before the FaultVfs goes.

#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

namespace remit::store {

class FaultVfs {
 public:
  enum class Operation { kRead, kWrite, kSync, kTruncate, kOpen };
  struct Fault {
    Operation operation = Operation::kSync;
    std::uint64_t after = 0;  // this many succeed first
    std::uint64_t times = 1;  // then this many fail; kForGood: all
    bool disk_full = false;   // SQLITE_FULL instead of an I/O error
    bool torn = false;        // a failing write still writes its first half
    std::string suffix = {};  // only files whose name ends so: "-wal"
  };
  static constexpr std::uint64_t kForGood = std::numeric_limits<std::uint64_t>::max();

  explicit FaultVfs(std::string name);
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  void fail(Fault fault);  // replaces the fault that was set
  void heal();
  std::uint64_t failures() const;  // since the last fail(): a test that met no fault proves nothing
  std::uint64_t count(Operation operation) const;  // operations seen since construction

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace remit::store
