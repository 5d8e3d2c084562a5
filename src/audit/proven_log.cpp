#include "audit/proven_log.h"

#include <algorithm>

#include "audit/files.h"

namespace remit::audit {
namespace {

constexpr std::size_t kMaxBundles = 16;  // of a few hundred KB each

}  // namespace

ProvenLog::ProvenLog(std::filesystem::path folder, std::string note, SignedCheckpoint checkpoint)
    : folder_(folder),
      note_(std::move(note)),
      checkpoint_(std::move(checkpoint)),
      tiles_(std::move(folder), checkpoint_.checkpoint.head.size) {}

Result<ProvenLog> ProvenLog::open(std::filesystem::path folder, const VerifierKey& key) {
  ASSIGN_OR_RETURN(const auto bytes, read_file(folder / "checkpoint", kMaxNoteBytes));
  if (!bytes)
    return fail(ErrorKind::kNotFound, "RMT-A013",
                "there is no checkpoint in `" + folder.string() + "`: it is not the folder of a log");
  std::string note(as_text(*bytes));
  ASSIGN_OR_RETURN(auto checkpoint, verify_checkpoint(note, key));
  return ProvenLog(std::move(folder), std::move(note), std::move(checkpoint));
}

Result<std::string_view> ProvenLog::entry(std::uint64_t index) {
  if (index >= size())
    return fail(ErrorKind::kNotFound, "RMT-A013",
                "the log has no entry " + std::to_string(index) + ": its checkpoint covers " +
                    std::to_string(size()));
  ASSIGN_OR_RETURN(const auto* entries, bundle(index / kTileWidth));
  return std::string_view(entries->at(index % kTileWidth));
}

Result<Proof> ProvenLog::inclusion(std::uint64_t index) {
  TRY(entry(index));
  return make_inclusion_proof(index, size(), tiles_.reader());
}

Result<const std::vector<std::string>*> ProvenLog::bundle(std::uint64_t number) {
  if (const auto known = bundles_.find(number); known != bundles_.end()) return &known->second;
  ASSIGN_OR_RETURN(auto entries, read_bundle(number));
  TRY(prove(number * kTileWidth, entries));
  // The lowest goes: logs are read upwards.
  if (bundles_.size() >= kMaxBundles) bundles_.erase(bundles_.begin());
  return &bundles_.insert_or_assign(number, std::move(entries)).first->second;
}

// Where the partial file has gone, the first entries of the full one.
Result<std::vector<std::string>> ProvenLog::read_bundle(std::uint64_t number) {
  const Tile tile{0, number, std::min(kTileWidth, size() - number * kTileWidth)};
  for (const auto width : {tile.width, kTileWidth}) {
    ASSIGN_OR_RETURN(const auto bytes, read_file(folder_ / entries_path({0, number, width})));
    if (!bytes) continue;
    ASSIGN_OR_RETURN(auto entries, parse_bundle(*bytes, width));
    entries.resize(tile.width);
    return entries;
  }
  return fail(ErrorKind::kNotFound, "RMT-A013",
              "the log has no file `" + (folder_ / entries_path(tile)).string() + "`");
}

// The proof of the first entry, with the hashes of the others taken from what was read: it holds only if all
// of them are as they were signed.
Result<void> ProvenLog::prove(std::uint64_t first, const std::vector<std::string>& entries) {
  std::vector<Digest> leaves;
  leaves.reserve(entries.size());
  for (const auto& entry : entries) leaves.push_back(leaf_hash(as_bytes(entry)));
  const HashReader read = [&](unsigned level, std::uint64_t index) -> Result<Digest> {
    const auto begin = level < 64 ? index << level : 0;
    if (level >= 9 || begin < first || begin >= first + leaves.size()) return tiles_.hash(level, index);
    CompactTree tree;
    for (std::uint64_t i = 0; i < (std::uint64_t{1} << level); ++i) tree.append(leaves.at(begin - first + i));
    return tree.head().root;
  };
  ASSIGN_OR_RETURN(const auto proof, make_inclusion_proof(first, size(), read));
  if (!verify_inclusion(first, leaves.front(), checkpoint().head, proof))
    return fail(ErrorKind::kInvalid, "RMT-A005",
                "the entries " + std::to_string(first) + " to " + std::to_string(first + entries.size() - 1) +
                    " are not those that the log signed, or its tiles are not");
  return {};
}

Result<std::uint64_t> first_not_before(Instant instant, std::uint64_t size, const TimeOf& time_of) {
  std::uint64_t first = 0;
  std::uint64_t last = size;
  while (first < last) {
    const auto middle = first + (last - first) / 2;
    ASSIGN_OR_RETURN(const auto time, time_of(middle));
    if (time < instant)
      first = middle + 1;
    else
      last = middle;
  }
  return first;
}

}  // namespace remit::audit
