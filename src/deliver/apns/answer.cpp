#include "deliver/apns/answer.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <string>

namespace reveille::deliver::apns {
namespace {

namespace json = boost::json;
using Verdict = model::ProviderVerdict;

constexpr std::size_t most_reason = 64;

// RFC 9110 §10.2.3, the form in seconds.
std::optional<Duration> retry_after_of(edge::HttpFields const& headers) {
  auto const text = headers.find("retry-after");
  unsigned seconds = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), seconds).ec != std::errc{})
    return std::nullopt;
  return std::chrono::seconds{seconds};
}

Verdict verdict_of_status(int status) {
  if (status == 200) return Verdict::accepted;
  if (status == 403) return Verdict::credential_refused;
  if (status == 410) return Verdict::token_gone;
  if (status == 413) return Verdict::payload_too_large;
  if (status == 429) return Verdict::device_throttled;
  if (status >= 500) return Verdict::provider_failing;
  return Verdict::request_refused;
}

// What may be stored and shown of a text that a peer chose.
std::string printable(std::string_view text) {
  std::string out{text.substr(0, most_reason)};
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

void read_body(std::string const& body, Answer& out) {
  boost::system::error_code error;
  auto const value = json::parse(body, error);
  if (error || !value.is_object()) return;
  auto const& object = value.get_object();
  if (auto const* reason = object.if_contains("reason"); reason != nullptr && reason->is_string()) {
    out.answer.reason = printable(reason->get_string());
  }
  auto const* timestamp = object.if_contains("timestamp");
  if (timestamp == nullptr) return;
  auto const milliseconds = timestamp->to_number<std::int64_t>(error);
  constexpr std::int64_t most_milliseconds = 100'000'000'000'000;
  if (!error && milliseconds > 0 && milliseconds < most_milliseconds) {
    out.answer.dead_since = from_unix_milliseconds(milliseconds);
  }
}

}  // namespace

std::string_view name_of(Reason reason) {
  using enum Reason;
  switch (reason) {
    case bad_collapse_id: return "BadCollapseId";
    case bad_device_token: return "BadDeviceToken";
    case bad_expiration_date: return "BadExpirationDate";
    case bad_message_id: return "BadMessageId";
    case bad_priority: return "BadPriority";
    case bad_topic: return "BadTopic";
    case device_token_not_for_topic: return "DeviceTokenNotForTopic";
    case duplicate_headers: return "DuplicateHeaders";
    case idle_timeout: return "IdleTimeout";
    case invalid_push_type: return "InvalidPushType";
    case missing_device_token: return "MissingDeviceToken";
    case missing_topic: return "MissingTopic";
    case payload_empty: return "PayloadEmpty";
    case topic_disallowed: return "TopicDisallowed";
    case bad_certificate: return "BadCertificate";
    case bad_certificate_environment: return "BadCertificateEnvironment";
    case expired_provider_token: return "ExpiredProviderToken";
    case forbidden: return "Forbidden";
    case invalid_provider_token: return "InvalidProviderToken";
    case missing_provider_token: return "MissingProviderToken";
    case unrelated_key_id_in_token: return "UnrelatedKeyIdInToken";
    case bad_environment_key_id_in_token: return "BadEnvironmentKeyIdInToken";
    case bad_path: return "BadPath";
    case method_not_allowed: return "MethodNotAllowed";
    case expired_token: return "ExpiredToken";
    case unregistered: return "Unregistered";
    case payload_too_large: return "PayloadTooLarge";
    case too_many_provider_token_updates: return "TooManyProviderTokenUpdates";
    case too_many_requests: return "TooManyRequests";
    case internal_server_error: return "InternalServerError";
    case service_unavailable: return "ServiceUnavailable";
    case shutdown: return "Shutdown";
  }
  std::unreachable();
}

std::optional<Reason> reason_named(std::string_view name) {
  // COMPAT: APNs itself sends this one without "Id", against its documentation.
  if (name == "BadEnvironmentKeyInToken") return Reason::bad_environment_key_id_in_token;
  for (unsigned i = 0; i <= static_cast<unsigned>(last_reason); ++i) {
    if (name_of(static_cast<Reason>(i)) == name) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

Answer read_answer(edge::Http2Reply const& reply) {
  Answer out{.answer = {.verdict = verdict_of_status(reply.status), .status = static_cast<unsigned>(reply.status)}};
  if (out.answer.verdict == Verdict::accepted) return out;
  out.answer.retry_after = retry_after_of(reply.headers);
  read_body(reply.body, out);
  if (auto const reason = reason_named(out.answer.reason)) {
    auto const meaning = meaning_of(*reason);
    out.answer.verdict = meaning.verdict;
    out.connection = meaning.connection;
  }
  if (out.answer.verdict != Verdict::token_gone) out.answer.dead_since.reset();
  return out;
}

}  // namespace reveille::deliver::apns
