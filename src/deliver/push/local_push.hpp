// LocalPush: the PushPort of a process that is its own push service: straight to the queue, under a tenant of its own.
// Lifetime: the service outlives it. Threads: the shard's.
#pragma once

#include "model/push_service.hpp"

namespace reveille::deliver {

class LocalPush final : public model::PushPort {
 public:
  LocalPush(model::PushServicePort& service, Clock const& clock) : service_(service), clock_(clock) {}

  void request(model::PushRequest request, Answer answer) override;
  void take_back(model::PushId const& id) override;
  void acknowledge(model::PushId const& id) override;
  [[nodiscard]] bool has_credential(model::Provider provider, model::Environment environment) const override;
  [[nodiscard]] bool serves(model::Provider provider, model::Environment environment) const override;

 private:
  model::PushServicePort& service_;
  Clock const& clock_;
};

}  // namespace reveille::deliver
