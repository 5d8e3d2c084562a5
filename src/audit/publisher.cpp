#include "audit/publisher.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/files.h"
#include "audit/log.h"
#include "audit/tail_check.h"
#include "audit/tile_reader.h"
#include "base/canonical_json.h"

namespace remit::audit {
namespace {

constexpr std::uint64_t kRowsAtATime = 1024;

std::unexpected<Error> disagrees(std::string why) {
  return fail(ErrorKind::kConflict, "RMT-A020", std::move(why));
}

// Whether bytes are an entry of a log, as far as can be told without its neighbours.
bool is_entry(BytesView bytes) {
  const auto value = parse_json(as_text(bytes));
  return value && value->is_object() && value->get_object().contains("v") &&
         value->get_object().contains("kind") && value->get_object().contains("writer");
}

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(store::Store& store, SigningKey key, Options options) {
  std::unique_ptr<Publisher> publisher(new Publisher(store, std::move(key), std::move(options)));
  TRY(publisher->start());
  return publisher;
}

Result<void> Publisher::start() {
  ASSIGN_OR_RETURN(const auto rows, this->rows());
  ASSIGN_OR_RETURN(const auto state, this->state());
  ASSIGN_OR_RETURN(before_, published_before());
  const auto& before = before_;
  if (!state) {
    if (rows > 0 || before)
      return fail(ErrorKind::kNotFound, "RMT-A023",
                  fmt::format("{} is missing, and the log has {} entries", options_.state.string(),
                              std::max(rows, before ? before->size : 0)));
    // Before the first entry: where there is an entry there is a state.
    std::string note;
    TRY(write_state({.origin = key_.verifier().name, .head = {0, empty_root()}}, note));
  } else {
    state_ = *state;
  }
  signed_ = before && before->size > state_.size ? *before : state_;
  TRY(check_extends(state_, options_.state.string(), rows));
  if (before) TRY(check_extends(*before, (options_.folder / "checkpoint").string(), rows));
  TRY(store_.read([this](store::Reader& reader) { return check_tail(reader, signed_.size); }));
  return check_published_entries(rows);
}

Result<std::uint64_t> Publisher::rows() const {
  std::uint64_t size = 0;
  TRY(store_.read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(size, log_size(reader));
    return {};
  }));
  return size;
}

Result<std::optional<TreeHead>> Publisher::state() const {
  ASSIGN_OR_RETURN(const auto note, read_file(options_.state));
  if (!note) return std::nullopt;
  ASSIGN_OR_RETURN(const auto state, verify_checkpoint(as_text(*note), key_.verifier()));
  return state.checkpoint.head;
}

// The checkpoint in the folder. One that is cut or malformed is made anew, as every file there.
Result<std::optional<TreeHead>> Publisher::published_before() const {
  const auto file = options_.folder / "checkpoint";
  ASSIGN_OR_RETURN(const auto bytes, read_file(file, kMaxNoteBytes));
  if (!bytes || !parse_note(as_text(*bytes))) return std::nullopt;
  const auto checkpoint = verify_checkpoint(as_text(*bytes), key_.verifier());
  if (checkpoint) return checkpoint->checkpoint.head;
  if (checkpoint.error().code == "RMT-A004") return std::nullopt;
  return disagrees(
      fmt::format("`{}` is not signed by this log's key: the folder is another log's, or the "
                  "checkpoint was changed",
                  file.string()));
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

Result<void> Publisher::check_extends(const TreeHead& head, std::string_view where, std::uint64_t rows) {
  if (rows < head.size)
    return disagrees(
        fmt::format("the store has {} entries, but `{}` covers {}: the store was put back to an "
                    "older state, or a disk has lost what it had said was written",
                    rows, where, head.size));
  CompactTree tree;
  TRY(for_each_row(0, head.size, [&](BytesView entry) -> Result<void> {
    tree.append(leaf_hash(entry));
    return {};
  }));
  if (tree.head() != head)
    return disagrees(
        fmt::format("the first {} entries in the store are not those that `{}` covers", head.size, where));
  return {};
}

// What no checkpoint covers and was published nevertheless, as by a process that was killed before it signed,
// or where both checkpoints were put back with the store.
Result<void> Publisher::check_published_entries(std::uint64_t rows) {
  ASSIGN_OR_RETURN(const auto files, files_of(options_.folder));
  for (const auto& file : files)
    if (file.tile && file.entries && file.tile->index * kTileWidth + file.tile->width > signed_.size)
      TRY(check_bundle(file, rows));
  return {};
}

Result<void> Publisher::check_bundle(const FolderFile& file, std::uint64_t rows) {
  ASSIGN_OR_RETURN(const auto bytes, read_file(options_.folder / file.path));
  if (!bytes) return {};
  auto index = file.tile->index * kTileWidth;
  for (const auto entry : split_bundle(*bytes, kTileWidth)) {
    if (index >= signed_.size && is_entry(entry)) {
      if (index >= rows)
        return disagrees(
            fmt::format("the store has {} entries, but `{}` holds entry {}: the store was put "
                        "back to an older state, or a disk has lost what it had said was written",
                        rows, file.path, index));
      TRY(store_.read([&](store::Reader& reader) -> Result<void> {
        ASSIGN_OR_RETURN(const auto row, read_entry(reader, index));
        if (row == as_text(entry)) return {};
        return disagrees(
            fmt::format("entry {} in the store is not the one that was published in `{}`", index, file.path));
      }));
    }
    ++index;
  }
  return {};
}

Result<void> Publisher::write(const TileFile& file) {
  if (file.tile.width < kTileWidth) partial_.insert(file.path());
  const auto path = options_.folder / file.path();
  ASSIGN_OR_RETURN(const auto there, read_file(path));
  if (there && std::ranges::equal(*there, file.bytes)) return {};
  return write_durable(path, file.bytes);
}

Result<Checkpoint> Publisher::publish() {
  ASSIGN_OR_RETURN(const auto size, rows());
  const auto sink = [this](const TileFile& file) { return write(file); };
  // A builder that met an error half way is behind its files, or a level ahead: it starts again.
  auto builder = builder_;
  const auto before = std::exchange(partial_, {});
  const auto made = [&]() -> Result<void> {
    TRY(for_each_row(builder.head().size, size, [&](BytesView entry) { return builder.add(entry, sink); }));
    return builder.partial(sink);
  }();
  if (!made) {
    partial_.insert(before.begin(), before.end());
    return std::unexpected(made.error());
  }
  builder_ = std::move(builder);

  const auto head = builder_.head();
  if (published_ && published_->head == head) return *published_;
  const bool first = !published_;
  TRY(sign(head));
  for (const auto& path : std::exchange(older_, {}))
    if (!partial_.contains(path)) remove(path);
  for (const auto& path : before)
    if (!partial_.contains(path)) older_.insert(path);
  if (first) TRY(tidy());
  return *published_;
}

Result<void> Publisher::sign(const TreeHead& head) {
  // The state may have been moved by someone else who holds this key: what it says now counts, not what it
  // said when it was read last.
  ASSIGN_OR_RETURN(const auto state, this->state());
  if (!state || *state != state_) return disagrees("another process has signed with this key");
  // From the files themselves: what was written is what is vouched for.
  TileReader tiles(options_.folder, head.size);
  ASSIGN_OR_RETURN(const auto root, root_of(head.size, tiles.reader()));
  ASSIGN_OR_RETURN(const auto proof, make_consistency_proof(signed_.size, head.size, tiles.reader()));
  if (root != head.root || !verify_consistency(signed_, head, proof))
    return disagrees("the tiles do not extend the last signed state");

  const Checkpoint checkpoint{.origin = key_.verifier().name, .head = head};
  std::string note;
  TRY(write_state(checkpoint, note));
  signed_ = head;
  TRY(write_durable(options_.folder / "checkpoint", as_bytes(note)));
  published_ = checkpoint;
  return {};
}

Result<void> Publisher::write_state(const Checkpoint& checkpoint, std::string& note) {
  ASSIGN_OR_RETURN(note, key_.sign(checkpoint.text()));
  TRY(write_durable(options_.state, as_bytes(note), 0600));
  state_ = checkpoint.head;
  return {};
}

// Once, when all that the log needs is there: what it has no use for goes. Who has read the checkpoint that
// was there before finds its partial files for one checkpoint more.
Result<void> Publisher::tidy() {
  ASSIGN_OR_RETURN(const auto files, files_of(options_.folder));
  for (const auto& file : excess_of(files, published_->head.size))
    if (file.why != Excess::kStale) remove(file.path);
  for (const auto& file : files) {
    if (!file.tile || file.tile->width == kTileWidth || partial_.contains(file.path)) continue;
    ASSIGN_OR_RETURN(const bool needed, was_needed(file));
    if (needed)
      older_.insert(file.path);
    else
      remove(file.path);
  }
  remove_half_written(options_.folder / "checkpoint");
  return {};
}

// Whether a partial file is of the checkpoint that was published before this start, and begins as the one
// that has taken its place.
Result<bool> Publisher::was_needed(const FolderFile& file) const {
  const auto& tile = *file.tile;
  const auto reach = tile.index * kTileWidth + tile.width;
  if (!before_ || reach != before_->size >> (8 * tile.level)) return false;
  auto wider = tile;
  wider.width = std::min(kTileWidth, (published_->head.size >> (8 * tile.level)) - tile.index * kTileWidth);
  ASSIGN_OR_RETURN(const auto older, read_file(options_.folder / file.path));
  ASSIGN_OR_RETURN(const auto now,
                   read_file(options_.folder / (file.entries ? entries_path(wider) : tile_path(wider))));
  if (!older || !now || older->size() > now->size()) return false;
  const bool whole = file.entries ? parse_bundle(*older, tile.width).has_value()
                                  : parse_tile(*older, tile.width).has_value();
  return whole && std::ranges::equal(*older, BytesView(*now).first(older->size()));
}

// With the folders that it leaves empty. What stays is no harm: the next start finds it.
void Publisher::remove(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove(options_.folder / path, ignored);
  for (auto folder = std::filesystem::path(path).parent_path(); folder != "tile" && !folder.empty();
       folder = folder.parent_path())
    if (!std::filesystem::remove(options_.folder / folder, ignored)) return;
}

}  // namespace remit::audit
