// PushProvider: what the queue needs of a provider's sender (deliver/apns, …); node joins the two.
//
// Lifetime: outlives the queue. Threads: the shard's. send() answers exactly once, never from inside the call, at the
// latest some seconds after `give_up_at`; until then it may look for a connection by itself (nothing of the request has
// left then). It looks for connections all the time, also while nothing waits.
#pragma once

#include "base/instant.hpp"
#include "model/provider.hpp"
#include "model/push.hpp"
#include "model/push_service.hpp"

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::dispatch {

class PushProvider {
 public:
  using Done = std::move_only_function<void(model::ProviderAnswer)>;

  virtual ~PushProvider() = default;
  virtual void send(model::PushRequest const& request, Instant give_up_at, Done done) = 0;
  // Why this can never be sent, as far as it can be told without asking the provider; nothing: it may be tried.
  [[nodiscard]] virtual std::optional<model::PushRefusal> unfit(model::PushRequest const&) const { return {}; }
  // Requests that can be under way at a time, by what its connections allow; 0 while there is none. More than that can
  // be given to it, and waits there.
  [[nodiscard]] virtual std::size_t room() const { return std::numeric_limits<std::size_t>::max(); }
  // Told, not from inside send(), each time that there may be more room.
  virtual void when_room(std::function<void()>) {}
  // Takes nothing further, and gives back at once what has not left; what is under way may still be answered.
  virtual void close() {}
  // While the provider cannot be reached: why. Else empty.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
};

// One key at one provider, in one environment, and the apps that it may push to.
struct PushCredential {
  std::string name = {};  // for operators: "apns TEAM012345 KEY0123456 production"
  model::Provider provider = model::Provider::apns;
  model::Environment environment = model::Environment::production;
  std::string team = {};                  // APNs
  std::vector<std::string> apps = {};     // bundle ids; empty: every app of the team
  std::vector<std::string> tenants = {};  // who may spend it; empty: everyone
  std::size_t most_under_way = 2000;      // requests at the provider at a time
  std::unique_ptr<PushProvider> sender = {};
};

[[nodiscard]] bool may_spend(PushCredential const& credential, model::TenantId const& tenant);

// True when that tenant may push to that target with it. The topic of a channel is the app with a suffix.
[[nodiscard]] bool is_for(PushCredential const& credential, model::TenantId const& tenant,
                          model::PushTarget const& target);

}  // namespace reveille::dispatch
