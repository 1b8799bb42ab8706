#include "deliver/apns/request.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "deliver/apns/payload.hpp"
#include "wire/crypto/digest.hpp"

#include <algorithm>
#include <utility>

namespace reveille::deliver::apns {
namespace {

constexpr std::string_view voip_suffix = ".voip";
constexpr std::size_t most_collapse_id = 64;

using model::PushClass;

// Shown where the asker gave no text: a notification without content is still one (B-IM-8).
std::string_view default_body(PushClass push_class) {
  switch (push_class) {
    case PushClass::call: return "Incoming call";
    case PushClass::missed_call: return "Missed call";
    case PushClass::answered_elsewhere: return "Answered on another device";
    case PushClass::message: return "New message";
    case PushClass::clear:
    case PushClass::background: return "";
  }
  std::unreachable();
}

bool is_shown(PushClass push_class) {
  return !default_body(push_class).empty();
}

PushType type_of(model::PushRequest const& request) {
  if (request.channel == model::ChannelName::voip) return PushType::voip;
  if (is_shown(request.push_class)) return PushType::alert;
  // B-IM-7: a badge is shown, so the operating system takes it as an alert.
  return request.badge ? PushType::alert : PushType::background;
}

std::string topic_of(model::PushRequest const& request, PushType type) {
  std::string topic = request.target.topic;
  if (type == PushType::voip && !topic.ends_with(voip_suffix)) topic += voip_suffix;
  return topic;
}

// RFC 9113 §8.2.1: what a header field may hold.
bool has_spaces_around(std::string_view text) {
  return text.starts_with(' ') || text.ends_with(' ');
}
bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }) && !has_spaces_around(text);
}

std::string collapse_id_of(model::PushRequest const& request, PushType type) {
  if (type == PushType::voip) return {};
  // Both notices of a call replace what the call itself showed.
  bool const is_message = request.push_class == PushClass::message || request.push_class == PushClass::clear;
  std::string id = is_message ? request.conversation : request.tracking.text();
  // Two that differ in their last bytes only are two all the same: the hash has just the length that Apple allows.
  bool const fits = id.size() <= most_collapse_id && !has_spaces_around(id);
  return fits ? id : encode_hex(crypto::sha256(id));
}

PayloadParts parts_of(model::PushRequest const& request, PushType type) {
  PayloadParts parts{.reveille = request.payload, .badge = request.badge};
  // The system's call screen shows what the app tells it: nothing for `aps` (B-TABLE-3).
  if (type == PushType::voip && request.push_class == PushClass::call) return parts;
  parts.content_available = !is_shown(request.push_class);
  if (!is_shown(request.push_class)) return parts;
  bool const has_text = !request.alert_title.empty() || !request.alert_body.empty();
  parts.title = request.alert_title;
  parts.body = has_text ? request.alert_body : std::string{default_body(request.push_class)};
  parts.thread = request.conversation;
  parts.sound = request.push_class != PushClass::answered_elsewhere;
  parts.mutable_content = true;
  return parts;
}

Priority priority_of(model::PushRequest const& request) {
  return is_shown(request.push_class) ? Priority::immediate : Priority::considerate;
}

Result<void> check_fields(model::PushRequest const& request, PushType type) {
  if (request.target.token.empty() || !decode_hex(request.target.token)) {
    return failure(ErrorCode::malformed, "the device token is no hexadecimal number");
  }
  if (!is_uuid(request.id.text())) return failure(ErrorCode::malformed, "the push id is no UUID");
  if (!is_field_value(request.target.topic) || !is_field_value(collapse_id_of(request, type))) {
    return failure(ErrorCode::malformed, "topic or collapse id hold control characters, or the topic spaces around it");
  }
  return {};
}

// The longest that its payload can become: six bytes for a character of text that is escaped.
std::size_t longest_payload(model::PushRequest const& request) {
  constexpr std::size_t frame = 256;
  constexpr std::size_t escaped = 6;
  auto const text = request.alert_title.size() + request.alert_body.size() + request.conversation.size();
  return frame + request.payload.size() + escaped * text;
}

}  // namespace

std::string_view name_of(PushType type) {
  switch (type) {
    case PushType::alert: return "alert";
    case PushType::background: return "background";
    case PushType::voip: return "voip";
  }
  std::unreachable();
}

Result<ApnsRequest> make_request(model::PushRequest const& request) {
  auto const type = type_of(request);
  if (auto fit = check_fields(request, type); !fit) return std::unexpected(fit.error());
  auto payload = build_payload(parts_of(request, type), payload_limit(type));
  if (!payload) return std::unexpected(payload.error());
  return ApnsRequest{.push_class = request.push_class,
                     .token = request.target.token,
                     .topic = topic_of(request, type),
                     .push_type = type,
                     .priority = priority_of(request),
                     .expiration = std::max<std::int64_t>(0, unix_seconds(request.expires_at)),
                     .collapse_id = collapse_id_of(request, type),
                     .apns_id = request.id.text(),
                     .payload = std::move(*payload),
                     .give_up_at = request.expires_at};
}

Result<void> check_request(model::PushRequest const& request) {
  auto const type = type_of(request);
  if (auto fit = check_fields(request, type); !fit) return fit;
  if (longest_payload(request) <= payload_limit(type)) return {};
  auto const payload = build_payload(parts_of(request, type), payload_limit(type));
  return payload ? Result<void>{} : std::unexpected(payload.error());
}

}  // namespace reveille::deliver::apns
