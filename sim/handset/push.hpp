// A push as it reaches a phone: what Apple's simulator hands over, read once at the door.
//
// Source: interfaces.md 4 (what the app reads) and 5 (the NDJSON line {at,id,headers,payload}).
// Unknown fields are skipped; a field of another type counts as absent. Pure.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sim::handset {

enum class PushType { voip, alert, background };
enum class PushSubject { call, message, missed_call, answered_elsewhere, clear, unknown };
enum class CallMedia { audio, video };

[[nodiscard]] std::string_view name_of(PushType type);
[[nodiscard]] std::string_view name_of(PushSubject subject);
[[nodiscard]] std::string_view name_of(CallMedia media);

struct Push {
  std::string id = {};
  PushType type = PushType::alert;
  std::string collapse_id = {};

  // aps
  std::string title = {};
  std::string body = {};
  std::optional<unsigned> badge = {};
  bool has_alert = false;
  bool mutable_content = false;
  bool content_available = false;

  // reveille
  PushSubject subject = PushSubject::unknown;
  std::string tracking_id = {};
  std::string call_uuid = {};
  std::string from_name = {};
  std::string from_address = {};
  CallMedia media = CallMedia::audio;
  std::vector<std::string> nodes = {};
  std::optional<Instant> deadline = {};
  std::string conversation = {};
  std::string archive_id = {};
  std::optional<unsigned> unread = {};
};

[[nodiscard]] Result<Push> parse_push(std::string_view line);

}  // namespace reveille::sim::handset
