// A request to send a notification, as strictly as APNs reads it. Pure: no device and no connection is known here.
//
// Source: Apple, "Sending notification requests to APNs" (header fields, push types, sizes, priorities).
#pragma once

#include "edge/http/exchange.hpp"
#include "sim/apple/reason.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace reveille::sim::apple {

enum class PushType : std::uint8_t { alert, background, voip, other };
[[nodiscard]] std::string_view name_of(PushType type);

struct Notification {
  std::string token = {};  // as in the path, lower case
  std::string id = {};     // apns-id; empty when the sender gave none
  std::string topic = {};  // as sent
  std::string app = {};    // the topic without the suffix of its push type
  PushType type = PushType::alert;
  std::string type_name = {};
  int priority = 10;
  std::optional<std::int64_t> expiration = {};
  std::string collapse_id = {};
  std::string payload = {};  // a JSON object
};

// Method and path; what is wrong there comes before anything else.
[[nodiscard]] std::expected<std::string, Reason> token_in_path(edge::HttpRequest const& request);
// The header fields and the payload, in the order in which APNs complains.
[[nodiscard]] std::expected<Notification, Reason> read_notification(edge::HttpRequest const& request,
                                                                    std::string token);

}  // namespace reveille::sim::apple
