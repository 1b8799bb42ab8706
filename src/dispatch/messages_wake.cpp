// Messages: pushes for devices that sleep (B-IM-2), and what has been read.
#include "decide/messages/wake.hpp"
#include "dispatch/messages.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

constexpr auto push_lives = 24h;

}  // namespace

// For messages a device is reached by its stream only: a SIP flow does not carry them. A client that says it is
// inactive is asleep (B-MODE-4).
model::DeviceState Messages::state_of(Entry& entry, model::Device const& device) {
  if (!device.services.im) return model::DeviceState::signed_out;
  for (auto const& session : runtime_of(entry).im.sessions) {
    if (!session.is_live() || session.instance != device.instance) continue;
    bool const background =
        device.reported_mode == model::Mode::background || session.client_state == xmpp::ClientState::inactive;
    return background ? model::DeviceState::background : model::DeviceState::foreground;
  }
  return model::DeviceState::suspended;
}

void Messages::wake(Entry& entry, model::MessageTraits const& traits, std::uint64_t row, std::string const& peer) {
  auto const offer = decide::push_offer_of(shard_.push, shard_.policy.wake);
  for (auto const& device : entry.registrations().devices) {
    auto const verdict = decide::should_wake_for_message(device, state_of(entry, device), traits, offer, shard_.now());
    if (verdict.verdict == decide::WakeVerdict::let_sleep) {
      if (traits.has_body) trace(row, model::Milestone::received, device.instance, verdict.because);
      continue;
    }
    BurstKey const key{entry.account().value, device.instance.value, peer};
    auto const [burst, first] = bursts_.try_emplace(key);
    burst->second = {.row = row, .traits = traits};
    if (first) shard_.deadlines.add(shard_.now() + shard_.policy.wake.message_burst, [this, key] { end_burst(key); });
  }
}

// One notification for what came within the burst; none for a device that is awake by now.
void Messages::end_burst(BurstKey const& key) {
  auto const& [account, instance, peer] = key;
  auto* entry = shard_.directory.find(model::AccountId{account});
  auto const found = bursts_.find(key);
  if (!entry || found == bursts_.end()) return;
  // B-MODE-5: a dropped foreground connection has its grace.
  for (auto const& session : runtime_of(*entry).im.sessions) {
    if (session.is_live() || session.instance.value != instance || !session.lost_at) continue;
    auto const* device = decide::device_of(runtime_of(*entry).im, session);
    bool const was_background = session.client_state == xmpp::ClientState::inactive ||
                                (device && device->reported_mode == model::Mode::background);
    auto const grace_ends = *session.lost_at + shard_.policy.wake.foreground_grace;
    if (was_background || grace_ends <= shard_.now()) continue;
    shard_.deadlines.add(grace_ends, [this, key] { end_burst(key); });
    return;
  }
  auto const burst = found->second;
  bursts_.erase(found);
  shard_.store.fetch_unread(
      account, runtime_of(*entry).displayed, {}, {},
      [this, key, burst](Result<store::Unread> unread) { request_push(key, burst, unread ? unread->count : 1); });
}

void Messages::request_push(BurstKey const& key, Burst const& burst, std::uint32_t unread) {
  auto const& [account, instance, peer] = key;
  auto* entry = shard_.directory.find(model::AccountId{account});
  if (!entry) return;
  auto const registrations = entry->registrations();
  auto const* device = model::find_device(registrations, model::InstanceId{instance});
  if (!device) return;
  auto const offer = decide::push_offer_of(shard_.push, shard_.policy.wake);
  auto const verdict =
      decide::should_wake_for_message(*device, state_of(*entry, *device), burst.traits, offer, shard_.now());
  if (verdict.verdict == decide::WakeVerdict::let_sleep) return;
  auto const channel = decide::message_channel_of(*device);
  auto const archive_id = ids_.id_of(burst.row);
  auto const conversation = ids_.conversation_of(account, peer);
  model::PushRequest request{
      .id = model::PushId{model::derive_uuid("message", {account, instance, archive_id})},
      .account = entry->account(),
      .instance = device->instance,
      .target = decide::push_target_of(*device, channel),
      .push_class = model::PushClass::message,
      .channel = channel,
      .expires_at = shard_.now() + push_lives,
      .conversation = conversation,
      .tracking = model::TrackingId{model::derive_uuid("message", {archive_id})},
      .payload = decide::write_payload({.conversation = conversation, .archive_id = archive_id, .unread = unread}),
      .alert_title = "New message",
      .alert_body = "Tap to read it.",
      .badge = unread};
  // The message's trace is found by the id of each of its pushes too.
  shard_.traces.begin({.tracking = request.tracking,
                       .kind = model::TraceKind::message,
                       .push_id = request.id.value,
                       .began = shard_.now()});
  trace(burst.row, model::Milestone::push_requested, device->instance, model::Why::message_body);
  runtime_of(*entry).pushed[device->instance] = request.id;
  auto const token = request.target.token;
  shard_.push.request(std::move(request),
                      [this, owner = entry->account(), name = device->instance, token](model::PushReceipt receipt) {
                        registrations_.on_receipt(owner, name, token, receipt);
                      });
}

// The device has shown itself: its push has done its work (B-PUSH-8).
void Messages::note_reachable(Entry& entry, model::InstanceId const& instance) {
  shard_.recount(entry);
  auto& pushed = runtime_of(entry).pushed;
  auto const found = pushed.find(instance);
  if (found == pushed.end()) return;
  shard_.push.acknowledge(found->second);
  pushed.erase(found);
}

void Messages::mark_displayed(Entry& entry, std::string const& peer, std::string const& message_id) {
  shard_.store.fetch_unread(entry.account().value, runtime_of(entry).displayed, peer, message_id,
                            [this, account = entry.account()](Result<store::Unread> unread) {
                              auto* now = shard_.directory.find(account);
                              if (!now || !unread) return;
                              if (unread->displayed > runtime_of(*now).displayed)
                                trace(unread->displayed, model::Milestone::displayed);
                              mark_displayed(*now, unread->displayed);
                            });
}

void Messages::mark_displayed(Entry& entry, std::uint64_t row) {
  auto& displayed = runtime_of(entry).displayed;
  if (row <= displayed) return;
  displayed = row;
  shard_.store.commit({store::Put{store::Table::inboxes, entry.account().value, std::to_string(row)}},
                      store::Urgency::lazily, [](auto) {});
}

void Messages::trace(std::uint64_t row, model::Milestone milestone, model::InstanceId const& device, model::Why why) {
  shard_.traces.step({.tracking = model::TrackingId{model::derive_uuid("message", {ids_.id_of(row)})},
                      .kind = model::TraceKind::message,
                      .milestone = milestone,
                      .at = shard_.now(),
                      .device = device,
                      .why = why});
}

}  // namespace reveille::dispatch
