// Secret: a password, key or token that must not reach a log.
//
// It has no conversion to text and no stream operator; whoever needs the bytes says reveal(). The memory is wiped when
// it goes. `tail_of` gives what may be shown of a device token: its last characters.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace reveille {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(Secret const&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(Secret const& other) {
    if (this != &other) {
      wipe();
      value_ = other.value_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      value_ = std::move(other.value_);
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  void wipe() {
    // Through a volatile pointer, so that the compiler keeps the stores to memory that is about to be freed.
    for (char volatile* p = value_.data(); p != value_.data() + value_.size(); ++p) *p = 0;
    value_.clear();
  }

  std::string value_;
};

// The last 6 characters of a token, behind "…"; nothing of one that is shorter than 12.
[[nodiscard]] inline std::string tail_of(std::string_view token) {
  return token.size() < 12 ? std::string("…") : "…" + std::string(token.substr(token.size() - 6));
}

// True when both are equal; the time taken depends on the lengths only.
[[nodiscard]] inline bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

}  // namespace reveille
