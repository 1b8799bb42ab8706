// The payload that APNs carries: `aps` for the operating system, `reveille` for the app (interfaces.md, section 4),
// written by a serialiser and cut to fit, whatever names callers choose (B-CALL-6).
//
// Pure. Errors: malformed when `reveille` is no JSON object; too_large when nothing that may be cut is left to cut.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace reveille::deliver::apns {

struct PayloadParts {
  std::string reveille = {};  // a JSON object; empty: none
  // What the operating system shows. No title and no body: no `alert`.
  std::string title = {};
  std::string body = {};
  std::optional<std::uint32_t> badge = {};
  std::string thread = {};  // groups notifications on the screen
  bool sound = false;
  bool content_available = false;  // wakes the app in the background
  bool mutable_content = false;    // runs the notification extension
};

// At most `limit` bytes. Body, title, and the names in `reveille.from` are cut first, the longest first, at a
// character's end, and end in "…".
[[nodiscard]] Result<std::string> build_payload(PayloadParts const& parts, std::size_t limit);

}  // namespace reveille::deliver::apns
