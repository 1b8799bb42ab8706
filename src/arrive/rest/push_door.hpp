// PushDoor: the push service's REST API (interfaces.md, section 3), as a handler of edge's HTTP server.
//
// A request is authorised first (RFC 6750), then read strictly, then put to the PushServicePort; what the port answers
// becomes the response, now or later. Lifetime: ports outlive the door, the door outlives the server. Threads: the
// shard's.
#pragma once

#include "arrive/rest/problem.hpp"
#include "base/instant.hpp"
#include "base/random.hpp"
#include "edge/http/exchange.hpp"
#include "model/push_client.hpp"
#include "model/push_service.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::arrive {

class PushDoor {
 public:
  PushDoor(model::PushServicePort& service, model::PushClientPort const& clients, Clock const& clock, Random& random)
      : service_(service), clients_(clients), clock_(clock), random_(random) {}

  void handle(edge::HttpRequest request, edge::Responder responder);

 private:
  struct Call {
    edge::HttpRequest request = {};
    edge::Responder responder = {};
    model::TenantId tenant = {};
    std::string id = {};  // behind the collection's name
  };

  void issue_token(Call call);
  void describe(Call call);
  void route(Call call);
  void notifications(Call call);
  void request_push(Call call);
  void devices(Call call);
  void put_device(Call call, model::InstanceId const& instance);
  void set_mode(Call call, model::InstanceId const& instance);
  void receipts(Call call);
  void providers(Call call);
  [[nodiscard]] std::optional<model::TenantId> tenant_of(edge::HttpRequest const& request) const;

  model::PushServicePort& service_;
  model::PushClientPort const& clients_;
  Clock const& clock_;
  Random& random_;
};

// The published description of this API (OpenAPI 3.1), as JSON.
[[nodiscard]] std::string_view push_openapi();

}  // namespace reveille::arrive
