// Merging what clients say of their devices, whatever protocol they say it by. B-SIGN-2, B-SIGN-3, B-SIGN-5.
//
// Pure: each function changes the value it is given and says what came of it. Any thread.
#pragma once

#include "base/instant.hpp"
#include "model/push.hpp"
#include "model/registration.hpp"
#include "model/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

enum class Change : std::uint8_t { none, sign_of_life, mode, fields };

struct Merged {
  model::Device* device = nullptr;  // null: the account has too many devices
  Change change = Change::none;     // the weightiest
  std::vector<std::string> claimed_tokens = {};
};

// The most devices that an account keeps; the longest unseen of those that have signed out makes room.
inline constexpr std::size_t most_devices = 64;

// Whether merge() keeps this device: it is there, or there is room for one more.
[[nodiscard]] bool has_room_for(std::vector<model::Device> const& devices, model::InstanceId const& instance);

// Finds or adds the device and takes over the fields that are named. The pointer is good until devices are added or
// removed.
[[nodiscard]] Merged merge(model::Registrations& registrations, model::DeviceUpdate const& update, Instant now);

enum class Service : std::uint8_t { call, im };

// SIP un-REGISTER ends `call`, XEP-0357 disable ends `im`. What served that service alone goes with it; a device that
// is left without a service has signed out. False when nothing changed.
bool end_service(model::Registrations& registrations, model::InstanceId const& instance, Service service);

enum class Ended : std::uint8_t { none, some };
// A registration that names the device's services (REST) ends those that it leaves out. Before it is merged: a token
// that it names stays.
Ended end_unnamed_services(model::Registrations& registrations, model::DeviceUpdate const& update);

// The app's own sign-out (REST DELETE): everything of the device goes, its bindings too. False when nothing changed.
bool sign_out(model::Registrations& registrations, model::InstanceId const& instance);

// A token was registered by another device. False when this one did not hold it.
bool take_token(model::Registrations& registrations, model::InstanceId const& instance, std::string_view token);

// The provider's word on a token (B-SIGN-3). False when it changes nothing: the token was registered after that word,
// or is another one by now.
bool on_token_verdict(model::Registrations& registrations, model::InstanceId const& instance, std::string_view token,
                      model::PushReceipt const& receipt, model::WakePolicy const& policy);
// Takes back the quarantine that was given at that time. False when there is none of it.
bool lift_quarantine(model::Registrations& registrations, model::InstanceId const& instance, std::string_view token,
                     Instant given, model::WakePolicy const& policy);

}  // namespace reveille::decide
