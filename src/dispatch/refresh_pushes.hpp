// RefreshPushes: wakes third parties' sleeping clients before their bindings expire (RFC 8599 section 5.5), once for
// each registration.
//
// What it costs: one deadline for each such client, and nothing for a REGISTER that only repeats the last one: when its
// time comes, the binding is looked at, and where it was extended the deadline moves on. Clients of ours have none.
// Lifetime: the shard's. Threads: the shard's.
#pragma once

#include "dispatch/shard.hpp"
#include "model/push.hpp"

#include <functional>
#include <map>
#include <utility>

namespace reveille::dispatch {

class RefreshPushes {
 public:
  // The provider's word on the push to that device with that token.
  using Heard = std::function<void(model::PushRequest const&, model::PushReceipt const&)>;

  RefreshPushes(Shard& shard, Heard heard) : shard_(shard), heard_(std::move(heard)) {}
  RefreshPushes(RefreshPushes const&) = delete;
  RefreshPushes& operator=(RefreshPushes const&) = delete;
  ~RefreshPushes();

  // These are the account's registrations now.
  void watch(Entry const& entry, model::Registrations const& registrations);

 private:
  using Key = std::pair<model::AccountId, model::InstanceId>;
  struct Watched {
    DeadlineId deadline = {};
    Instant due = {};
    model::PushId pushed = {};  // that is out
    Instant pushed_for = {};    // the end that it was for
  };

  void arm(Key const& key, Watched& watched, Instant at);
  void look(Key const& key);
  void push(Key const& key, Watched& watched, model::Device const& device, Instant expires_at);

  Shard& shard_;
  Heard heard_;
  std::map<Key, Watched> watched_ = {};
};

}  // namespace reveille::dispatch
