// Reads a push from the line that Apple's simulator sends.
#include "sim/handset/push.hpp"

#include <boost/json.hpp>

namespace reveille::sim::handset {

namespace json = boost::json;

namespace {

std::string text_of(json::object const& object, std::string_view key) {
  auto const* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

json::object const& object_of(json::object const& object, std::string_view key) {
  static json::object const none;
  auto const* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

std::optional<unsigned> number_of(json::object const& object, std::string_view key) {
  auto const* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code fault;
  auto const number = value->to_number<unsigned>(fault);
  return fault ? std::nullopt : std::optional(number);
}

std::optional<PushType> type_of(std::string_view name) {
  using enum PushType;
  for (auto const type : {voip, alert, background})
    if (name == name_of(type)) return type;
  return std::nullopt;
}

PushSubject subject_of(std::string_view name) {
  using enum PushSubject;
  for (auto const subject : {call, message, missed_call, answered_elsewhere, clear})
    if (name == name_of(subject)) return subject;
  return unknown;
}

// A deadline is an RFC 3339 text or a number of seconds or milliseconds since 1970.
std::optional<Instant> instant_of(json::object const& object, std::string_view key) {
  auto const* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return parse_rfc3339(std::string_view(value->get_string()));
  boost::system::error_code fault;
  auto const number = value->to_number<std::int64_t>(fault);
  if (fault) return std::nullopt;
  constexpr std::int64_t far_in_seconds = 100'000'000'000;
  return number < far_in_seconds ? from_unix_seconds(number) : from_unix_milliseconds(number);
}

void read_aps(json::object const& aps, Push& push) {
  push.badge = number_of(aps, "badge");
  push.mutable_content = number_of(aps, "mutable-content") == 1U;
  push.content_available = number_of(aps, "content-available") == 1U;
  if (auto const* alert = aps.if_contains("alert")) {
    push.has_alert = true;
    if (alert->is_string()) push.body = std::string(alert->get_string());
    if (alert->is_object()) {
      push.title = text_of(alert->get_object(), "title");
      push.body = text_of(alert->get_object(), "body");
    }
  }
}

void read_reveille(json::object const& ours, Push& push) {
  push.subject = subject_of(text_of(ours, "type"));
  push.tracking_id = text_of(ours, "tracking_id");
  push.call_uuid = text_of(ours, "call_uuid");
  push.from_name = text_of(object_of(ours, "from"), "name");
  push.from_address = text_of(object_of(ours, "from"), "address");
  push.media = text_of(ours, "media") == "video" ? CallMedia::video : CallMedia::audio;
  push.deadline = instant_of(ours, "deadline");
  push.conversation = text_of(ours, "conversation");
  push.archive_id = text_of(ours, "archive_id");
  push.unread = number_of(ours, "unread");
  if (auto const* nodes = ours.if_contains("nodes"); nodes != nullptr && nodes->is_array())
    for (auto const& node : nodes->get_array())
      if (node.is_string()) push.nodes.emplace_back(node.get_string());
}

}  // namespace

std::string_view name_of(PushType type) {
  switch (type) {
    case PushType::voip: return "voip";
    case PushType::alert: return "alert";
    case PushType::background: return "background";
  }
  std::unreachable();
}

std::string_view name_of(PushSubject subject) {
  switch (subject) {
    case PushSubject::call: return "call";
    case PushSubject::message: return "message";
    case PushSubject::missed_call: return "missed_call";
    case PushSubject::answered_elsewhere: return "answered_elsewhere";
    case PushSubject::clear: return "clear";
    case PushSubject::unknown: return "unknown";
  }
  std::unreachable();
}

std::string_view name_of(CallMedia media) {
  return media == CallMedia::audio ? "audio" : "video";
}

Result<Push> parse_push(std::string_view line) {
  boost::system::error_code fault;
  auto const value = json::parse(line, fault);
  if (fault || !value.is_object()) return failure(ErrorCode::malformed, "a push is no JSON object");
  auto const& envelope = value.get_object();
  auto const& headers = object_of(envelope, "headers");
  auto const type = type_of(text_of(headers, "apns-push-type"));
  if (!type) return failure(ErrorCode::unsupported, "a push is of a type that no handset takes");
  Push push{.id = text_of(envelope, "id"), .type = *type, .collapse_id = text_of(headers, "apns-collapse-id")};
  auto const& payload = object_of(envelope, "payload");
  read_aps(object_of(payload, "aps"), push);
  read_reveille(object_of(payload, "reveille"), push);
  return push;
}

}  // namespace reveille::sim::handset
