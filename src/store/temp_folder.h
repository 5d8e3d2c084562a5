// TempFolder: an empty folder of its own for one test, gone when the test is.

#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace remit::store {

class TempFolder {
 public:
  TempFolder() : TempFolder(std::filesystem::temp_directory_path()) {}
  explicit TempFolder(const std::filesystem::path& parent) {
    std::string pattern = (parent / "remit-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  // In memory, where the system has a folder for that: for tests of what a store holds, where a sync costs
  // time and shows nothing.
  static TempFolder in_memory() {
    const std::filesystem::path memory = "/dev/shm";
    return TempFolder(std::filesystem::is_directory(memory) ? memory
                                                            : std::filesystem::temp_directory_path());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace remit::store
