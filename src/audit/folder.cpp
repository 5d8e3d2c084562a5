#include "audit/folder.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "audit/files.h"

namespace remit::audit {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kLevels = 8;  // of a log that 64 bits can number

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view cut_front(std::string_view& text) {
  const auto slash = text.find('/');
  const auto part = text.substr(0, slash);
  text.remove_prefix(slash == std::string_view::npos ? text.size() : slash + 1);
  return part;
}

}  // namespace

// Loosely read, and then written again: what is not the same had another form.
FolderFile read_name(std::string path) {
  FolderFile file{.path = std::move(path), .tile = {}};
  std::string_view rest = file.path;
  if (cut_front(rest) != "tile") return file;
  const auto level = cut_front(rest);
  const bool entries = level == "entries";
  Tile tile{.level = 0};
  if (!entries) {
    const auto parsed = number(level);
    if (!parsed || *parsed >= kLevels) return file;
    tile.level = static_cast<unsigned>(*parsed);
  }
  for (bool more = true; more;) {
    auto part = cut_front(rest);
    more = part.starts_with('x');
    if (more) part.remove_prefix(1);
    const bool partial = part.ends_with(".p");
    if (partial) part.remove_suffix(2);
    const auto digits = number(part);
    if (!digits || part.size() != 3 || tile.index > (UINT64_MAX >> 16U)) return file;
    tile.index = tile.index * 1000 + *digits;
    if (!partial) continue;
    const auto width = number(cut_front(rest));
    if (more || !width || *width == 0 || *width >= kTileWidth) return file;
    tile.width = *width;
  }
  if (!rest.empty() || (entries ? entries_path(tile) : tile_path(tile)) != file.path) return file;
  file.tile = tile;
  file.entries = entries;
  return file;
}

Result<std::vector<FolderFile>> files_of(const fs::path& folder) {
  std::vector<FolderFile> files;
  std::error_code ec;
  if (!fs::exists(folder / "tile", ec)) return files;
  for (fs::recursive_directory_iterator one(folder / "tile", ec), end; !ec && one != end; one.increment(ec))
    if (!one->is_directory(ec)) files.push_back(read_name(one->path().lexically_relative(folder).string()));
  if (ec)
    return fail(ErrorKind::kInternal, "RMT-A021", "cannot list `" + folder.string() + "`: " + ec.message());
  std::ranges::sort(files, {}, &FolderFile::path);
  return files;
}

std::vector<ExcessFile> excess_of(const std::vector<FolderFile>& files, std::uint64_t size) {
  std::vector<ExcessFile> excess;
  // The partial files of a level that are narrower than the log needs, by the size that they reach to.
  std::map<std::pair<bool, unsigned>, std::vector<std::pair<std::uint64_t, const FolderFile*>>> older;
  for (const auto& file : files) {
    if (!file.tile) {
      const auto whole = half_written(file.path);
      excess.push_back({file.path, whole && read_name(*whole).tile ? Excess::kHalfWritten : Excess::kStray});
      continue;
    }
    const auto& tile = *file.tile;
    const std::uint64_t hashes = size >> (8 * tile.level);
    const std::uint64_t reach = tile.index * kTileWidth + tile.width;
    if (reach > hashes)
      excess.push_back({file.path, Excess::kBeyond});
    else if (tile.width < kTileWidth && reach < hashes)
      older[{file.entries, tile.level}].emplace_back(reach, &file);
  }
  for (auto& [level, some] : older) {
    std::ranges::sort(some);
    some.pop_back();
    for (const auto& [reach, file] : some) excess.push_back({file->path, Excess::kStale});
  }
  std::ranges::sort(excess, {}, &ExcessFile::path);
  return excess;
}

}  // namespace remit::audit
