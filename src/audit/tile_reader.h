// TileReader: the hashes of a published log, read from its tiles. Proofs are made from it.

#pragma once

#include <filesystem>
#include <unordered_map>
#include <vector>

#include "audit/merkle.h"
#include "audit/tile.h"

namespace remit::audit {

class TileReader {
 public:
  // Of the log of `size` entries in `folder`.
  TileReader(std::filesystem::path folder, std::uint64_t size) : folder_(std::move(folder)), size_(size) {}

  // The root of a complete subtree; nothing is verified, proofs made from it are. Errors: kNotFound RMT-A013
  // (not in the log), kInvalid RMT-A006 (malformed), kInternal RMT-A021.
  Result<Digest> hash(unsigned level, std::uint64_t index);
  HashReader reader() {
    return [this](unsigned level, std::uint64_t index) { return hash(level, index); };
  }
  // An entry's own bytes. Errors: the same.
  Result<std::string> entry(std::uint64_t index);

 private:
  Result<Bytes> read(const Tile& tile, bool entries) const;
  Tile tile_at(unsigned level, std::uint64_t index) const;

  std::filesystem::path folder_;
  std::uint64_t size_;
  std::unordered_map<std::uint64_t, std::vector<Digest>> cache_;  // by level and index
};

}  // namespace remit::audit
