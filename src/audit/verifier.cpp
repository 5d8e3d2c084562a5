#include "audit/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "audit/entry_checker.h"
#include "audit/files.h"
#include "audit/tile_builder.h"

namespace remit::audit {
namespace {

// The hashes or bundle of a tile as the folder has them; where the partial file has gone, those of the full
// one. Nothing where there is no file.
Result<std::optional<Bytes>> read_tile(const std::filesystem::path& folder, const Tile& tile, bool entries) {
  const auto path = [&](const Tile& t) { return folder / (entries ? entries_path(t) : tile_path(t)); };
  ASSIGN_OR_RETURN(auto bytes, read_file(path(tile)));
  if (bytes || tile.width == kTileWidth) return bytes;
  return read_file(path({tile.level, tile.index, kTileWidth}));
}

// The entries of a bundle up to where it is cut off, at most `width`.
std::vector<BytesView> split_bundle(BytesView bytes, std::uint64_t width) {
  std::vector<BytesView> entries;
  while (entries.size() < width && bytes.size() >= 2) {
    const std::size_t length = (std::size_t{bytes[0]} << 8) | bytes[1];
    if (bytes.size() - 2 < length) break;
    entries.push_back(bytes.subspan(2, length));
    bytes = bytes.subspan(2 + length);
  }
  return entries;
}

// A place where a tile holds another hash than the entries lead to.
struct Mismatch {
  std::string path;
  unsigned level;
  std::uint64_t first;  // entries under the hash
  std::uint64_t last;
};

class Verification {
 public:
  Verification(const std::filesystem::path& folder, const VerifierKey& log, const VerifyOptions& options)
      : folder_(folder), log_(log), options_(options) {}

  Result<Report> run() {
    ASSIGN_OR_RETURN(const auto note, read_file(folder_ / "checkpoint", kMaxNoteBytes));
    if (!note)
      return fail(ErrorKind::kNotFound, "RMT-A013",
                  "there is no checkpoint in `" + folder_.string() + "`: it is not the folder of a log");
    ASSIGN_OR_RETURN(auto own, verify_checkpoint(as_text(*note), log_, options_.witnesses));
    report_.checkpoint = std::move(own.checkpoint);
    report_.signers = std::move(own.signers);
    read_other_checkpoints();
    compare_known();  // a checkpoint of the empty log
    TRY(replay());
    checker_.finish();
    judge_root();
    judge_missing();
    std::ranges::sort(report_.problems, {}, [](const Problem& p) { return std::tie(p.entry, p.what); });
    return std::move(report_);
  }

 private:
  void problem(std::optional<std::uint64_t> entry, std::string what) {
    report_.problems.push_back({entry, std::move(what)});
  }

  void read_other_checkpoints() {
    for (const auto& note : options_.checkpoints) {
      auto other = verify_checkpoint(note, log_, options_.witnesses);
      if (!other) {
        problem({}, "a checkpoint that was given to compare with is not one of this log: " +
                        other.error().message);
        continue;
      }
      known_.emplace(other->checkpoint.head.size, other->checkpoint.head.root);
    }
  }

  // Compares with the checkpoints of the size that has been read.
  void compare_known() {
    const auto head = builder_.head();
    const auto [first, last] = known_.equal_range(head.size);
    for (auto known = first; known != last; ++known) {
      if (known->second == head.root)
        agreed_ = head.size;
      else
        problem(head.size == 0 ? 0 : head.size - 1,
                fmt::format("the log's first {} entries are not those of a checkpoint that was given: one of "
                            "the entries {} to {} was changed, or the log has been forked",
                            head.size, agreed_, head.size == 0 ? 0 : head.size - 1));
    }
  }

  Result<void> replay() {
    const auto size = report_.checkpoint.head.size;
    const auto sink = [this](const TileFile& file) { return compare(file); };
    for (std::uint64_t first = 0; first < size; first += kTileWidth) {
      const Tile tile{0, first / kTileWidth, std::min(kTileWidth, size - first)};
      ASSIGN_OR_RETURN(const auto bundle, read_tile(folder_, tile, true));
      const auto entries = bundle ? split_bundle(*bundle, tile.width) : std::vector<BytesView>{};
      for (std::size_t i = 0; i < entries.size(); ++i) {
        checker_.check(first + i, as_text(entries[i]));
        TRY(builder_.add(entries[i], sink));
        compare_known();
      }
      if (entries.size() == tile.width) continue;
      missing_ = first + entries.size();
      break;
    }
    return builder_.partial(sink);
  }

  // Compares a recomputed file with that of the folder, hash by hash. Bundles are what is computed from.
  Result<void> compare(const TileFile& file) {
    if (file.entries) return {};
    // Where entries are missing the folder's tile is wider than the recomputed one.
    const std::uint64_t hashes = report_.checkpoint.head.size >> (8 * file.tile.level);
    const Tile published{file.tile.level, file.tile.index,
                         std::min(kTileWidth, hashes - file.tile.index * kTileWidth)};
    ASSIGN_OR_RETURN(const auto bytes, read_tile(folder_, published, false));
    const std::uint64_t under = std::uint64_t{1} << (8 * file.tile.level);
    for (std::uint64_t i = 0; i < file.tile.width; ++i) {
      const bool there = bytes && bytes->size() >= (i + 1) * 32;
      if (there && std::ranges::equal(file.bytes.subspan(i * 32, 32), BytesView(*bytes).subspan(i * 32, 32)))
        continue;
      const std::uint64_t first = file.first_entry() + i * under;
      mismatches_.push_back({file.path(), file.tile.level, first, first + under - 1});
      if (!there) break;
    }
    return {};
  }

  void judge_root() {
    const bool whole = !missing_;
    const bool signed_root = whole && builder_.head() == report_.checkpoint.head;
    if (signed_root) {
      // The entries are those that were signed; what differs is a tile that cannot be relied on.
      for (const auto& one : mismatches_)
        problem(one.first, "is as it was signed, but `" + one.path + "` does not hold its hash");
      return;
    }
    // The lowest level tells the place most closely; above it the same change shows again.
    const auto lowest = std::ranges::min_element(mismatches_, {}, &Mismatch::level);
    for (const auto& one : mismatches_) {
      if (one.level != lowest->level) continue;
      problem(one.first, one.level == 0 ? "is not the entry that was hashed when it was written"
                                        : fmt::format("to {}: one of these entries is not the one that was "
                                                      "hashed when it was written",
                                                      one.last));
    }
    if (whole && mismatches_.empty())
      problem(agreed_, fmt::format("to {}: these entries and all tiles agree, but lead to another root than "
                                   "the signed one: the log was rewritten",
                                   report_.checkpoint.head.size - 1));
  }

  void judge_missing() {
    const auto size = report_.checkpoint.head.size;
    if (missing_)
      problem(missing_, fmt::format("is missing: the checkpoint covers {} entries, the folder holds the "
                                    "first {} in a row",
                                    size, *missing_));
    if (known_.empty() || known_.rbegin()->first <= size) return;
    problem(size,
            fmt::format("is missing: the log ends at {} entries, a checkpoint of {} was given; it was cut "
                        "off or put back to an older state",
                        size, known_.rbegin()->first));
  }

  const std::filesystem::path folder_;
  const VerifierKey& log_;
  const VerifyOptions& options_;
  Report report_;
  EntryChecker checker_{report_};
  TileBuilder builder_;
  std::multimap<std::uint64_t, Digest> known_;  // roots by size, of the checkpoints that were given
  std::uint64_t agreed_ = 0;                    // the largest size at which one of them agreed
  std::vector<Mismatch> mismatches_;
  std::optional<std::uint64_t> missing_;  // the first entry that is not there
};

}  // namespace

Result<Report> verify(const std::filesystem::path& folder, const VerifierKey& log,
                      const VerifyOptions& options) {
  return Verification(folder, log, options).run();
}

}  // namespace remit::audit
