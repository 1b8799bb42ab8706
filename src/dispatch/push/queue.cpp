// The queue's asking side: what tenants request and are told.
#include "dispatch/push/queue.hpp"

#include "decide/wake/should_wake.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace reveille::dispatch {

using namespace model;

namespace {

PushRefusal refusal_of(Error const& error) {
  return error.code == ErrorCode::busy ? PushRefusal::overloaded : PushRefusal::storage;
}

// Half of what one sweep may take: so what has ended never grows faster than it is swept.
constexpr std::size_t sweep_after_accepted = 500;

// For one notification; more of its tenant's requests than one are hardly ever open.
constexpr std::size_t most_waiters = 100;

// B-SIGN-2: a device that names only calls is shown nothing of messages, and the reverse. Services that nobody has ever
// named are no such word, and what only tidies up is for all.
bool uses(Device const& device, PushClass push_class) {
  auto const& services = device.services;
  if (!services.call && !services.im) return true;
  switch (push_class) {
    using enum PushClass;
    case call:
    case missed_call:
    case answered_elsewhere: return services.call;
    case message: return services.im;
    case clear:
    case background: return true;
  }
  std::unreachable();
}

bool serves_with(PushCredential const& credential, TenantId const& tenant, Provider provider, Environment environment) {
  bool const fits = provider != Provider::apns || credential.environment == environment;
  return credential.provider == provider && fits && may_spend(credential, tenant);
}

bool has_final_word(PushRecord const& record) {
  return is_end(record.life.state) || record.life.state == PushState::accepted_by_provider;
}

}  // namespace

PushQueue::PushQueue(Clock const& clock, Random& random, store::Store& store, Deadlines& deadlines, TracePort& traces,
                     std::vector<PushCredential> credentials, Limits limits)
    : clock_(clock),
      random_(random),
      store_(store),
      deadlines_(deadlines),
      traces_(traces),
      limits_(limits),
      devices_(clock, store, limits.devices_of_tenant) {
  for (auto& settings : credentials) {
    PushPool const pool{room_for(settings.most_under_way)};
    auto& sender = *settings.sender;
    credentials_.push_back({.settings = std::move(settings), .pool = pool});
    sender.when_room([this, credential = credentials_.size() - 1] {
      if (credentials_.at(credential).pool.waiting() > 0) later([this, credential] { pump(credential); });
    });
  }
}

void PushQueue::later(std::move_only_function<void()> act) {
  deadlines_.add(clock_.now(), std::move(act));
}

PushQueue::Open* PushQueue::find_open(PushRow row) {
  auto const found = rows_.find(row);
  return found == rows_.end() ? nullptr : found->second.get();
}

PushQueue::Open* PushQueue::find_open(TenantId const& tenant, PushId const& id) {
  auto const found = by_id_.find({tenant, id});
  return found == by_id_.end() ? nullptr : find_open(found->second);
}

void PushQueue::request(Notification notification, WaitUntil wait, Answer<View> answer) {
  Waiter waiter{.answer = std::move(answer), .until = wait};
  if (auto* open = find_open(notification.tenant, notification.request.id)) {
    if (open->record.notification.fingerprint == notification.fingerprint) return add_waiter(*open, std::move(waiter));
    return later([a = std::move(waiter.answer)]() mutable { a(std::unexpected(PushRefusal::key_reused)); });
  }
  auto const credential = admit(notification);
  if (!credential) {
    // It may have come before and ended: then its outcome is its answer, whatever would be said of a new one.
    std::vector<Waiter> waiters;
    waiters.push_back(std::move(waiter));
    return answer_from_disk(notification, std::move(waiters), credential.error());
  }
  open_row(std::move(notification), *credential, std::move(waiter));
}

// B-TABLE-2: the last tenth is for calls.
Result<void, PushRefusal> PushQueue::check_limits(Notification const& notification) const {
  bool const is_call = lane_of(notification.request.push_class) == Lane::calls;
  auto const share = [is_call](std::size_t most) { return is_call ? most : most - most / 10; };
  if (waiting_ >= share(limits_.waiting)) return std::unexpected(PushRefusal::overloaded);
  if (auto const mine = waiting_of_tenant_.find(notification.tenant);
      mine != waiting_of_tenant_.end() && mine->second >= share(limits_.waiting_of_tenant))
    return std::unexpected(PushRefusal::too_many);
  return {};
}

Result<std::size_t, PushRefusal> PushQueue::admit(Notification& notification) const {
  if (auto within = check_limits(notification); !within) return std::unexpected(within.error());
  if (!notification.device.empty()) {
    auto const channel = aim_at_device(notification);
    if (!channel) return std::unexpected(channel.error());
    if (!is_usable(*channel, clock_.now())) return std::unexpected(PushRefusal::token_dead);
  }
  auto const credential = credential_for(notification);
  if (credential == credentials_.size()) return std::unexpected(PushRefusal::no_credential);
  if (auto const why = credentials_.at(credential).settings.sender->unfit(notification.request))
    return std::unexpected(*why);
  return credential;
}

// Their number where there is none.
std::size_t PushQueue::credential_for(Notification const& notification) const {
  auto const found = std::ranges::find_if(credentials_, [&](Credential const& credential) {
    return is_for(credential.settings, notification.tenant, notification.request.target);
  });
  return static_cast<std::size_t>(found - credentials_.begin());
}

// The account, too: who comes to that device later is someone else.
Result<Channel, PushRefusal> PushQueue::aim_at_device(Notification& notification) const {
  auto& request = notification.request;
  auto const found = devices_.find(notification.tenant, request.account, notification.device);
  if (!found) return std::unexpected(found.error());
  auto const& device = found->device;
  if (!uses(device, request.push_class)) return std::unexpected(PushRefusal::service_not_used);
  if (request.channel == ChannelName::voip && request.push_class != PushClass::call && has_voip_for_calls_only(device))
    return std::unexpected(PushRefusal::voip_is_for_calls);
  auto const& channel = channel_of(device, request.channel);
  if (channel.token.empty()) return std::unexpected(PushRefusal::no_token);
  request.target = decide::push_target_of(device, request.channel);
  request.account = found->account;
  request.instance = notification.device;
  return channel;
}

PushQueue::TrackingKey PushQueue::tracking_key(Open const& open) {
  auto const& notification = open.record.notification;
  return {notification.tenant, notification.request.tracking, notification.request.instance, open.row};
}

void PushQueue::open_row(Notification notification, std::size_t credential, Waiter waiter) {
  auto open = std::make_unique<Open>();
  auto& request = notification.request;
  open->row = ++newest_row_;
  open->credential = credential;
  open->record.accepted_at = clock_.now();
  open->record.life = {.push_class = request.push_class,
                       .expires_at = request.expires_at,
                       .spread = static_cast<std::uint8_t>(random_.number())};
  open->record.notification = std::move(notification);
  open->waiters.push_back(std::move(waiter));
  auto& kept = *open;
  auto const& asked = kept.record.notification;
  by_id_[{asked.tenant, asked.request.id}] = kept.row;
  if (!asked.request.tracking.empty()) by_tracking_.insert(tracking_key(kept));
  rows_[kept.row] = std::move(open);
  count(kept);
  note(kept, Milestone::accepted);
  store_first(kept);
}

// With room at the provider, the acceptance and the mark `sending` are one record.
void PushQueue::store_first(Open& kept) {
  auto const& asked = kept.record.notification;
  auto const lane = lane_of(asked.request.push_class);
  bool const is_late = asked.request.expires_at <= clock_.now();
  if (!is_late && pool_of(kept.credential).take_room(lane)) {
    kept.has_room = true;
    kept.record.life.state = PushState::sending;
    note(kept, Milestone::sending);
  }
  kept.marked = mark_of(kept.record.life);
  auto const update = update_of(kept);
  store_.commit({store::AcceptPush{{.row = kept.row,
                                    .tenant = asked.tenant.value,
                                    .id = asked.request.id.value,
                                    .keep_until = update.keep_until,
                                    .record = update.record}}},
                lane == Lane::calls ? store::Urgency::at_once : store::Urgency::soon,
                [this, row = kept.row](Result<void> done) { on_stored(row, std::move(done)); });
  if (++accepted_since_sweep_ >= sweep_after_accepted) sweep();
}

void PushQueue::on_stored(PushRow row, Result<void> done) {
  auto* open = find_open(row);
  if (!open) return;
  if (!done && done.error().code == ErrorCode::conflict) return answer_as_kept(*open);
  if (!done) {
    spdlog::debug("push: a notification could not be stored: {}", done.error().ours);
    return refuse_open(*open, refusal_of(done.error()));
  }
  open->is_stored = true;
  begin_trace(*open);
  note(*open, Milestone::stored);
  open->expiry = deadlines_.add(open->record.life.expires_at, [this, row] { on_deadline(row); });
  if (!open->heard_early.empty()) return hear_early(*open);
  answer_waiters(*open);
  if (open->has_room) return send(*open);
  hear(*open, decide::push_event::Ready{});
}

// Taken back or acknowledged while the disk was at it: nothing has left.
void PushQueue::hear_early(Open& open) {
  auto const row = open.row;
  give_room_back(open);
  open.record.life.state = PushState::accepted;
  for (auto const& event : std::exchange(open.heard_early, {}))
    if (auto* still = find_open(row)) hear(*still, event);
  if (auto* still = find_open(row)) answer_waiters(*still);
  if (auto* still = find_open(row); still && !is_end(still->record.life.state))
    hear(*still, decide::push_event::Ready{});
}

// The same id came before and has ended.
void PushQueue::answer_as_kept(Open& open) {
  auto waiters = std::exchange(open.waiters, {});
  auto const asked = open.record.notification;
  forget(open);
  answer_from_disk(asked, std::move(waiters), PushRefusal::storage);
}

// What has ended is on disk only. The same body is told what became of it; an id that is not there is refused.
void PushQueue::answer_from_disk(Notification const& asked, std::vector<Waiter> waiters, PushRefusal if_unknown) {
  store_.fetch_push(asked.tenant.value, asked.request.id.value,
                    [waiters = std::move(waiters), fingerprint = asked.fingerprint,
                     if_unknown](Result<std::optional<store::StoredPush>> found) mutable {
                      Result<View, PushRefusal> answer = std::unexpected(PushRefusal::storage);
                      if (found && !*found) answer = std::unexpected(if_unknown);
                      if (found && *found)
                        if (auto const record = unpack_push_record((*found)->record)) {
                          if (record->notification.fingerprint == fingerprint)
                            answer = view_of(*record);
                          else
                            answer = std::unexpected(PushRefusal::key_reused);
                        }
                      for (auto& waiter : waiters) waiter.answer(answer);
                    });
}

void PushQueue::refuse_open(Open& open, PushRefusal refusal) {
  auto waiters = std::exchange(open.waiters, {});
  forget(open);
  for (auto& waiter : waiters) {
    deadlines_.drop(waiter.deadline);
    waiter.answer(std::unexpected(refusal));
  }
}

// Each is judged by itself: however many wait for one notification, another one costs no more than the first.
void PushQueue::add_waiter(Open& open, Waiter waiter) {
  if (open.is_stored && answer_if_due(open, waiter)) return;
  if (open.waiters.size() < most_waiters) return open.waiters.push_back(std::move(waiter));
  deadlines_.drop(waiter.deadline);
  if (waiter.wants_it_kept || !open.is_stored) return answer_later(waiter, std::unexpected(PushRefusal::overloaded));
  answer_later(waiter, view_of(open.record));
}

void PushQueue::answer_later(Waiter& waiter, Result<View, PushRefusal> said) {
  later([answer = std::move(waiter.answer), said = std::move(said)]() mutable { answer(std::move(said)); });
}

// What was said of it is on disk.
bool PushQueue::is_kept(Open const& open) {
  auto const& life = open.record.life;
  return open.is_stored && open.marked.withdrawn == life.withdrawn && open.marked.shown_early == life.shown_early &&
         (!has_final_word(open.record) || open.marked.state == life.state);
}

// Answers one that waits no longer, or arms its patience.
bool PushQueue::answer_if_due(Open& open, Waiter& waiter) {
  bool const has_word = has_final_word(open.record) && open.marked.state == open.record.life.state;
  bool const is_answered = waiter.wants_it_kept ? is_kept(open) : has_word;
  if (!is_answered && waiter.until && *waiter.until > clock_.now()) {
    if (waiter.deadline == DeadlineId{})
      waiter.deadline = deadlines_.add(*waiter.until, [this, row = open.row] {
        if (auto* still = find_open(row)) answer_waiters(*still);
      });
    return false;
  }
  deadlines_.drop(waiter.deadline);
  Result<View, PushRefusal> said = view_of(open.record);
  if (waiter.wants_it_kept && !is_answered) said = std::unexpected(PushRefusal::storage);
  answer_later(waiter, std::move(said));
  return true;
}

void PushQueue::answer_waiters(Open& open) {
  for (auto& waiter : std::exchange(open.waiters, {}))
    if (!answer_if_due(open, waiter)) open.waiters.push_back(std::move(waiter));
}

void PushQueue::find(TenantId const& tenant, PushId const& id, WaitUntil wait, Answer<View> answer) {
  if (auto* open = find_open(tenant, id)) return add_waiter(*open, {.answer = std::move(answer), .until = wait});
  find_kept(tenant, id, std::move(answer));
}

void PushQueue::find_kept(TenantId const& tenant, PushId const& id, Answer<View> answer) {
  store_.fetch_push(tenant.value, id.value,
                    [answer = std::move(answer)](Result<std::optional<store::StoredPush>> found) mutable {
                      if (!found) return answer(std::unexpected(refusal_of(found.error())));
                      if (!*found) return answer(std::unexpected(PushRefusal::not_found));
                      auto const record = unpack_push_record((*found)->record);
                      if (!record) return answer(std::unexpected(PushRefusal::storage));
                      answer(view_of(*record));
                    });
}

void PushQueue::hear_then_answer(Open& open, decide::PushEvent event, Answer<View> answer) {
  auto const row = open.row;
  if (open.is_stored)
    hear(open, event);
  else
    open.heard_early.push_back(std::move(event));
  // What it leads to is told once it is on disk; where it leads to nothing, at once.
  if (auto* still = find_open(row))
    add_waiter(*still, {.answer = std::move(answer), .until = clock_.now() + 5s, .wants_it_kept = true});
}

void PushQueue::hear_receipt(Open& open, Answer<View> answer) {
  auto const& notification = open.record.notification;
  devices_.saw(notification.tenant, notification.request.account, notification.device);
  hear_then_answer(open, decide::push_event::Acknowledged{}, std::move(answer));
}

void PushQueue::take_back(TenantId const& tenant, PushId const& id, Answer<View> answer) {
  auto* open = find_open(tenant, id);
  if (!open) return find_kept(tenant, id, std::move(answer));
  hear_then_answer(*open, decide::push_event::TakenBack{}, std::move(answer));
}

void PushQueue::acknowledge(TenantId const& tenant, ClientReceipt const& receipt, Answer<View> answer) {
  if (!receipt.id.empty()) {
    auto* open = find_open(tenant, receipt.id);
    if (!open) return find_kept(tenant, receipt.id, std::move(answer));
    return hear_receipt(*open, std::move(answer));
  }
  std::vector<PushRow> rows;
  TrackingKey const first{tenant, receipt.tracking, receipt.instance, 0};
  for (auto at = by_tracking_.lower_bound(first); at != by_tracking_.end() && is_meant(*at, tenant, receipt); ++at)
    rows.push_back(std::get<PushRow>(*at));
  for (auto const row : rows) {
    auto* open = find_open(row);
    auto this_answer = std::exchange(answer, {});
    hear_receipt(*open, this_answer ? std::move(this_answer) : Answer<View>([](auto const&) {}));
  }
  if (!answer) return;
  if (auto const ended = ended_.lower_bound(first); ended != ended_.end() && is_meant(ended->first, tenant, receipt))
    return find_kept(tenant, ended->second, std::move(answer));
  later([answer = std::move(answer)]() mutable { answer(std::unexpected(PushRefusal::not_found)); });
}

bool PushQueue::is_meant(TrackingKey const& key, TenantId const& tenant, ClientReceipt const& receipt) {
  auto const& [of, tracking, instance, row] = key;
  return of == tenant && tracking == receipt.tracking && (receipt.instance.empty() || instance == receipt.instance);
}

// A receipt that is said again, for want of an answer, finds what it was for.
void PushQueue::remember_ended(Open const& open) {
  auto const& request = open.record.notification.request;
  if (request.tracking.empty()) return;
  ended_in_order_.push_back(ended_.insert_or_assign(tracking_key(open), request.id).first);
  if (ended_.size() <= limits_.ended_in_memory) return;
  ended_.erase(ended_in_order_.front());
  ended_in_order_.pop_front();
}

void PushQueue::put_device(TenantId const& tenant, AccountId const& account, InstanceId const& instance,
                           DeviceUpdate update, Answer<OwnedDevice> answer) {
  devices_.put(tenant, account, instance, std::move(update), std::move(answer));
}

void PushQueue::set_device_mode(TenantId const& tenant, AccountId const& account, InstanceId const& instance, Mode mode,
                                Answer<OwnedDevice> answer) {
  devices_.set_mode(tenant, account, instance, mode, std::move(answer));
}

void PushQueue::remove_device(TenantId const& tenant, AccountId const& account, InstanceId const& instance,
                              Answer<void> answer) {
  devices_.remove(tenant, account, instance, std::move(answer));
}

bool PushQueue::has_credential(TenantId const& tenant, Provider provider, Environment environment) const {
  return std::ranges::any_of(credentials_, [&](Credential const& credential) {
    return serves_with(credential.settings, tenant, provider, environment);
  });
}

bool PushQueue::serves(TenantId const& tenant, Provider provider, Environment environment) const {
  return std::ranges::any_of(credentials_, [&](Credential const& credential) {
    return credential.trust != Trust::none && serves_with(credential.settings, tenant, provider, environment);
  });
}

std::vector<PushAlarm> PushQueue::alarms() const {
  std::vector<PushAlarm> all;
  for (auto const& credential : credentials_)
    for (auto const& [kind, alarm] : credential.alarms)
      if (stands(credential, alarm)) all.push_back(alarm);
  return all;
}

std::size_t PushQueue::in_line() const {
  std::size_t all = 0;
  for (auto const& credential : credentials_) all += credential.pool.waiting();
  return all;
}

std::string PushQueue::trouble() const {
  for (auto const& credential : credentials_)
    if (auto why = credential.settings.sender->trouble(); !why.empty()) return credential.settings.name + ": " + why;
  return {};
}

}  // namespace reveille::dispatch
