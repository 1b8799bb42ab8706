// The push service's JSON: bodies of requests as values, values as bodies of answers (interfaces.md section 3).
#pragma once

#include "arrive/rest/problem.hpp"
#include "model/push_service.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace reveille::arrive {

// A UUID as it is compared and sent on: in lower case. Any other text as it is.
[[nodiscard]] std::string lower_uuid(std::string text);

template <class T>
using Read = Result<T, Problem>;

// A notification without tenant, id and fingerprint: these come from the header fields.
[[nodiscard]] Read<model::Notification> read_notification(std::string_view body, Instant now);

struct DeviceRequest {
  model::AccountId account = {};
  model::DeviceUpdate update = {};
};
// PUT names everything it wants to change; PATCH only `mode`. Who may leave the account out is for the door to say.
[[nodiscard]] Read<DeviceRequest> read_device(std::string_view body);
[[nodiscard]] Read<DeviceRequest> read_device_mode(std::string_view body);
[[nodiscard]] Read<model::ClientReceipt> read_receipt(std::string_view body);

// {id, state}, with the verdict where there is one.
[[nodiscard]] std::string brief_json(model::NotificationView const& view);
// The same with class, times and milestones, as `trace` tells them.
[[nodiscard]] std::string full_json(model::NotificationView const& view);
// A device as it stands; tokens by their tail only.
[[nodiscard]] std::string json_of(model::AccountId const& account, model::Device const& device);

}  // namespace reveille::arrive
