// Folder: which files a log's folder has under `tile/`, by their names, and which of them a log of a certain
// size has no use for.
//
// Thread-safety: pure functions.

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/tile.h"

namespace remit::audit {

struct FolderFile {
  std::string path;          // "tile/0/001.p/17", beneath the folder
  std::optional<Tile> tile;  // none: it has not the name of a file of a log
  bool entries = false;      // a bundle; its level is 0
};

// A name as tile_path and entries_path give it; none for any other.
FolderFile read_name(std::string path);

// Every file under `tile/`, in the order of their names. Nothing where there is no folder. Errors: kInternal
// RMT-A021.
Result<std::vector<FolderFile>> files_of(const std::filesystem::path& folder);

// What is wrong with a file's being there.
enum class Excess {
  kStray,        // not a file of a log
  kHalfWritten,  // a file of a log, by write_durable of a process that was killed
  kBeyond,       // of entries that a log of this size does not have
  kStale,        // partial, and of a checkpoint before the last one: the last but one's stay for its readers
};
struct ExcessFile {
  std::string path;
  Excess why = Excess::kStray;
};
std::vector<ExcessFile> excess_of(const std::vector<FolderFile>& files, std::uint64_t size);

}  // namespace remit::audit
