#include "audit/tile.h"

#include <fmt/format.h>

#include <algorithm>

namespace remit::audit {
namespace {

constexpr unsigned kTileBits = 8;

std::unexpected<Error> bad_tile(std::string why) {
  return fail(ErrorKind::kInvalid, "RMT-A006", std::move(why));
}

// "x001/x234/067.p/5" for index 1234067, width 5.
std::string index_path(const Tile& tile) {
  std::string path = fmt::format("{:03}", tile.index % 1000);
  for (std::uint64_t rest = tile.index / 1000; rest > 0; rest /= 1000)
    path = fmt::format("x{:03}/{}", rest % 1000, path);
  if (tile.width < kTileWidth) path += fmt::format(".p/{}", tile.width);
  return path;
}

}  // namespace

std::string tile_path(const Tile& tile) { return fmt::format("tile/{}/{}", tile.level, index_path(tile)); }

std::string entries_path(const Tile& tile) { return "tile/entries/" + index_path(tile); }

std::vector<Tile> new_tiles(std::uint64_t old_size, std::uint64_t size) {
  std::vector<Tile> tiles;
  for (unsigned level = 0; level * kTileBits < 64; ++level) {
    const std::uint64_t before = old_size >> (level * kTileBits);
    const std::uint64_t now = size >> (level * kTileBits);
    if (now == before) break;
    for (std::uint64_t index = before / kTileWidth; index * kTileWidth < now; ++index)
      tiles.push_back({level, index, std::min(kTileWidth, now - index * kTileWidth)});
  }
  return tiles;
}

Result<Bytes> tile_bytes(const Tile& tile, const HashReader& read) {
  Bytes bytes;
  bytes.reserve(tile.width * 32);
  for (std::uint64_t i = 0; i < tile.width; ++i) {
    ASSIGN_OR_RETURN(const auto hash, read(tile.level * kTileBits, tile.index * kTileWidth + i));
    bytes.insert(bytes.end(), hash.bytes.begin(), hash.bytes.end());
  }
  return bytes;
}

Result<std::vector<Digest>> parse_tile(BytesView bytes, std::uint64_t width) {
  if (bytes.size() != width * 32) return bad_tile("the tile does not hold as many hashes as its name says");
  std::vector<Digest> hashes(width);
  for (std::uint64_t i = 0; i < width; ++i)
    std::ranges::copy(bytes.subspan(i * 32, 32), hashes[i].bytes.begin());
  return hashes;
}

Result<void> append_to_bundle(Bytes& bundle, BytesView entry) {
  if (entry.size() > kMaxEntryBytes)
    return fail(ErrorKind::kTooLarge, "RMT-A006",
                fmt::format("an entry has {} bytes at most, this one {}", kMaxEntryBytes, entry.size()));
  bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
  bundle.push_back(static_cast<std::uint8_t>(entry.size()));
  bundle.insert(bundle.end(), entry.begin(), entry.end());
  return {};
}

std::vector<BytesView> split_bundle(BytesView bytes, std::uint64_t most) {
  std::vector<BytesView> entries;
  while (entries.size() < most && bytes.size() >= 2) {
    const std::size_t length = (std::size_t{bytes[0]} << 8) | bytes[1];
    if (bytes.size() - 2 < length) break;
    entries.push_back(bytes.subspan(2, length));
    bytes = bytes.subspan(2 + length);
  }
  return entries;
}

Result<std::vector<std::string>> parse_bundle(BytesView bytes, std::uint64_t width) {
  std::vector<std::string> entries;
  while (!bytes.empty()) {
    if (bytes.size() < 2) return bad_tile("the entry bundle is cut off");
    const std::size_t length = (std::size_t{bytes[0]} << 8) | bytes[1];
    if (bytes.size() - 2 < length) return bad_tile("the entry bundle is cut off");
    entries.emplace_back(as_text(bytes.subspan(2, length)));
    bytes = bytes.subspan(2 + length);
  }
  if (entries.size() != width)
    return bad_tile("the entry bundle does not hold as many entries as its name says");
  return entries;
}

}  // namespace remit::audit
