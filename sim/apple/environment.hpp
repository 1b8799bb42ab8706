// Environment: which of Apple's two clouds an app's build belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace reveille::sim::apple {

enum class Environment : std::uint8_t { sandbox, production };

[[nodiscard]] constexpr std::string_view name_of(Environment environment) {
  switch (environment) {
    case Environment::sandbox: return "sandbox";
    case Environment::production: return "production";
  }
  std::unreachable();
}

[[nodiscard]] constexpr std::optional<Environment> environment_named(std::string_view name) {
  if (name == "sandbox") return Environment::sandbox;
  if (name == "production") return Environment::production;
  return std::nullopt;
}

}  // namespace reveille::sim::apple
