// What APNs answered, in its words and in ours: every documented reason, its verdict, and what it means for the
// connection that it came on.
//
// What follows for the notification and the token is decide/wake/push_consequence.hpp's, and when to try again is
// push_schedule.hpp's. Pure. Source: Apple, "Handling notification responses from APNs".
#pragma once

#include "edge/http2/client.hpp"
#include "model/provider.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace reveille::deliver::apns {

enum class Reason : std::uint8_t {
  // 400
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
  // 403
  bad_certificate,
  bad_certificate_environment,
  expired_provider_token,
  forbidden,
  invalid_provider_token,
  missing_provider_token,
  unrelated_key_id_in_token,
  bad_environment_key_id_in_token,
  // 404, 405
  bad_path,
  method_not_allowed,
  // 410
  expired_token,
  unregistered,
  // 413
  payload_too_large,
  // 429
  too_many_provider_token_updates,
  too_many_requests,
  // 500, 503
  internal_server_error,
  service_unavailable,
  shutdown
};
inline constexpr Reason last_reason = Reason::shutdown;

// APNs' spelling.
[[nodiscard]] std::string_view name_of(Reason reason);
[[nodiscard]] std::optional<Reason> reason_named(std::string_view name);

// Whether more requests may follow on the connection that brought the answer.
enum class Connection : std::uint8_t { keep, replace };

struct Meaning {
  model::ProviderVerdict verdict = model::ProviderVerdict::request_refused;
  Connection connection = Connection::keep;

  bool operator==(Meaning const&) const = default;
};

[[nodiscard]] constexpr Meaning meaning_of(Reason reason) {
  using enum Reason;
  using Verdict = model::ProviderVerdict;
  switch (reason) {
    case bad_device_token:
    case device_token_not_for_topic: return {.verdict = Verdict::token_wrong};
    case expired_token:
    case unregistered: return {.verdict = Verdict::token_gone};
    case bad_topic:
    case missing_topic:
    case topic_disallowed: return {.verdict = Verdict::topic_refused};
    case payload_too_large: return {.verdict = Verdict::payload_too_large};
    case bad_collapse_id:
    case bad_expiration_date:
    case bad_message_id:
    case bad_priority:
    case duplicate_headers:
    case invalid_push_type:
    case missing_device_token:
    case payload_empty:
    case bad_path:
    case method_not_allowed: return {.verdict = Verdict::request_refused};
    case bad_certificate:
    case bad_certificate_environment:
    case invalid_provider_token:
    case missing_provider_token:
    case bad_environment_key_id_in_token: return {.verdict = Verdict::credential_refused};
    case forbidden: return {.verdict = Verdict::forbidden};
    case expired_provider_token: return {.verdict = Verdict::credential_expired};
    // The connection was bound by a token of another key; a new one is bound anew.
    case unrelated_key_id_in_token: return {.verdict = Verdict::not_processed, .connection = Connection::replace};
    // The connection remembers an earlier token of ours; the next one does not.
    case too_many_provider_token_updates:
      return {.verdict = Verdict::credential_throttled, .connection = Connection::replace};
    case too_many_requests: return {.verdict = Verdict::device_throttled};
    case idle_timeout: return {.verdict = Verdict::not_processed, .connection = Connection::replace};
    case internal_server_error:
    case service_unavailable: return {.verdict = Verdict::provider_failing};
    case shutdown: return {.verdict = Verdict::provider_failing, .connection = Connection::replace};
  }
  std::unreachable();
}

struct Answer {
  model::ProviderAnswer answer = {};
  Connection connection = Connection::keep;
};

// Reads a reply that came (Outcome::response). An undocumented reason is judged by its status.
[[nodiscard]] Answer read_answer(edge::Http2Reply const& reply);

}  // namespace reveille::deliver::apns
