// LockFile: keeps every other process off a store. An advisory lock (flock) on `<store>.lock`, which goes
// with the process however it ends; the file holds the process id of the holder, for the message alone.

#pragma once

#include <filesystem>

#include "base/result.h"

namespace remit::store {

class LockFile {
 public:
  // Errors: kUnavailable RMT-S001 (held: says by which process), kInternal RMT-S004.
  static Result<LockFile> take(const std::filesystem::path& path);
  LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace remit::store
