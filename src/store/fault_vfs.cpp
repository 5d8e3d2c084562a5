#include "store/fault_vfs.h"

#include <array>
#include <cstddef>
#include <mutex>
#include <new>
#include <string_view>

namespace remit::store {

struct FaultVfs::State {
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  std::mutex mutex;
  Fault fault{};
  bool armed = false;
  std::uint64_t failures = 0;
  std::array<std::uint64_t, 5> counts{};

  // Whether this operation fails, and with what.
  bool fails(Operation operation, std::string_view file, Fault& what) {
    const std::lock_guard guard(mutex);
    ++counts[static_cast<std::size_t>(operation)];
    if (!armed || operation != fault.operation || !file.ends_with(fault.suffix)) return false;
    if (fault.after > 0) {
      --fault.after;
      return false;
    }
    if (fault.times == 0) return false;
    if (fault.times != kForGood) --fault.times;
    ++failures;
    what = fault;
    return true;
  }
};

namespace {

using Operation = FaultVfs::Operation;

// SQLite hands out szOsFile bytes: this header, then the real file.
struct File {
  sqlite3_file base;
  FaultVfs::State* state;
  const char* name;
};
constexpr std::size_t kRealOffset =
    (sizeof(File) + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);

File* self(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + kRealOffset);
}

bool fails(sqlite3_file* file, Operation operation, FaultVfs::Fault& what) {
  return self(file)->state->fails(operation, self(file)->name == nullptr ? "" : self(file)->name, what);
}

int read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  FaultVfs::Fault fault;
  if (fails(file, Operation::kRead, fault)) return SQLITE_IOERR_READ;
  return real(file)->pMethods->xRead(real(file), data, size, offset);
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  FaultVfs::Fault fault;
  if (!fails(file, Operation::kWrite, fault))
    return real(file)->pMethods->xWrite(real(file), data, size, offset);
  if (fault.torn) (void)real(file)->pMethods->xWrite(real(file), data, size / 2, offset);
  return fault.disk_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int sync(sqlite3_file* file, int flags) {
  FaultVfs::Fault fault;
  if (fails(file, Operation::kSync, fault)) return SQLITE_IOERR_FSYNC;
  return real(file)->pMethods->xSync(real(file), flags);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  FaultVfs::Fault fault;
  if (fails(file, Operation::kTruncate, fault)) return SQLITE_IOERR_TRUNCATE;
  return real(file)->pMethods->xTruncate(real(file), size);
}

int close(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
int size(sqlite3_file* f, sqlite3_int64* out) { return real(f)->pMethods->xFileSize(real(f), out); }
int lock(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
int unlock(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
int check_lock(sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
int control(sqlite3_file* f, int operation, void* argument) {
  return real(f)->pMethods->xFileControl(real(f), operation, argument);
}
int sector_size(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int characteristics(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int shm_map(sqlite3_file* f, int page, int bytes, int extend, void volatile** out) {
  return real(f)->pMethods->xShmMap(real(f), page, bytes, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

// Version 2: with shared memory, without memory-mapped reads, so that every access is seen here.
const sqlite3_io_methods kMethods = {
    2,         close,      read,    write,       truncate,        sync,    size,     lock,
    unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock, shm_barrier,
    shm_unmap, nullptr,    nullptr};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* state = static_cast<FaultVfs::State*>(vfs->pAppData);
  new (file) File{{nullptr}, state, name};
  FaultVfs::Fault fault;
  if (state->fails(Operation::kOpen, name == nullptr ? "" : name, fault)) return SQLITE_CANTOPEN;
  const int status = state->real->xOpen(state->real, name, real(file), flags, out_flags);
  if (real(file)->pMethods != nullptr) file->pMethods = &kMethods;
  return status;
}

}  // namespace

FaultVfs::FaultVfs(std::string name) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->real = sqlite3_vfs_find(nullptr);
  state_->vfs =
      *state_->real;  // every other method is the real one's, which does not look at its own vfs argument
  state_->vfs.pNext = nullptr;
  state_->vfs.zName = state_->name.c_str();
  state_->vfs.pAppData = state_.get();
  state_->vfs.szOsFile = static_cast<int>(kRealOffset) + state_->real->szOsFile;
  state_->vfs.xOpen = open;
  sqlite3_vfs_register(&state_->vfs, 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&state_->vfs); }

void FaultVfs::fail(Fault fault) {
  const std::lock_guard guard(state_->mutex);
  state_->fault = std::move(fault);
  state_->armed = true;
  state_->failures = 0;
}

void FaultVfs::heal() {
  const std::lock_guard guard(state_->mutex);
  state_->armed = false;
}

std::uint64_t FaultVfs::failures() const {
  const std::lock_guard guard(state_->mutex);
  return state_->failures;
}

std::uint64_t FaultVfs::count(Operation operation) const {
  const std::lock_guard guard(state_->mutex);
  return state_->counts[static_cast<std::size_t>(operation)];
}

}  // namespace remit::store
