// DeviceDoor: the client API, where a user's app speaks of its own devices (interfaces.md section 2), as a handler of
// edge's HTTP server. Where the same listener also serves tenants, their requests are PushDoor's (takes()).
//
// A request is authenticated first, then read strictly, then put to the DevicePort; what the port answers becomes the
// response. Lifetime: ports outlive the door, the door outlives the server. Threads: the shard's.
#pragma once

#include "arrive/rest/basic_authentication.hpp"
#include "arrive/rest/problem.hpp"
#include "edge/http/exchange.hpp"
#include "model/device_port.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace reveille::arrive {

// The published description of this API (OpenAPI 3.1), as JSON.
[[nodiscard]] std::string_view device_openapi();

class DeviceDoor {
 public:
  struct Ports {
    model::DevicePort& devices;
    model::CredentialPort& credentials;
  };
  // Who else is served at the same listener.
  enum class Beside : std::uint8_t { nobody, tenants };

  DeviceDoor(Ports ports, Clock const& clock, Random& random, std::string domain, Beside beside)
      : devices_(ports.devices),
        clock_(clock),
        authentication_(ports.credentials, clock, random, std::move(domain)),
        beside_(beside) {}

  // False for what is between a tenant and the push service.
  [[nodiscard]] bool takes(edge::HttpRequest const& request) const;
  void handle(edge::HttpRequest request, edge::Responder responder);

 private:
  struct Call {
    edge::HttpRequest request = {};
    edge::Responder responder = {};
    model::AccountId account = {};
    model::InstanceId instance = {};
  };

  void refuse(Call call, SignInRefusal const& refusal);
  void route(Call call);
  void register_device(Call call);
  void set_mode(Call call);
  void sign_out(Call call);

  model::DevicePort& devices_;
  Clock const& clock_;
  BasicAuthentication authentication_;
  Beside beside_;
};

}  // namespace reveille::arrive
