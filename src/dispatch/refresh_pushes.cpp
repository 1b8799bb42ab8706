#include "dispatch/refresh_pushes.hpp"

#include "decide/registry/refresh_push.hpp"
#include "decide/wake/should_wake.hpp"

#include <utility>

namespace reveille::dispatch {

RefreshPushes::~RefreshPushes() {
  for (auto const& [key, watched] : watched_) shard_.deadlines.drop(watched.deadline);
}

void RefreshPushes::watch(Entry const& entry, model::Registrations const& registrations) {
  for (auto const& device : registrations.devices) {
    auto const due = decide::refresh_due(registrations, device, shard_.now());
    if (!due) continue;
    Key const key{entry.account(), device.instance};
    auto const [found, is_new] = watched_.try_emplace(key);
    auto& watched = found->second;
    // It has come: the push did its work.
    if (!watched.pushed.empty() && due->expires_at > watched.pushed_for) shard_.push.acknowledge(watched.pushed);
    if (due->expires_at > watched.pushed_for) watched.pushed = {};
    // One that ends later is looked at when its time comes; one that ends sooner is not missed.
    if ((is_new || due->at < watched.due) && watched.pushed_for != due->expires_at) arm(key, watched, due->at);
  }
}

void RefreshPushes::arm(Key const& key, Watched& watched, Instant at) {
  shard_.deadlines.drop(watched.deadline);
  watched.due = at;
  watched.deadline = shard_.deadlines.add(at, [this, key] { look(key); });
}

void RefreshPushes::look(Key const& key) {
  auto const found = watched_.find(key);
  if (found == watched_.end()) return;
  auto& watched = found->second;
  auto const now = shard_.now();
  auto const* const entry = shard_.directory.find(key.first);
  auto const registrations = entry == nullptr ? model::Registrations{} : entry->registrations();
  auto const* const device = model::find_device(registrations, key.second);
  auto const due = device == nullptr ? std::nullopt : decide::refresh_due(registrations, *device, now);
  // It has signed out, or not come: nothing is pushed after expiry.
  if (!due) return (void)watched_.erase(found);
  if (due->expires_at == watched.pushed_for) return arm(key, watched, due->expires_at);
  if (due->expires_at - model::push_refresh_before_end > now) return arm(key, watched, due->at);
  push(key, watched, *device, due->expires_at);
  arm(key, watched, due->expires_at);
}

void RefreshPushes::push(Key const& key, Watched& watched, model::Device const& device, Instant expires_at) {
  watched.pushed_for = expires_at;
  auto const offer = decide::push_offer_of(shard_.push, shard_.policy.wake);
  auto const verdict = decide::can_push(device, model::ChannelName::message, offer, shard_.now()).verdict;
  if (verdict == decide::WakeVerdict::let_sleep) return;
  auto request = decide::refresh_push_of(key.first, device, expires_at);
  watched.pushed = request.id;
  auto answer = [this, request](model::PushReceipt const& receipt) { heard_(request, receipt); };
  shard_.push.request(std::move(request), std::move(answer));
}

}  // namespace reveille::dispatch
