// Messages: pushes for devices that sleep (B-IM-2), and what has been read.
#include "decide/messages/wake.hpp"
#include "decide/xmpp/message.hpp"
#include "dispatch/messages.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

constexpr auto push_lives = 24h;
constexpr std::ptrdiff_t most_noted_pushes = 32;  // of one device
constexpr unsigned most_unseen = 100;
constexpr std::size_t most_unseen_bytes = std::size_t{1} << 20U;

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

// The account's devices that sleep. A push is noted with its message, in one batch, so that no kill comes between.
void Messages::wake_all(Turn& turn, Entry& entry, model::MessageTraits const& traits, std::uint64_t row,
                        std::string const& peer) {
  auto const earliest = shard_.now() + shard_.policy.wake.message_burst;
  for (auto const& device : entry.registrations().devices) wake(turn, entry, device, traits, row, peer, earliest);
}

void Messages::wake(Turn& turn, Entry& entry, model::Device const& device, model::MessageTraits const& traits,
                    std::uint64_t row, std::string const& peer, Instant earliest) {
  auto const offer = decide::push_offer_of(shard_.push, shard_.policy.wake);
  auto const verdict = decide::should_wake_for_message(device, state_of(entry, device), traits, offer, shard_.now());
  if (verdict.verdict == decide::WakeVerdict::let_sleep) {
    if (traits.has_body) trace(row, model::Milestone::received, device.instance, verdict.because);
    return;
  }
  note_push(entry, {.instance = device.instance, .row = row, .peer = peer});
  turn.inboxes.insert(entry.account().value);
  turn.tentative.pushes.push_back({.account = entry.account(), .instance = device.instance, .row = row});
  turn.acts.emplace_back(
      [this, earliest, burst = Burst{.row = row, .traits = traits},
       key = BurstKey{entry.account().value, device.instance.value, peer}] { begin_burst(key, burst, earliest); });
}

void Messages::begin_burst(BurstKey const& key, Burst burst, Instant ends) {
  auto const [place, first] = bursts_.try_emplace(key);
  if (!first) {
    // The newest of them is named in the notification, whose steps are in its trace.
    auto const [covered, newest] = std::minmax(burst.row, place->second.row);
    if (covered != newest)
      trace(covered, model::Milestone::received, model::InstanceId{std::get<1>(key)}, model::Why::burst);
    burst.row = newest;
  }
  place->second = std::move(burst);
  if (first) shard_.deadlines.add(std::max(ends, shard_.now()), [this, key] { end_burst(key); });
}

// B-MODE-4: a foreground connection was dead while it still looked alive: what it did not acknowledge, it did not see.
void Messages::wake_for_unseen(Entry& entry, Unseen unseen) {
  auto const after = std::max(decide::all_seen_up_to(unseen.seen), runtime_of(entry).inbox.displayed);
  shard_.store.fetch_archive(
      {.account = entry.account().value,
       .direction = store::Direction::incoming,
       .after = after,
       .from = store::ArchiveEnd::newest,
       .most = most_unseen,
       .most_bytes = most_unseen_bytes},
      [this, account = entry.account(), unseen = std::move(unseen)](Result<store::ArchivePage> page) {
        auto* now = shard_.directory.find(account);
        if (now) found_unseen(*now, unseen, page ? *page : store::ArchivePage{});
      });
}

// With it on disk: that the session is away.
void Messages::found_unseen(Entry& entry, Unseen const& unseen, store::ArchivePage const& page) {
  auto const registrations = entry.registrations();
  auto const* device = model::find_device(registrations, unseen.instance);
  Turn turn;
  for (auto const& message : page.messages) {
    auto const stanza = device ? xmpp::parse_element(message.stanza) : failure(ErrorCode::not_found, "");
    if (!stanza || decide::is_seen(unseen.seen, message.row, *stanza) || is_noted(entry, device->instance, message))
      continue;
    wake(turn, entry, *device, decide::traits_of(*stanza), message.row, message.peer, unseen.earliest);
  }
  for (auto const& session : runtime_of(entry).im.sessions)
    if (session.instance == unseen.instance && session.lost_at)
      turn.dirty.emplace(entry.account().value, session.resource);
  finish(std::move(turn));
}

// A push of the same conversation stands for it.
bool Messages::is_noted(Entry& entry, model::InstanceId const& instance, store::ArchivedMessage const& message) {
  return std::ranges::any_of(runtime_of(entry).inbox.pushes, [&](NotedPush const& push) {
    return push.instance == instance && push.peer == message.peer && push.row >= message.row;
  });
}

// At the start: what may not have been asked for before the end is asked for now. Asking twice is asking once.
void Messages::keep_inbox(Entry& entry, Inbox const& inbox) {
  holder_of(entry).keep_inbox(inbox);
  for (auto const& push : inbox.pushes) {
    auto const at = from_unix_microseconds(static_cast<std::int64_t>(push.row));
    if (push.state == NotedPush::State::sent || at + push_lives <= shard_.now()) continue;
    begin_burst({entry.account().value, push.instance.value, push.peer},
                {.row = push.row,
                 .traits = {.kind = model::MessageKind::chat, .has_body = true, .is_kept = true},
                 .found_at_start = true},
                shard_.now() + shard_.policy.wake.message_burst);
  }
}

void Messages::save_inbox(Entry& entry) {
  shard_.store.commit({store::Put{store::Table::inboxes, entry.account().value, pack(runtime_of(entry).inbox)}},
                      store::Urgency::lazily, [](auto) {});
}

// So many of a device; the oldest one's outcome is then its expiry.
void Messages::note_push(Entry& entry, NotedPush push) {
  auto& pushes = runtime_of(entry).inbox.pushes;
  // One push for what a burst brings: the newest stands for those before.
  std::erase_if(pushes, [&](auto const& one) {
    bool const replaced = one.state == NotedPush::State::owed && one.peer == push.peer && one.row < push.row;
    return one.instance == push.instance && (replaced || one.row == push.row);
  });
  if (std::ranges::count(pushes, push.instance, &NotedPush::instance) >= most_noted_pushes)
    pushes.erase(std::ranges::find(pushes, push.instance, &NotedPush::instance));
  pushes.push_back(std::move(push));
}

void Messages::forget_push(Entry& entry, model::InstanceId const& instance, std::uint64_t row) {
  auto const gone = std::erase_if(runtime_of(entry).inbox.pushes,
                                  [&](auto const& one) { return one.instance == instance && one.row == row; });
  if (gone > 0) save_inbox(entry);
}

void Messages::on_push_answered(model::AccountId const& account, model::InstanceId const& instance, std::uint64_t row,
                                model::PushReceipt const& receipt) {
  auto* entry = shard_.directory.find(account);
  if (!entry) return;
  if (receipt.state != model::PushState::accepted_by_provider) return forget_push(*entry, instance, row);
  for (auto& push : runtime_of(*entry).inbox.pushes) {
    if (push.instance != instance || push.row != row) continue;
    push.state = NotedPush::State::sent;
    return save_inbox(*entry);
  }
}

model::PushId Messages::push_id_of(model::AccountId const& account, model::InstanceId const& instance,
                                   std::uint64_t row) const {
  return model::PushId{model::derive_uuid("message", {account.value, instance.value, ids_.id_of(row)})};
}

// B-SIGN-2, B-SIGN-3: of a device that has signed out or lost its token. What has not left yet is taken back.
void Messages::end_pushes(Entry& entry, model::InstanceId const& instance) {
  auto const registrations = entry.registrations();
  auto const* device = model::find_device(registrations, instance);
  bool const has_token = device && !model::channel_of(*device, decide::message_channel_of(*device)).token.empty();
  if (has_token && device->services.im) return;
  end_bursts(entry.account(), instance);
  auto const gone = std::erase_if(runtime_of(entry).inbox.pushes, [&](NotedPush const& push) {
    if (push.instance != instance) return false;
    if (push.state == NotedPush::State::asked) shard_.push.take_back(push_id_of(entry.account(), instance, push.row));
    return true;
  });
  if (gone > 0) save_inbox(entry);
}

void Messages::end_bursts(model::AccountId const& account, model::InstanceId const& instance) {
  auto const is_its = [&](BurstKey const& key) {
    return std::get<0>(key) == account.value && std::get<1>(key) == instance.value;
  };
  auto at = bursts_.lower_bound({account.value, instance.value, {}});
  while (at != bursts_.end() && is_its(at->first)) at = bursts_.erase(at);
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
      account, runtime_of(*entry).inbox.displayed, {}, {},
      [this, key, burst](Result<store::Unread> unread) { request_push(key, burst, unread ? unread->count : 1); });
}

void Messages::request_push(BurstKey const& key, Burst const& burst, std::uint32_t unread) {
  auto const& [account, instance, peer] = key;
  auto* entry = shard_.directory.find(model::AccountId{account});
  if (!entry) return;
  auto const registrations = entry->registrations();
  auto const* device = model::find_device(registrations, model::InstanceId{instance});
  auto const offer = decide::push_offer_of(shard_.push, shard_.policy.wake);
  bool const wakes =
      device && (unread > 0 || !burst.found_at_start) &&
      decide::should_wake_for_message(*device, state_of(*entry, *device), burst.traits, offer, shard_.now()).verdict !=
          decide::WakeVerdict::let_sleep;
  if (!wakes) return forget_push(*entry, model::InstanceId{instance}, burst.row);
  auto const channel = decide::message_channel_of(*device);
  auto const archive_id = ids_.id_of(burst.row);
  auto const conversation = ids_.conversation_of(account, peer);
  model::PushRequest request{
      .id = push_id_of(entry->account(), device->instance, burst.row),
      .account = entry->account(),
      .instance = device->instance,
      .target = decide::push_target_of(*device, channel),
      .push_class = model::PushClass::message,
      .channel = channel,
      // By the message's own time, so that asking again after a restart asks for the same.
      .expires_at = from_unix_microseconds(static_cast<std::int64_t>(burst.row)) + push_lives,
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
  note_push(*entry, {.state = NotedPush::State::asked, .instance = device->instance, .row = burst.row, .peer = peer});
  auto const token = request.target.token;
  shard_.push.request(std::move(request), [this, owner = entry->account(), name = device->instance, row = burst.row,
                                           token](model::PushReceipt receipt) {
    registrations_.on_receipt(owner, name, token, receipt);
    on_push_answered(owner, name, row, receipt);
  });
}

// The device has shown itself: its pushes have done their work (B-PUSH-8), and with a stream it gets what was to be
// pushed.
void Messages::note_reachable(Entry& entry, model::InstanceId const& instance) {
  shard_.recount(entry);
  bool const is_here = std::ranges::any_of(runtime_of(entry).im.sessions, [&](decide::ImSession const& session) {
    return session.is_live() && session.instance == instance;
  });
  if (is_here) end_bursts(entry.account(), instance);
  auto const gone = std::erase_if(runtime_of(entry).inbox.pushes, [&](NotedPush const& push) {
    if (push.instance != instance) return false;
    if (push.state != NotedPush::State::owed) shard_.push.acknowledge(push_id_of(entry.account(), instance, push.row));
    return true;
  });
  if (gone > 0) save_inbox(entry);
}

void Messages::mark_displayed(Entry& entry, std::string const& peer, std::string const& message_id) {
  shard_.store.fetch_unread(entry.account().value, runtime_of(entry).inbox.displayed, peer, message_id,
                            [this, account = entry.account()](Result<store::Unread> unread) {
                              auto* now = shard_.directory.find(account);
                              if (!now || !unread) return;
                              if (unread->displayed > runtime_of(*now).inbox.displayed)
                                trace(unread->displayed, model::Milestone::displayed);
                              mark_displayed(*now, unread->displayed);
                            });
}

void Messages::mark_displayed(Entry& entry, std::uint64_t row) {
  auto& displayed = runtime_of(entry).inbox.displayed;
  if (row <= displayed) return;
  displayed = row;
  save_inbox(entry);
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
