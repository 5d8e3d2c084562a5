#include "audit/tile_builder.h"

#include <utility>

namespace remit::audit {

Result<void> TileBuilder::add(BytesView entry, const Sink& sink) {
  TRY(append_to_bundle(bundle_, entry));
  const auto leaf = leaf_hash(entry);
  tree_.append(leaf);
  if (levels_.empty()) levels_.emplace_back();
  const auto& lowest = levels_.front();
  if (lowest.width + 1 == kTileWidth) {
    TRY(sink({.tile = {0, lowest.index, kTileWidth}, .entries = true, .bytes = bundle_}));
    bundle_.clear();
  }
  return add_hash(0, leaf, sink);
}

Result<void> TileBuilder::add_hash(unsigned number, const Digest& hash, const Sink& sink) {
  if (number == levels_.size()) levels_.emplace_back();
  auto& level = levels_[number];
  level.hashes.insert(level.hashes.end(), hash.bytes.begin(), hash.bytes.end());
  level.tree.append(hash);
  if (++level.width < kTileWidth) return {};
  TRY(sink({.tile = {number, level.index, kTileWidth}, .bytes = level.hashes}));
  const auto root = level.tree.head().root;
  level = Level{.index = level.index + 1};
  return add_hash(number + 1, root, sink);
}

Result<void> TileBuilder::partial(const Sink& sink) const {
  for (unsigned number = 0; number < levels_.size(); ++number) {
    const auto& level = levels_[number];
    if (level.width == 0) continue;
    const Tile tile{number, level.index, level.width};
    if (number == 0) TRY(sink({.tile = tile, .entries = true, .bytes = bundle_}));
    TRY(sink({.tile = tile, .bytes = level.hashes}));
  }
  return {};
}

}  // namespace remit::audit
