#include "audit/merkle.h"

#include <algorithm>
#include <bit>

namespace remit::audit {
namespace {

std::unexpected<Error> bad_proof(std::string why) {
  return fail(ErrorKind::kInvalid, "RMT-A005", std::move(why));
}

// The largest power of two below n, for n of two or more (RFC 6962 §2.1: where a tree divides).
std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

// The root over the entries [begin, end); begin is a multiple of the largest power of two within.
Result<Digest> range_root(std::uint64_t begin, std::uint64_t end, const HashReader& read) {
  const std::uint64_t count = end - begin;
  if (std::has_single_bit(count)) {
    const auto level = static_cast<unsigned>(std::countr_zero(count));
    return read(level, begin >> level);
  }
  const std::uint64_t middle = begin + split(count);
  ASSIGN_OR_RETURN(const auto left, range_root(begin, middle, read));
  ASSIGN_OR_RETURN(const auto right, range_root(middle, end, read));
  return node_hash(left, right);
}

}  // namespace

Digest leaf_hash(BytesView entry) {
  static constexpr std::uint8_t kPrefix = 0;
  return sha256(BytesView(&kPrefix, 1), entry);
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 65> input{1};
  std::ranges::copy(left.bytes, input.begin() + 1);
  std::ranges::copy(right.bytes, input.begin() + 33);
  return sha256(BytesView(input));
}

Digest empty_root() { return sha256(BytesView{}); }

void CompactTree::append(const Digest& leaf) {
  Digest node = leaf;
  // Each complete subtree of the same size as the new one is joined with it: a carry in binary addition.
  for (std::uint64_t carry = size_; (carry & 1) != 0; carry >>= 1) {
    node = node_hash(peaks_.back(), node);
    peaks_.pop_back();
  }
  peaks_.push_back(node);
  ++size_;
}

TreeHead CompactTree::head() const {
  if (peaks_.empty()) return {0, empty_root()};
  Digest root = peaks_.back();
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak) root = node_hash(*peak, root);
  return {size_, root};
}

Result<Digest> root_of(std::uint64_t size, const HashReader& read) {
  if (size == 0) return empty_root();
  return range_root(0, size, read);
}

Result<Proof> make_inclusion_proof(std::uint64_t index, std::uint64_t size, const HashReader& read) {
  if (index >= size) return bad_proof("the tree does not hold that entry");
  Proof proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  // From the root down to the leaf, noting the other half at each step; a proof goes the other way.
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split(end - begin);
    const bool left = index < middle;
    ASSIGN_OR_RETURN(auto sibling, left ? range_root(middle, end, read) : range_root(begin, middle, read));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  std::ranges::reverse(proof);
  return proof;
}

Result<Proof> make_consistency_proof(std::uint64_t old_size, std::uint64_t size, const HashReader& read) {
  if (old_size > size) return bad_proof("the older tree is larger than the newer one");
  Proof proof;
  if (old_size == 0 || old_size == size) return proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end != old_size) {
    const std::uint64_t middle = begin + split(end - begin);
    const bool left = old_size <= middle;
    ASSIGN_OR_RETURN(auto other, left ? range_root(middle, end, read) : range_root(begin, middle, read));
    proof.push_back(other);
    (left ? end : begin) = middle;
  }
  // The subtree that both trees share; where it is the whole older tree its root is known.
  if (begin != 0) {
    ASSIGN_OR_RETURN(auto shared, range_root(begin, end, read));
    proof.push_back(shared);
  }
  std::ranges::reverse(proof);
  return proof;
}

Result<void> verify_inclusion(std::uint64_t index, const Digest& leaf, const TreeHead& head,
                              std::span<const Digest> proof) {
  if (index >= head.size) return bad_proof("the tree does not hold that entry");
  std::uint64_t node = index;
  std::uint64_t last = head.size - 1;
  Digest root = leaf;
  for (const auto& sibling : proof) {
    if (last == 0) return bad_proof("the proof is too long");
    if ((node & 1) != 0 || node == last) {
      root = node_hash(sibling, root);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      root = node_hash(root, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return bad_proof("the proof is too short");
  if (root != head.root) return bad_proof("the proof does not lead to the root of the tree");
  return {};
}

Result<void> verify_consistency(const TreeHead& older, const TreeHead& newer, std::span<const Digest> proof) {
  if (older.size > newer.size) return bad_proof("the older tree is larger than the newer one");
  if (older.size == newer.size || older.size == 0) {
    if (!proof.empty()) return bad_proof("the proof is too long");
    if (older.size == newer.size && older.root != newer.root)
      return bad_proof("two trees of the same size have different roots");
    if (older.size == 0 && older.root != empty_root()) return bad_proof("an empty tree has another root");
    return {};
  }
  // Where the older tree is complete its root is the first node of the path, and the proof leaves it out.
  std::size_t next = 0;
  const bool complete = std::has_single_bit(older.size);
  if (!complete && proof.empty()) return bad_proof("the proof is too short");
  const Digest first = complete ? older.root : proof[next++];
  std::uint64_t node = older.size - 1;
  std::uint64_t last = newer.size - 1;
  while ((node & 1) != 0) {
    node >>= 1;
    last >>= 1;
  }
  Digest old_root = first;
  Digest new_root = first;
  for (; next < proof.size(); ++next) {
    const auto& sibling = proof[next];
    if (last == 0) return bad_proof("the proof is too long");
    if ((node & 1) != 0 || node == last) {
      old_root = node_hash(sibling, old_root);
      new_root = node_hash(sibling, new_root);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_root = node_hash(new_root, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return bad_proof("the proof is too short");
  if (old_root != older.root) return bad_proof("the proof does not lead to the root of the older tree");
  if (new_root != newer.root) return bad_proof("the proof does not lead to the root of the newer tree");
  return {};
}

}  // namespace remit::audit
