// Devices: the phones that Apple knows, their tokens, and what waits for those that are offline.
//
// An app belongs to one team, and only a token of that team's keys may push to it. APNs keeps one notification for each
// device and topic, the newest, until its expiration; one with expiration 0 is tried once and never kept. A phone is
// online while it has somewhere to be handed pushes. Each token takes so many pushes in a row; Apple documents that
// there is such a limit, not how high it is, so it can be set. Pure; time comes in.
#pragma once

#include "base/instant.hpp"
#include "base/random.hpp"
#include "sim/apple/environment.hpp"
#include "sim/apple/notification.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace reveille::sim::apple {

enum class Channel : std::uint8_t { voip, message };

struct Delivery {
  Instant at = {};
  Notification notification = {};
};

struct Device {
  std::string id = {};
  std::string app = {};
  std::string platform = {};
  std::string os_version = {};
  Environment environment = Environment::sandbox;
  std::string voip_token = {};
  std::string message_token = {};
  std::optional<Instant> gone_since = {};
  std::map<std::string, Notification> stored = {};  // by topic
  std::function<void(Delivery const&)> online = {};
};

enum class Fate : std::uint8_t { delivered, stored, dropped };
[[nodiscard]] std::string_view name_of(Fate fate);

// How many pushes to one token, at once and from then on.
struct Throttle {
  double burst = 10'000;
  double per_second = 1'000;
};

class Devices {
 public:
  explicit Devices(Random& random) : random_(random) {}

  // An app that nobody had becomes the team's. Whether it is that team's now.
  [[nodiscard]] bool claim_app(std::string const& app, std::string const& team);
  Device& add(Device description);
  [[nodiscard]] Device* find(std::string const& id);
  // The id of the device whose token it is; empty: nobody's.
  [[nodiscard]] std::string id_of_token(std::string const& token) const;
  // The app on it was deleted: its tokens are dead from now on.
  void remove(Device& device, Instant now);

  // Whose token it is; or why it cannot be pushed.
  struct Refusal {
    Reason reason = Reason::bad_device_token;
    std::optional<Instant> since = {};
  };
  // `team` is the sender's; `served` the environment of the listener that it came to; nothing: both.
  [[nodiscard]] std::expected<Device*, Refusal> addressee(Notification const& notification, std::string const& team,
                                                          std::optional<Environment> served, Instant now);
  void set_throttle(Throttle throttle) { throttle_ = throttle; }

  Fate deliver(Device& device, Notification notification, Instant now);
  // Hands over what is stored and has not expired, oldest topic name first.
  void come_online(Device& device, std::function<void(Delivery const&)> handler, Instant now);

  [[nodiscard]] std::size_t size() const { return devices_.size(); }

 private:
  struct Owner {
    Device* device = nullptr;
    Channel channel = Channel::message;
    double spent = 0;  // of the burst
    Instant spent_at = {};
  };
  [[nodiscard]] bool is_too_many(Owner& owner, Instant now) const;

  Throttle throttle_ = {};
  Random& random_;
  std::unordered_map<std::string, std::unique_ptr<Device>> devices_;
  std::unordered_map<std::string, Owner> tokens_;
  std::unordered_map<std::string, std::string> teams_;  // by app
};

}  // namespace reveille::sim::apple
