// Which of a user's resources get a message, and what becomes of it when none does. RFC 6121 section 8.5; B-IM-1.
// Pure; speaks no protocol.
#pragma once

#include "model/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

struct Resource {
  std::string name = {};
  int priority = 0;
  bool available = false;  // has sent presence
};

// For a message to nobody: it waits in the archive, goes back to its sender, or is dropped.
enum class Otherwise : std::uint8_t { wait, refuse, drop };

struct Recipients {
  std::vector<std::string> resources = {};
  Otherwise otherwise = Otherwise::drop;
};

// `resource` is that of the address; empty for a bare one.
[[nodiscard]] Recipients recipients_of(model::MessageTraits const& message, std::string_view resource,
                                       std::vector<Resource> const& present);

}  // namespace reveille::decide
