// The value of an enumeration that has a name; `name_of` of that enumeration says which it is.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

namespace reveille::model {

template <class Enum>
[[nodiscard]] std::optional<Enum> named(std::initializer_list<Enum> values, std::string_view name) {
  for (Enum value : values)
    if (name_of(value) == name) return value;
  return {};
}

}  // namespace reveille::model
