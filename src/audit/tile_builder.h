// TileBuilder: makes the files of a log from its entries, in memory that does not grow with the log.
// Publisher and verifier both use it: one writes what it gives, the other compares.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "audit/merkle.h"
#include "audit/tile.h"

namespace remit::audit {

// A file of the log: a tile of hashes, or an entry bundle.
struct TileFile {
  Tile tile;
  bool entries = false;
  BytesView bytes;  // valid during the call that gives it

  std::string path() const { return entries ? entries_path(tile) : tile_path(tile); }
  // The index of the first entry under it.
  std::uint64_t first_entry() const { return (tile.index * kTileWidth) << (8 * tile.level); }
};

class TileBuilder {
 public:
  using Sink = std::function<Result<void>(const TileFile&)>;

  // Gives the files that the entry completes: its bundle before its tile, lower levels before upper ones.
  // Errors: kTooLarge RMT-A006, those of the sink.
  Result<void> add(BytesView entry, const Sink& sink);
  // Gives the files that are partial now. Errors: those of the sink.
  Result<void> partial(const Sink& sink) const;
  TreeHead head() const { return tree_.head(); }

 private:
  struct Level {
    std::uint64_t index = 0;  // of the tile that is being filled
    std::uint64_t width = 0;
    Bytes hashes = {};
    CompactTree tree = {};
  };
  Result<void> add_hash(unsigned level, const Digest& hash, const Sink& sink);

  CompactTree tree_;
  Bytes bundle_;
  std::vector<Level> levels_;
};

}  // namespace remit::audit
