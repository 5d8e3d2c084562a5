#include "audit/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <tuple>

#include "audit/entry_checker.h"
#include "audit/files.h"
#include "audit/folder.h"
#include "audit/tile_builder.h"

namespace remit::audit {
namespace {

constexpr int kTimesAnew = 5;  // where the log moved on while it was verified
constexpr std::chrono::milliseconds kLookAgain{100};

// The hashes or bundle of a tile as the folder has them; where the partial file has gone, those of the full
// one, which holds more.
struct TileBytes {
  Bytes bytes;
  bool full = false;  // in place of the partial one
};

Result<std::optional<TileBytes>> read_tile(const std::filesystem::path& folder, const Tile& tile,
                                           bool entries) {
  const auto path = [&](const Tile& t) { return folder / (entries ? entries_path(t) : tile_path(t)); };
  ASSIGN_OR_RETURN(auto bytes, read_file(path(tile)));
  if (bytes) return TileBytes{.bytes = *std::move(bytes)};
  if (tile.width == kTileWidth) return std::nullopt;
  ASSIGN_OR_RETURN(auto full, read_file(path({tile.level, tile.index, kTileWidth})));
  if (!full) return std::nullopt;
  return TileBytes{.bytes = *std::move(full), .full = true};
}

std::string_view told(Excess why) {
  switch (why) {
    case Excess::kStray:
      return "is not a file of the log";
    case Excess::kHalfWritten:
      return "was being written when its process ended";
    case Excess::kBeyond:
      return "is of entries that the checkpoint does not cover";
    case Excess::kStale:
      return "was left behind: no checkpoint that is read needs it";
  }
  return "?";
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

  // Of the log as `note` covers it.
  Result<Report> run(std::string_view note) {
    ASSIGN_OR_RETURN(auto own, verify_checkpoint(note, log_, options_.witnesses));
    report_.checkpoint = std::move(own.checkpoint);
    report_.signers = std::move(own.signers);
    read_other_checkpoints();
    compare_known();  // a checkpoint of the empty log
    TRY(replay());
    checker_.finish();
    judge_root();
    judge_missing();
    TRY(judge_files());
    std::ranges::sort(report_.problems, {}, [](const Problem& p) { return std::tie(p.entry, p.what); });
    return std::move(report_);
  }

 private:
  void problem(std::optional<std::uint64_t> entry, std::string what) {
    report_.problems.push_back({.entry = entry, .what = std::move(what)});
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
      const auto entries = bundle ? split_bundle(bundle->bytes, tile.width) : std::vector<BytesView>{};
      if (bundle && !bundle->full && entries.size() == tile.width) {
        const auto end = entries.back().data() + entries.back().size();
        if (end != bundle->bytes.data() + bundle->bytes.size())
          problem({}, "`" + entries_path(tile) + "` holds more than its entries");
      }
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
    ASSIGN_OR_RETURN(const auto tile, read_tile(folder_, published, false));
    if (tile && !tile->full && tile->bytes.size() > published.width * 32)
      problem({}, "`" + tile_path(published) + "` holds more than its hashes");
    const std::uint64_t under = std::uint64_t{1} << (8 * file.tile.level);
    for (std::uint64_t i = 0; i < file.tile.width; ++i) {
      const bool there = tile && tile->bytes.size() >= (i + 1) * 32;
      if (there &&
          std::ranges::equal(file.bytes.subspan(i * 32, 32), BytesView(tile->bytes).subspan(i * 32, 32)))
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

  Result<void> judge_files() {
    ASSIGN_OR_RETURN(const auto files, files_of(folder_));
    const auto size = report_.checkpoint.head.size;
    const auto excess = excess_of(files, size);
    const auto reach = reach_of_bundles(files, size);
    for (const auto& file : excess) {
      ASSIGN_OR_RETURN(const bool unfinished, is_unfinished(file, reach));
      report_.problems.push_back(
          {.what = fmt::format("`{}` {}", file.path, told(file.why)), .unfinished = unfinished});
    }
    for (const auto& file : files)
      if (file.tile && std::ranges::find(excess, file.path, &ExcessFile::path) == excess.end())
        TRY(judge_older(file));
    return {};
  }

  // How many entries the bundles hold in a row, those that no checkpoint covers yet included.
  static std::uint64_t reach_of_bundles(const std::vector<FolderFile>& files, std::uint64_t size) {
    std::map<std::uint64_t, std::uint64_t> widths;  // of the widest bundle of each index
    for (const auto& file : files)
      if (file.tile && file.entries)
        widths[file.tile->index] = std::max(widths[file.tile->index], file.tile->width);
    auto reach = size;
    for (auto bundle = widths.find(size / kTileWidth);
         bundle != widths.end() && bundle->first == reach / kTileWidth; ++bundle) {
      reach = std::max(reach, bundle->first * kTileWidth + bundle->second);
      if (bundle->second < kTileWidth) break;
    }
    return reach;
  }

  // Whether a publication leaves such a file that is cut off: whole, of the next entries in a row.
  Result<bool> is_unfinished(const ExcessFile& excess, std::uint64_t reach) const {
    if (excess.why != Excess::kBeyond) return excess.why != Excess::kStray;
    const auto file = read_name(excess.path);
    const auto& tile = *file.tile;
    const auto hashes = tile.index * kTileWidth + tile.width;
    if (hashes > reach >> (8 * tile.level)) return false;
    ASSIGN_OR_RETURN(const auto bytes, read_file(folder_ / file.path));
    if (!bytes) return true;  // a start has removed it
    return file.entries ? parse_bundle(*bytes, tile.width).has_value()
                        : parse_tile(*bytes, tile.width).has_value();
  }

  // A partial file that the checkpoint before this one needed holds the beginning of what came in its place.
  Result<void> judge_older(const FolderFile& file) {
    auto wider = *file.tile;
    const std::uint64_t hashes = report_.checkpoint.head.size >> (8 * wider.level);
    wider.width = std::min(kTileWidth, hashes - wider.index * kTileWidth);
    if (file.tile->width == wider.width) return {};
    ASSIGN_OR_RETURN(const auto older, read_file(folder_ / file.path));
    ASSIGN_OR_RETURN(const auto now, read_tile(folder_, wider, file.entries));
    if (!older || !now) return {};
    const bool begins = older->size() <= now->bytes.size() &&
                        std::ranges::equal(*older, BytesView(now->bytes).first(older->size()));
    const bool whole = file.entries ? split_bundle(*older, kTileWidth).size() == file.tile->width
                                    : older->size() == file.tile->width * 32;
    if (!begins || !whole) problem({}, fmt::format("`{}` does not hold what its name says", file.path));
    return {};
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

// The newest of the checkpoints that were given, where it is newer than the folder's own.
std::optional<std::string> newer_note(const SignedCheckpoint& own, const VerifierKey& log,
                                      const VerifyOptions& options) {
  std::optional<std::string> newest;
  auto size = own.checkpoint.head.size;
  for (const auto& note : options.checkpoints)
    if (const auto other = verify_checkpoint(note, log); other && other->checkpoint.head.size > size) {
      size = other->checkpoint.head.size;
      newest = note;
    }
  return newest;
}

Result<std::string> published_note(const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const auto note, read_file(folder / "checkpoint", kMaxNoteBytes));
  if (!note)
    return fail(ErrorKind::kNotFound, "RMT-A013",
                "there is no checkpoint in `" + folder.string() + "`: it is not the folder of a log");
  return std::string(as_text(*note));
}

// As the folder is at this moment.
Result<Report> verify_once(const std::filesystem::path& folder, const VerifierKey& log,
                           const VerifyOptions& options, const std::string& note) {
  ASSIGN_OR_RETURN(const auto own, verify_checkpoint(note, log));
  if (const auto newer = newer_note(own, log, options)) {
    // Signed, and perhaps not published any more: the folder may hold all that it covers.
    auto with_own = options;
    with_own.checkpoints.push_back(note);
    ASSIGN_OR_RETURN(auto report, Verification(folder, log, with_own).run(*newer));
    if (report.good() || report.unfinished()) {
      report.problems.push_back(
          {.what = fmt::format("`checkpoint` covers {} entries, the folder holds all {} of a checkpoint that "
                               "was given: it was signed and not published",
                               own.checkpoint.head.size, report.checkpoint.head.size),
           .unfinished = true});
      return report;
    }
  }
  return Verification(folder, log, options).run(note);
}

}  // namespace

Result<Report> verify(const std::filesystem::path& folder, const VerifierKey& log,
                      const VerifyOptions& options) {
  const auto until = std::chrono::steady_clock::now() + options.patience;
  for (int again = 0;; ++again) {
    ASSIGN_OR_RETURN(const auto note, published_note(folder));
    ASSIGN_OR_RETURN(auto report, verify_once(folder, log, options, note));
    if (report.good()) return report;
    ASSIGN_OR_RETURN(const auto now, published_note(folder));
    if (now != note && again < kTimesAnew) continue;
    if (now != note || !report.unfinished() || std::chrono::steady_clock::now() >= until) return report;
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace remit::audit
