// The version of this build; CMakeLists.txt has the same.
#pragma once

#include <string_view>

namespace reveille::node {

inline constexpr std::string_view version = "0.1.0";

// interfaces.md, section 1: how a program ends.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_configuration = 78;

}  // namespace reveille::node
