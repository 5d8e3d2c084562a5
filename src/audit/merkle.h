// The Merkle tree of the log: hashes, heads and proofs (RFC 6962 §2.1; verification as RFC 9162 §2.1.3.2 and
// §2.1.4.2).
//
// Thread-safety: functions are pure, CompactTree is a value.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"

namespace remit::audit {

// The size of a log and the root over its entries.
struct TreeHead {
  std::uint64_t size = 0;
  Digest root{};
  bool operator==(const TreeHead&) const = default;
};

Digest leaf_hash(BytesView entry);
Digest node_hash(const Digest& left, const Digest& right);
Digest empty_root();  // of no entries: SHA-256 of nothing

// Adds leaves one after the other and knows the root at any time, in memory of the logarithm of the size.
class CompactTree {
 public:
  void append(const Digest& leaf);
  std::uint64_t size() const { return size_; }
  TreeHead head() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> peaks_;  // roots of the complete subtrees, the largest first
};

// The root of a complete subtree: of the entries [index·2^level, (index + 1)·2^level).
using HashReader = std::function<Result<Digest>(unsigned level, std::uint64_t index)>;

using Proof = std::vector<Digest>;

// The root over the first `size` entries. Errors: those of the reader.
Result<Digest> root_of(std::uint64_t size, const HashReader& read);
// That entry `index` is in the tree of `size` entries. Errors: kInvalid RMT-A005 (index not below size), the
// reader's.
Result<Proof> make_inclusion_proof(std::uint64_t index, std::uint64_t size, const HashReader& read);
// That the tree of `size` extends that of `old_size`. Errors: kInvalid RMT-A005 (old size above size), the
// reader's.
Result<Proof> make_consistency_proof(std::uint64_t old_size, std::uint64_t size, const HashReader& read);

// Errors: kInvalid RMT-A005.
Result<void> verify_inclusion(std::uint64_t index, const Digest& leaf, const TreeHead& head,
                              std::span<const Digest> proof);
Result<void> verify_consistency(const TreeHead& older, const TreeHead& newer, std::span<const Digest> proof);

}  // namespace remit::audit
