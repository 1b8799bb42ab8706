#include "sim/apple/reason.hpp"

#include <utility>

namespace reveille::sim::apple {
namespace {

struct Row {
  int status = 0;
  std::string_view name = {};
};

constexpr Row row_of(Reason reason) {
  using enum Reason;
  switch (reason) {
    case bad_collapse_id: return {400, "BadCollapseId"};
    case bad_device_token: return {400, "BadDeviceToken"};
    case bad_expiration_date: return {400, "BadExpirationDate"};
    case bad_message_id: return {400, "BadMessageId"};
    case bad_priority: return {400, "BadPriority"};
    case bad_topic: return {400, "BadTopic"};
    case device_token_not_for_topic: return {400, "DeviceTokenNotForTopic"};
    case duplicate_headers: return {400, "DuplicateHeaders"};
    case idle_timeout: return {400, "IdleTimeout"};
    case invalid_push_type: return {400, "InvalidPushType"};
    case missing_device_token: return {400, "MissingDeviceToken"};
    case missing_topic: return {400, "MissingTopic"};
    case payload_empty: return {400, "PayloadEmpty"};
    case topic_disallowed: return {400, "TopicDisallowed"};
    case bad_certificate: return {403, "BadCertificate"};
    case bad_certificate_environment: return {403, "BadCertificateEnvironment"};
    case expired_provider_token: return {403, "ExpiredProviderToken"};
    case forbidden: return {403, "Forbidden"};
    case invalid_provider_token: return {403, "InvalidProviderToken"};
    case missing_provider_token: return {403, "MissingProviderToken"};
    case unrelated_key_id_in_token: return {403, "UnrelatedKeyIdInToken"};
    case bad_environment_key_id_in_token: return {403, "BadEnvironmentKeyIdInToken"};
    case bad_path: return {404, "BadPath"};
    case method_not_allowed: return {405, "MethodNotAllowed"};
    case expired_token: return {410, "ExpiredToken"};
    case unregistered: return {410, "Unregistered"};
    case payload_too_large: return {413, "PayloadTooLarge"};
    case too_many_provider_token_updates: return {429, "TooManyProviderTokenUpdates"};
    case too_many_requests: return {429, "TooManyRequests"};
    case internal_server_error: return {500, "InternalServerError"};
    case service_unavailable: return {503, "ServiceUnavailable"};
    case shutdown: return {503, "Shutdown"};
  }
  std::unreachable();
}

}  // namespace

std::string_view name_of(Reason reason) {
  return row_of(reason).name;
}

int status_of(Reason reason) {
  return row_of(reason).status;
}

std::optional<Reason> reason_named(std::string_view name) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last_reason); ++i) {
    if (name_of(static_cast<Reason>(i)) == name) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

}  // namespace reveille::sim::apple
