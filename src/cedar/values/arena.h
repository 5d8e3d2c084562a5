// Memory that is given back all at once: syntax trees, values, and the scratch space of one decision.
//
// Objects are never destroyed, hence must not need it. Thread-safety: none while allocating; what was
// allocated may be read from any thread.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cedar {

class Arena {
 public:
  Arena() = default;
  // Takes from `buffer` first, and from the heap only when that is used up.
  explicit Arena(std::span<std::byte> buffer) : at_(buffer.data()), left_(buffer.size()) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    while (chunks_ != nullptr) ::operator delete(std::exchange(chunks_, chunks_->before));
  }

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return ::new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  template <typename T>
  std::span<T> array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) return {};
    auto* first = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }

  template <typename Range>
  auto copy_of(const Range& range) {
    using T = std::remove_cvref_t<decltype(*std::begin(range))>;
    std::span<T> copy = array<T>(std::size(range));
    std::ranges::copy(range, copy.begin());
    return copy;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* bytes = static_cast<char*>(allocate(text.size(), 1));
    std::ranges::copy(text, bytes);
    return {bytes, text.size()};
  }

 private:
  struct Chunk {
    Chunk* before;
  };
  // Chunks double from small ones, for what holds one context, up to ones whose unused end does not matter.
  static constexpr std::size_t kSmallest = 512;
  static constexpr std::size_t kLargest = 64U << 10U;

  void* allocate(std::size_t size, std::size_t alignment) {
    const std::size_t padding = -reinterpret_cast<std::uintptr_t>(at_) & (alignment - 1);
    if (size + padding > left_) return allocate_anew(size, alignment);
    std::byte* allocated = at_ + padding;
    at_ = allocated + size;
    left_ -= size + padding;
    return allocated;
  }

  [[gnu::noinline]] void* allocate_anew(std::size_t size, std::size_t alignment) {
    // What would take most of a chunk gets one of its own, and the current one goes on.
    const bool large = size > next_ / 4;
    const std::size_t chunk_size = sizeof(Chunk) + alignment + (large ? size : next_);
    auto* bytes = static_cast<std::byte*>(::operator new(chunk_size));
    chunks_ = ::new (bytes) Chunk{chunks_};
    std::byte* first = bytes + sizeof(Chunk);
    if (large) return first + (-reinterpret_cast<std::uintptr_t>(first) & (alignment - 1));
    at_ = first;
    left_ = chunk_size - sizeof(Chunk);
    next_ = std::min(2 * next_, kLargest);
    return allocate(size, alignment);
  }

  std::byte* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t next_ = kSmallest;
  Chunk* chunks_ = nullptr;
};

}  // namespace cedar
