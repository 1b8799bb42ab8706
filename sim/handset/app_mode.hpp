// AppMode: what an app says of itself to its servers (interfaces.md 2, Mode).
#pragma once

#include <cstdint>
#include <string_view>

namespace reveille::sim::handset {

enum class AppMode : std::uint8_t { foreground, background };

[[nodiscard]] constexpr std::string_view name_of(AppMode mode) {
  return mode == AppMode::foreground ? "foreground" : "background";
}

}  // namespace reveille::sim::handset
