// Memory that is given back all at once: syntax trees, values, and the scratch space of one decision.
//
// Objects are never destroyed, hence must not need it. Thread-safety: none while allocating; what was
// allocated may be read from any thread.

#pragma once

#include <algorithm>
#include <cstddef>
#include <memory_resource>
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
  explicit Arena(std::span<std::byte> buffer) : memory_(buffer.data(), buffer.size()) {}

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return ::new (memory_.allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  template <typename T>
  std::span<T> array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count == 0) return {};
    auto* first = static_cast<T*>(memory_.allocate(count * sizeof(T), alignof(T)));
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
    const std::span<char> bytes = copy_of(text);
    return {bytes.data(), bytes.size()};
  }

  std::pmr::memory_resource* resource() { return &memory_; }

 private:
  std::pmr::monotonic_buffer_resource memory_;
};

}  // namespace cedar
