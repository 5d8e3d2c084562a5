// Tiles: the files in which a log is published (C2SP tlog-tiles). A tile holds up to 256 hashes of one level,
// an entry bundle the entries under a tile of level 0.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"
#include "base/bytes.h"
#include "base/result.h"

namespace remit::audit {

inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr std::size_t kMaxEntryBytes = 65'535;  // bundles carry 16-bit lengths

struct Tile {
  unsigned level = 0;
  std::uint64_t index = 0;
  std::uint64_t width = kTileWidth;  // 1…256; below 256: partial
  bool operator==(const Tile&) const = default;
};

std::string tile_path(const Tile& tile);     // "tile/0/x001/234.p/17"
std::string entries_path(const Tile& tile);  // "tile/entries/x001/234"; the level does not matter

// The tiles of a log of `size` entries that one of `old_size` did not have, or had narrower; the lowest level
// first.
std::vector<Tile> new_tiles(std::uint64_t old_size, std::uint64_t size);

// A tile's bytes: its hashes one after the other. Errors: those of the reader.
Result<Bytes> tile_bytes(const Tile& tile, const HashReader& read);
// Errors: kInvalid RMT-A006 (the length does not fit the width).
Result<std::vector<Digest>> parse_tile(BytesView bytes, std::uint64_t width);

// Adds an entry with its length. Errors: kTooLarge RMT-A006.
Result<void> append_to_bundle(Bytes& bundle, BytesView entry);
// The entries of a bundle up to where it is cut off, at most `most`; they point into it.
std::vector<BytesView> split_bundle(BytesView bytes, std::uint64_t most);
// Errors: kInvalid RMT-A006 (cut off, or not `width` entries).
Result<std::vector<std::string>> parse_bundle(BytesView bytes, std::uint64_t width);

}  // namespace remit::audit
