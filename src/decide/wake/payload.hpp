// The JSON object `reveille` that an app reads from a push (interfaces.md, section 4), built by a serialiser: whatever
// names a caller chooses, it is valid JSON in valid UTF-8, and small enough for every provider (B-CALL-6).
//
// Pure; any thread. docs/reference/push-payload.schema.json describes what comes out.
#pragma once

#include "base/instant.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

// Names and addresses are cut to these, at a character's end. A whole payload then stays far below 4096 bytes.
inline constexpr std::size_t most_name_bytes = 128;
inline constexpr std::size_t most_address_bytes = 192;
inline constexpr std::size_t most_nodes = 8;

struct CallPayload {
  std::string type = "call";  // or "missed_call", "answered_elsewhere"
  std::string call_uuid = {};
  std::string tracking_id = {};
  std::string from_name = {};
  std::string from_address = {};
  std::string media = "audio";
  std::vector<std::string> nodes = {};  // only of a call
  Instant deadline = {};                // of a call: when it stops ringing; of a notice: when it is worth nothing
};
[[nodiscard]] std::string write_payload(CallPayload const& payload);

// A JSON object, field after field.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::uint64_t value);
  JsonObject& object(std::string_view name, JsonObject const& value);
  JsonObject& texts(std::string_view name, std::vector<std::string> const& values);
  [[nodiscard]] std::string write() const { return "{" + fields_ + "}"; }

 private:
  void name(std::string_view text);
  std::string fields_ = {};
};

// A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string quote_json(std::string_view text);

}  // namespace reveille::decide
