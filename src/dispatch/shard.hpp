// Shard: what every dispatcher of one thread shares.
//
// A shard is one thread with one io_context; an account lives on one shard. Lifetime: from the start of the process to
// its end; everything it refers to outlives it. Threads: one. Nothing here blocks.
#pragma once

#include "base/instant.hpp"
#include "base/random.hpp"
#include "dispatch/deadlines.hpp"
#include "dispatch/device_census.hpp"
#include "dispatch/directory.hpp"
#include "dispatch/expiries.hpp"
#include "model/push.hpp"
#include "model/settings.hpp"
#include "model/trace.hpp"
#include "store/store.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace reveille::dispatch {

enum class DeviceChange : std::uint8_t {
  registered,      // a device is new, or has new fields
  mode,            // foreground or background, by the client's own word
  liveness,        // a flow or stream has come or gone
  signed_out,      // a service or the whole device is gone
  token_forgotten  // by the provider's word, or since another device holds it now
};

struct Shard {
  Clock const& clock;
  Random& random;
  // May change while the process runs (settings are reloaded, push is switched): read it where you use it.
  model::Policy const& policy;
  store::Store& store;
  model::TracePort& traces;
  model::PushPort& push;
  Expiries suspended = {};  // sessions of instant messaging; outlives the directory
  Directory directory = {};
  DeviceCensus census = {};
  Deadlines deadlines = {};
  // The nodes that a woken phone is told to register at, best first: "host:port".
  std::vector<std::string> nodes = {};
  // Whoever wants to know what becomes of devices (presence, the calls under way) listens; said after the fact.
  using Listener = std::function<void(Entry&, model::InstanceId const&, DeviceChange)>;
  std::vector<Listener> listeners = {};

  [[nodiscard]] Instant now() const { return clock.now(); }

  // What is alive of the account's devices has changed.
  void recount(Entry& entry) { census.count(entry, entry.registrations(), now()); }

  void listen(Listener listener) { listeners.push_back(std::move(listener)); }
  void say(Entry& entry, model::InstanceId const& instance, DeviceChange change) const {
    for (auto const& listener : listeners) listener(entry, instance, change);
  }
};

}  // namespace reveille::dispatch
