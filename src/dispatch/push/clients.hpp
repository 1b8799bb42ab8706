// PushClients: the push service's clients and its signing key, in memory and on disk.
//
// Threads: the shard's. A new client is on disk before it is told.
#pragma once

#include "base/random.hpp"
#include "model/push_client.hpp"
#include "store/store.hpp"

#include <map>
#include <string>

namespace reveille::dispatch {

class PushClients final : public model::PushClientPort {
 public:
  using Added = std::move_only_function<void(Result<model::NewPushClient>)>;

  PushClients(store::Store& store, Random& random) : store_(store), random_(random) {}

  // Makes the signing key at the first start.
  Result<void> load();
  // Another client of that tenant. `malformed` for a name that is no word of letters, digits, '-', '_' and '.'.
  void add(model::TenantId const& tenant, Added added);

  [[nodiscard]] model::PushClient const* find(std::string_view client_id) const override;
  [[nodiscard]] Secret const& signing_key() const override { return key_; }

 private:
  store::Store& store_;
  Random& random_;
  std::map<std::string, model::PushClient, std::less<>> clients_ = {};
  Secret key_ = {};
};

}  // namespace reveille::dispatch
