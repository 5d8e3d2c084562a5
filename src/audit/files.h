// Files that are whole and durable, or not there: written under another name, synced, renamed, folder synced.

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace remit::audit {

// Makes missing folders too. A write whose sync failed is not synced again: the next attempt writes another
// file. Errors: kInternal RMT-A021.
Result<void> write_durable(const std::filesystem::path& file, BytesView bytes, mode_t mode = 0644);

// Makes the names in a folder durable. Errors: kInternal RMT-A021.
Result<void> sync_folder(const std::filesystem::path& folder);

// The file that write_durable was writing under this name when its process was killed; none for another name.
std::optional<std::filesystem::path> half_written(const std::filesystem::path& name);

// Removes what write_durable of a process that was killed has left of `file`. Not while another one writes
// it.
void remove_half_written(const std::filesystem::path& file);

// The file's bytes, or nothing where there is no file. Errors: kInternal RMT-A021 (a file over `limit`
// bytes too).
Result<std::optional<Bytes>> read_file(const std::filesystem::path& file, std::size_t limit = 64U << 20);

}  // namespace remit::audit
