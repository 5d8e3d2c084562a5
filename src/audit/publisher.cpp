#include "audit/publisher.h"

#include <algorithm>

#include "audit/files.h"
#include "audit/log.h"
#include "audit/tile_reader.h"

namespace remit::audit {
namespace {

constexpr std::uint64_t kRowsAtATime = 1024;

std::unexpected<Error> disagrees(std::string why) {
  return fail(ErrorKind::kConflict, "RMT-A020", std::move(why));
}

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(store::Store& store, SigningKey key, Options options) {
  std::unique_ptr<Publisher> publisher(new Publisher(store, std::move(key), std::move(options)));
  TRY(publisher->start());
  return publisher;
}

Result<void> Publisher::start() {
  ASSIGN_OR_RETURN(signed_, signed_head());
  TRY(check_extends(signed_));
  TRY(publish());
  return {};
}

// The head in the state file; that of the empty log where nothing was signed yet.
Result<TreeHead> Publisher::signed_head() const {
  ASSIGN_OR_RETURN(const auto note, read_file(options_.state));
  if (!note) return TreeHead{0, empty_root()};
  ASSIGN_OR_RETURN(const auto state, verify_checkpoint(as_text(*note), key_.verifier()));
  return state.checkpoint.head;
}

Result<void> Publisher::for_each_row(std::uint64_t first, std::uint64_t end,
                                     const std::function<Result<void>(BytesView)>& work) {
  while (first < end) {
    const auto last = std::min(end, first + kRowsAtATime);
    TRY(store_.read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(
          const auto rows,
          reader.query("SELECT idx, entry FROM log_entry WHERE idx >= ? AND idx < ? ORDER BY idx",
                       {static_cast<std::int64_t>(first), static_cast<std::int64_t>(last)}));
      for (const auto& row : rows) {
        if (row.integer(0) != static_cast<std::int64_t>(first))
          return disagrees("entry " + std::to_string(first) + " of the log is missing in the store");
        TRY(work(as_bytes(row.text(1))));
        ++first;
      }
      if (first != last)
        return disagrees("entry " + std::to_string(first) + " of the log is missing in the store");
      return {};
    }));
  }
  return {};
}

Result<void> Publisher::check_extends(const TreeHead& signed_before) {
  std::uint64_t size = 0;
  TRY(store_.read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(size, log_size(reader));
    return {};
  }));
  if (size < signed_before.size)
    return disagrees("the store has " + std::to_string(size) + " entries, but " +
                     std::to_string(signed_before.size) + " were signed: it was put back to an older state");
  CompactTree tree;
  TRY(for_each_row(0, signed_before.size, [&](BytesView entry) -> Result<void> {
    tree.append(leaf_hash(entry));
    return {};
  }));
  if (tree.head() != signed_before)
    return disagrees("the first " + std::to_string(signed_before.size) +
                     " entries in the store are not those that were signed");
  return {};
}

Result<void> Publisher::write(const TileFile& file) {
  const auto path = options_.folder / file.path();
  ASSIGN_OR_RETURN(const auto there, read_file(path));
  if (!there || !std::ranges::equal(*there, file.bytes)) TRY(write_durable(path, file.bytes));
  if (file.tile.width == kTileWidth) {
    std::error_code ignored;  // a partial file that stays is no harm
    std::filesystem::remove_all(path.string() + ".p", ignored);
  }
  return {};
}

Result<Checkpoint> Publisher::publish() {
  std::uint64_t size = 0;
  TRY(store_.read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(size, log_size(reader));
    return {};
  }));
  const auto sink = [this](const TileFile& file) { return write(file); };
  // A builder that met an error half way is behind its files, or a level ahead: it starts again.
  auto builder = builder_;
  TRY(for_each_row(builder.head().size, size, [&](BytesView entry) { return builder.add(entry, sink); }));
  TRY(builder.partial(sink));
  builder_ = std::move(builder);

  const auto head = builder_.head();
  if (!published_ || published_->head != head) TRY(sign(head));
  return *published_;
}

Result<void> Publisher::sign(const TreeHead& head) {
  // The state may have been moved by someone else who holds this key: what it says now counts, not what it
  // said when it was read last.
  ASSIGN_OR_RETURN(const auto before, signed_head());
  if (before != signed_) return disagrees("another process has signed with this key");
  // From the files themselves: what was written is what is vouched for.
  TileReader tiles(options_.folder, head.size);
  ASSIGN_OR_RETURN(const auto root, root_of(head.size, tiles.reader()));
  ASSIGN_OR_RETURN(const auto proof, make_consistency_proof(before.size, head.size, tiles.reader()));
  if (root != head.root || !verify_consistency(before, head, proof))
    return disagrees("the tiles do not extend the last signed state");

  const Checkpoint checkpoint{.origin = key_.verifier().name, .head = head};
  ASSIGN_OR_RETURN(const auto note, key_.sign(checkpoint.text()));
  TRY(write_durable(options_.state, as_bytes(note), 0600));
  signed_ = head;
  TRY(write_durable(options_.folder / "checkpoint", as_bytes(note)));
  published_ = checkpoint;
  return {};
}

}  // namespace remit::audit
