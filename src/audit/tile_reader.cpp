#include "audit/tile_reader.h"

#include <algorithm>

#include "audit/files.h"

namespace remit::audit {
namespace {

constexpr std::size_t kMaxCachedTiles = 1024;  // 8 MiB

}  // namespace

Tile TileReader::tile_at(unsigned level, std::uint64_t index) const {
  const std::uint64_t count = size_ >> (8 * level);
  return {level, index, std::min(kTileWidth, count - index * kTileWidth)};
}

// A partial file may have gone in favour of the full one: its first entries or hashes are the same.
Result<Bytes> TileReader::read(const Tile& tile, bool entries) const {
  const auto path = [&](const Tile& t) { return folder_ / (entries ? entries_path(t) : tile_path(t)); };
  ASSIGN_OR_RETURN(auto bytes, read_file(path(tile)));
  if (bytes) return *std::move(bytes);
  if (tile.width < kTileWidth) {
    ASSIGN_OR_RETURN(auto full, read_file(path({tile.level, tile.index, kTileWidth})));
    if (full) return *std::move(full);
  }
  return fail(ErrorKind::kNotFound, "RMT-A013", "the log has no file `" + path(tile).string() + "`");
}

Result<Digest> TileReader::hash(unsigned level, std::uint64_t index) {
  if (level >= 64 || index >= (size_ >> level))
    return fail(ErrorKind::kNotFound, "RMT-A013", "the log has no such node");
  // The tile that holds the hashes below the node, and where they begin in it.
  const unsigned tile_level = level / 8;
  const std::uint64_t count = std::uint64_t{1} << (level % 8);
  const std::uint64_t first = index * count;
  const Tile tile = tile_at(tile_level, first / kTileWidth);
  const std::uint64_t key = (std::uint64_t{tile_level} << 56) | tile.index;
  auto found = cache_.find(key);
  if (found == cache_.end()) {
    ASSIGN_OR_RETURN(const auto bytes, read(tile, false));
    ASSIGN_OR_RETURN(auto hashes, parse_tile(bytes, bytes.size() / 32));
    if (hashes.size() < tile.width)
      return fail(ErrorKind::kInvalid, "RMT-A006", "the tile `" + tile_path(tile) + "` is cut off");
    if (cache_.size() >= kMaxCachedTiles) cache_.clear();
    found = cache_.emplace(key, std::move(hashes)).first;
  }
  CompactTree tree;
  for (std::uint64_t i = 0; i < count; ++i) tree.append(found->second[first % kTileWidth + i]);
  return tree.head().root;
}

Result<std::string> TileReader::entry(std::uint64_t index) {
  if (index >= size_)
    return fail(ErrorKind::kNotFound, "RMT-A013", "the log has no entry " + std::to_string(index));
  const Tile tile = tile_at(0, index / kTileWidth);
  ASSIGN_OR_RETURN(const auto bytes, read(tile, true));
  BytesView rest(bytes);
  for (std::uint64_t skip = index % kTileWidth; rest.size() >= 2; --skip) {
    const std::size_t length = (std::size_t{rest[0]} << 8) | rest[1];
    if (rest.size() - 2 < length) break;
    if (skip == 0) return std::string(as_text(rest.subspan(2, length)));
    rest = rest.subspan(2 + length);
  }
  return fail(ErrorKind::kInvalid, "RMT-A006", "the bundle `" + entries_path(tile) + "` is cut off");
}

}  // namespace remit::audit
