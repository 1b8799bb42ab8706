// Why APNs refuses: its documented reasons, each with its status. Source: Apple, "Handling notification responses from
// APNs", table "Error strings for the reason key".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace reveille::sim::apple {

enum class Reason : std::uint8_t {
  bad_collapse_id,
  bad_device_token,
  bad_expiration_date,
  bad_message_id,
  bad_priority,
  bad_topic,
  device_token_not_for_topic,
  duplicate_headers,
  idle_timeout,
  invalid_push_type,
  missing_device_token,
  missing_topic,
  payload_empty,
  topic_disallowed,
  bad_certificate,
  bad_certificate_environment,
  expired_provider_token,
  forbidden,
  invalid_provider_token,
  missing_provider_token,
  unrelated_key_id_in_token,
  bad_environment_key_id_in_token,
  bad_path,
  method_not_allowed,
  expired_token,
  unregistered,
  payload_too_large,
  too_many_provider_token_updates,
  too_many_requests,
  internal_server_error,
  service_unavailable,
  shutdown
};
inline constexpr Reason last_reason = Reason::shutdown;

[[nodiscard]] std::string_view name_of(Reason reason);
[[nodiscard]] int status_of(Reason reason);
[[nodiscard]] std::optional<Reason> reason_named(std::string_view name);

}  // namespace reveille::sim::apple
