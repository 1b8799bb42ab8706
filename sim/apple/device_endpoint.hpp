// DeviceEndpoint: the side that phones and tests speak to, over HTTP/1.1 (interfaces.md, section 5).
//
//   POST   /sim/devices {app,platform,os_version,environment}   → {device,tokens:{voip,message}}
//   POST   /sim/devices {…,"count":N}                            → {devices:[{device,tokens}…]}, for load
//   POST   /sim/devices {…,"team":T}                             → the app is that team's; else the made key's. An app
//                                                                  has one team: 409 where it is another's
//   GET    /sim/devices/{d}                                      → what is known of it
//   GET    /sim/devices/{d}/pushes                               → NDJSON, one line a push; open = online
//   DELETE /sim/devices/{d}                                      → its tokens are dead
//   GET    /sim/requests[?since=N]  DELETE /sim/requests         → what the cloud has seen, or forget it
//   POST   /sim/faults {…}          DELETE /sim/faults           → faults.hpp
//   POST   /sim/keys {team,environment}                          → one more provider key: {key_id,team,key}; good for
//                                                                  that environment only where one is given
//   POST   /sim/limits {burst,per_second}                        → how many pushes a token takes: 429 TooManyRequests
// Lifetime: outlives its server. Threads: one.
#pragma once

#include "edge/http/exchange.hpp"
#include "sim/apple/push_endpoint.hpp"

namespace reveille::sim::apple {

class DeviceEndpoint {
 public:
  explicit DeviceEndpoint(CloudState& state) : state_(state) {}
  void on_request(edge::HttpRequest request, edge::Responder responder);

 private:
  edge::HttpResponse on_devices(edge::HttpRequest const& request);
  edge::HttpResponse on_device(edge::HttpRequest const& request, Device& device);
  edge::HttpResponse on_requests(edge::HttpRequest const& request);
  edge::HttpResponse on_faults(edge::HttpRequest const& request);
  edge::HttpResponse on_keys(edge::HttpRequest const& request);
  edge::HttpResponse on_limits(edge::HttpRequest const& request);
  void stream_pushes(Device& device, edge::Responder responder);

  CloudState& state_;
};

// A key that the portal would hand out: a fresh pair, known to the cloud from now on.
struct MadeKey {
  std::string key_id = {};
  std::string team = {};
  std::string pem = {};
};
[[nodiscard]] MadeKey make_key(CloudState& state, std::string team, std::optional<Environment> environment = {});
// Ten capital letters and digits, as Apple's key and team ids are.
[[nodiscard]] std::string make_portal_id(Random& random);

}  // namespace reveille::sim::apple
