// Id: a name that cannot be mistaken for another kind of name.
//
// `using CallId = Id<struct CallIdTag>;` makes a string type of its own. Ids of different tags do not convert into each
// other.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace reveille {

template <class Tag>
struct Id {
  std::string value = {};

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  explicit Id(std::string_view text) : value(text) {}
  explicit Id(char const* text) : value(text) {}

  [[nodiscard]] bool empty() const { return value.empty(); }
  [[nodiscard]] std::string const& text() const { return value; }

  bool operator==(Id const&) const = default;
  auto operator<=>(Id const&) const = default;
};

}  // namespace reveille

template <class Tag>
struct std::hash<reveille::Id<Tag>> {
  std::size_t operator()(reveille::Id<Tag> const& id) const noexcept { return std::hash<std::string>{}(id.value); }
};
