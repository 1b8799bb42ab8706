// PackedText: bytes that are kept for long and seldom replaced, at the cost of one pointer and one block of their size;
// a std::string has 24 bytes more, which a hundred thousand sleeping phones would pay for several times. What is
// replaced by something about as long stays where it is: else phones that wake one after another would leave holes all
// over the heap, which no other text fits.
//
// Lifetime: views are good until assign() or the end of the object. Threads: any, one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace reveille {

class PackedText {
 public:
  // At most 4 GiB.
  void assign(std::string_view text) {
    if (text.empty()) return block_.reset();
    auto const size = static_cast<std::uint32_t>(text.size());
    if (empty() || room_for(text.size()) != room_for(view().size())) {
      block_.reset();
      block_ = std::make_unique_for_overwrite<char[]>(room_for(text.size()));
    }
    std::memcpy(block_.get(), &size, sizeof size);
    std::memcpy(block_.get() + sizeof size, text.data(), text.size());
  }
  [[nodiscard]] bool empty() const { return block_ == nullptr; }
  [[nodiscard]] std::string_view view() const {
    return empty() ? std::string_view{} : std::string_view{block_.get() + sizeof(std::uint32_t), size()};
  }
  // To be changed in place.
  [[nodiscard]] std::span<char> bytes() {
    return empty() ? std::span<char>{} : std::span<char>{block_.get() + sizeof(std::uint32_t), size()};
  }

 private:
  // All that the allocator's block has, which comes in steps of 16 bytes with 8 for itself.
  static constexpr std::size_t room_for(std::size_t size) {
    constexpr std::size_t step = 16;
    constexpr std::size_t its_own = 8;
    return (sizeof(std::uint32_t) + size + its_own + step - 1) / step * step - its_own;
  }
  [[nodiscard]] std::size_t size() const {
    std::uint32_t size = 0;
    std::memcpy(&size, block_.get(), sizeof size);
    return size;
  }

  std::unique_ptr<char[]> block_ = {};
};

}  // namespace reveille
