#include "dispatch/devices.hpp"

#include "decide/registry/merge.hpp"
#include "model/push_token.hpp"

#include <utility>
#include <vector>

namespace reveille::dispatch {
namespace {

using model::DeviceRefusal;

std::vector<DeviceChange> changes_of(model::DeviceUpdate const& update, decide::Ended ended) {
  std::vector changes = {DeviceChange::registered};
  if (update.mode) changes.push_back(DeviceChange::mode);
  if (ended == decide::Ended::some) changes.push_back(DeviceChange::signed_out);
  return changes;
}

}  // namespace

void Devices::keep(Entry& entry, model::Registrations const& registrations, Kept kept) {
  auto change = registrations_.begin(entry, registrations, Stake::promise);
  auto write = change.write();
  shard_.store.commit({std::move(write)}, store::Urgency::soon,
                      [this, change = std::move(change), kept = std::move(kept)](Result<void> saved) mutable {
                        registrations_.end(change, saved ? Fate::written : Fate::refused);
                        if (!saved)
                          return kept(std::unexpected(saved.error().code == ErrorCode::busy ? DeviceRefusal::overloaded
                                                                                            : DeviceRefusal::storage));
                        auto* const entry = shard_.directory.find(change.account);
                        if (entry == nullptr) return kept(std::unexpected(DeviceRefusal::not_found));
                        kept(entry);
                      });
}

void Devices::register_device(model::AccountId const& account, model::DeviceUpdate update,
                              Answer<model::Device> answer) {
  auto* const entry = shard_.directory.find(account);
  if (entry == nullptr) return answer(std::unexpected(DeviceRefusal::not_found));
  auto registrations = entry->registrations();
  if (auto const unfit = model::unfit_channel(model::find_device(registrations, update.instance), update))
    return answer(std::unexpected(*unfit == model::ChannelName::voip ? DeviceRefusal::unfit_voip_token
                                                                     : DeviceRefusal::unfit_message_token));
  auto const ended = decide::end_unnamed_services(registrations, update);
  auto merged = decide::merge(registrations, update, shard_.now());
  if (merged.device == nullptr) return answer(std::unexpected(DeviceRefusal::too_many_devices));
  keep(*entry, registrations,
       [this, device = *merged.device, tokens = std::move(merged.claimed_tokens), changes = changes_of(update, ended),
        answer = std::move(answer)](Result<Entry*, DeviceRefusal> kept) mutable {
         if (!kept) return answer(std::unexpected(kept.error()));
         for (auto const& token : tokens) registrations_.take_from_others(**kept, device.instance, token);
         for (auto const change : changes) shard_.say(**kept, device.instance, change);
         answer(std::move(device));
       });
}

void Devices::set_mode(model::AccountId const& account, model::InstanceId const& instance, model::Mode mode,
                       Answer<model::Device> answer) {
  auto* const entry = shard_.directory.find(account);
  auto registrations = entry == nullptr ? model::Registrations{} : entry->registrations();
  if (model::find_device(registrations, instance) == nullptr) return answer(std::unexpected(DeviceRefusal::not_found));
  auto const merged = decide::merge(
      registrations, {.instance = instance, .freshness = model::Freshness::refresh, .mode = mode}, shard_.now());
  registrations_.note(*entry, registrations, store::Urgency::soon);
  shard_.say(*entry, instance, DeviceChange::mode);
  answer(*merged.device);
}

void Devices::sign_out(model::AccountId const& account, model::InstanceId const& instance, Answer<void> answer) {
  auto* const entry = shard_.directory.find(account);
  auto registrations = entry == nullptr ? model::Registrations{} : entry->registrations();
  if (model::find_device(registrations, instance) == nullptr) return answer(std::unexpected(DeviceRefusal::not_found));
  (void)decide::sign_out(registrations, instance);
  keep(*entry, registrations, [this, instance, answer = std::move(answer)](Result<Entry*, DeviceRefusal> kept) mutable {
    if (!kept) return answer(std::unexpected(kept.error()));
    registrations_.forget_unbound_flows(**kept);
    shard_.say(**kept, instance, DeviceChange::signed_out);
    answer({});
  });
}

}  // namespace reveille::dispatch
