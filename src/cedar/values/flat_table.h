// From hashes to small integers, in one array: eight bytes a slot, at most half of them used.
//
// The keys are elsewhere; whoever looks something up says whether a candidate is it. Nothing is removed.

#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace cedar {

class FlatTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // The value under `hash` of which `is_it(value)`; kNone: there is none.
  template <typename IsIt>
  std::uint32_t find(std::uint64_t hash, IsIt is_it) const {
    if (slots_.empty()) return kNone;
    const std::uint32_t tag = tag_of(hash);
    const Slot* slots = slots_.data();
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      if (slots[at].value == kNone) return kNone;
      if (slots[at].tag == tag && is_it(slots[at].value)) return slots[at].value;
    }
  }

  void insert(std::uint64_t hash, std::uint32_t value) {
    if (2 * (size_ + 1) > slots_.size()) grow(2 * (size_ + 1));
    put({tag_of(hash), value});
    ++size_;
  }

  void reserve(std::size_t size) {
    if (2 * size > slots_.size()) grow(2 * size);
  }
  // Empty again, with its memory.
  void clear() {
    std::ranges::fill(slots_, Slot());
    size_ = 0;
  }
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t value = kNone;
  };

  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash ^ (hash >> 32U)); }

  void put(Slot slot) {
    std::size_t at = slot.tag & mask_;
    while (slots_[at].value != kNone) at = (at + 1) & mask_;
    slots_[at] = slot;
  }

  void grow(std::size_t at_least) {
    std::size_t size = 8;
    while (size < at_least) size *= 2;
    std::vector<Slot> old(size);
    old.swap(slots_);
    mask_ = size - 1;
    for (const Slot& slot : old) {
      if (slot.value != kNone) put(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace cedar
