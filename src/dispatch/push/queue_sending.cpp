// The queue's living side: from a row on disk to the provider, and what comes of it.
#include "dispatch/push/queue.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace reveille::dispatch {

using namespace model;
using decide::Then;

namespace {

constexpr std::size_t most_milestones = 48;
constexpr Duration store_again_after = 1s;
constexpr Duration refused_credential_rests = 30s;
constexpr Duration one_answer_stands = 1h;
// A connection that was there a moment ago: longer than that, its request is better off in the queue.
constexpr Duration look_for_a_connection = 1s;
constexpr std::size_t gone_rows_in_line = 1000;
constexpr std::string_view device_is_gone = "the device has signed out of it, or has no token that can be pushed to";
// Longer than a call waits between two tries: these make no further commit.
constexpr Duration unmark_before_a_wait_of = 1500ms;

std::string_view text_of(decide::Alarm alarm) {
  using enum decide::Alarm;
  switch (alarm) {
    case none: return "";
    case credential_refused:
      return "The provider does not accept the key: check team, key id, key file and environment.";
    case credential_fault:
      return "More than 5 % of the tokens fail: check that the key and the environment belong to the app; no token is "
             "dropped.";
    case app_not_set_up: return "The provider refuses the topic: check the app's bundle id.";
    case clock_wrong: return "The provider calls a token too old that was made just now: check this machine's clock.";
    case forbidden:
      return "The provider does not allow a notification: check what the key may do for this app and its devices.";
    case own_mistake: return "The provider calls a request malformed: please report it.";
  }
  std::unreachable();
}

Milestone milestone_of(PushState state) {
  using enum PushState;
  switch (state) {
    case accepted: return Milestone::accepted;
    case sending: return Milestone::sending;
    case accepted_by_provider: return Milestone::accepted_by_provider;
    case acknowledged: return Milestone::acknowledged;
    case unconfirmed: return Milestone::unconfirmed;
    case expired: return Milestone::expired;
    case refused: return Milestone::refused;
    case unknown: return Milestone::unknown;
    case taken_back: return Milestone::taken_back;
  }
  std::unreachable();
}

std::string detail_of(PushReceipt const& receipt) {
  if (receipt.provider_status == 0) return receipt.reason;
  return std::to_string(receipt.provider_status) + (receipt.reason.empty() ? "" : " " + receipt.reason);
}

// The provider looks at a token only for whom it knows. What we say ourselves has no status.
bool shows_that_the_key_is_taken(ProviderAnswer const& answer) {
  using enum ProviderVerdict;
  if (answer.verdict == accepted) return true;
  bool const is_of_the_token =
      answer.verdict == token_gone || answer.verdict == token_wrong || answer.verdict == device_throttled;
  return is_of_the_token && answer.status != 0;
}

// Whose tenant tells of no call or message that it belongs to is followed by itself.
TrackingId traced_as(PushRequest const& request) {
  return request.tracking.empty() ? TrackingId{request.id.value} : request.tracking;
}

}  // namespace

// Once it is stored, and with what came before: a known key that comes again is no new notification.
void PushQueue::begin_trace(Open const& open) {
  auto const& request = open.record.notification.request;
  traces_.begin({.tracking = traced_as(request),
                 .kind = TraceKind::push,
                 .to = request.account.value,
                 .push_id = request.id.value,
                 .began = open.record.accepted_at});
  for (auto const& milestone : open.record.milestones) trace(open, milestone);
}

void PushQueue::trace(Open const& open, PushMilestone const& milestone) {
  auto const& request = open.record.notification.request;
  traces_.step({.tracking = traced_as(request),
                .kind = TraceKind::push,
                .milestone = milestone.name,
                .at = milestone.at,
                .device = request.instance,
                .why = milestone.why,
                .detail = milestone.detail,
                .push_id = request.id.value});
}

void PushQueue::note(Open& open, Milestone name, Why why, std::string detail) {
  auto& milestones = open.record.milestones;
  // Many tries: the last of them stay.
  if (milestones.size() >= most_milestones) milestones.erase(milestones.begin() + most_milestones / 2);
  milestones.push_back({.name = name, .at = clock_.now(), .why = why, .detail = std::move(detail)});
  if (open.is_stored) trace(open, milestones.back());
}

void PushQueue::hear(Open& open, decide::PushEvent const& event) {
  auto const step = decide::on(open.record.life, event, clock_.now());
  count(open);
  perform(open, step);
}

void PushQueue::count(Open& open) {
  auto const state = open.record.life.state;
  count_as(open, is_end(state)                              ? Tally::none
                 : state == PushState::accepted_by_provider ? Tally::resting
                                                            : Tally::waiting);
}

void PushQueue::count_as(Open& open, Tally tally) {
  auto const before = std::exchange(open.counted_as, tally);
  if (before == tally) return;
  auto const& notification = open.record.notification;
  std::pair const place{lane_of(notification.request.push_class) == Lane::calls, open.row};
  if (before == Tally::resting) resting_.erase(place);
  if (tally == Tally::resting) resting_.insert(place);
  if (before == Tally::waiting) {
    --waiting_;
    if (auto const mine = waiting_of_tenant_.find(notification.tenant); --mine->second == 0)
      waiting_of_tenant_.erase(mine);
  }
  if (tally != Tally::waiting) return;
  ++waiting_;
  ++waiting_of_tenant_[notification.tenant];
}

// Its deadline is brought forward: the provider has it, and memory has an end.
void PushQueue::end_oldest_resting() {
  while (resting_.size() > limits_.resting)
    hear(*find_open(resting_.begin()->second), decide::push_event::DeadlinePassed{});
}

void PushQueue::perform(Open& open, decide::PushStep const& step) {
  if (step.alarm != decide::Alarm::none) raise(open.credential, step.alarm, detail_of(open.record.life.receipt));
  auto const row = open.row;
  switch (step.then) {
    case Then::nothing: return;
    case Then::send:
      if (open.record.life.not_before <= clock_.now()) return wait_for_room(open);
      if (open.record.life.not_before > clock_.now() + unmark_before_a_wait_of) unmark(open);
      open.retry = deadlines_.add(open.record.life.not_before, [this, row] {
        if (auto* due = find_open(row)) wait_for_room(*due);
      });
      return;
    case Then::wait: return unmark(open);
    case Then::remember: return record(row, urgency_of(open));
    case Then::tell:
      note(open, milestone_of(open.record.life.state), step.why, detail_of(open.record.life.receipt));
      // What the provider has need not be kept in memory until its deadline, which for a message is far.
      if (open.record.life.state == PushState::accepted_by_provider)
        open.record.notification.request.payload = open.record.notification.request.alert_body = {};
      return record(row);
  }
}

bool PushQueue::wants_to_be_sent(Open const& open) const {
  auto const& life = open.record.life;
  bool const is_waiting = life.state == PushState::accepted || life.state == PushState::sending;
  return is_waiting && life.under_way == decide::UnderWay::no && !open.has_room;
}

void PushQueue::wait_for_room(Open& open) {
  if (!wants_to_be_sent(open)) return;
  auto const& notification = open.record.notification;
  auto& pool = credentials_.at(open.credential).pool;
  pool.wait(lane_of(notification.request.push_class), notification.tenant, open.row);
  pump(open.credential);
  if (!open.has_room) unmark(open);
  if (pool.waiting() <= 2 * waiting_ + gone_rows_in_line) return;
  pool.clear_out([this](PushRow row) {
    auto const* waits = find_open(row);
    return waits && wants_to_be_sent(*waits);
  });
}

// The provider's connections come and go, and so does its trust in the key.
PushPool& PushQueue::pool_of(std::size_t credential) {
  auto& known = credentials_.at(credential);
  auto room = room_for(std::min(known.settings.most_under_way, known.settings.sender->room()));
  if (known.trust == Trust::none) room.others = 0;
  if (known.trust == Trust::trial) room.others = std::min<std::size_t>(room.others, 1);
  known.pool.set_room(room);
  return known.pool;
}

void PushQueue::pump(std::size_t credential) {
  if (is_stopping_) return;
  auto& pool = pool_of(credential);
  while (auto const row = pool.next()) {
    auto* open = find_open(*row);
    if (!open || !wants_to_be_sent(*open)) {
      pool.release();
      continue;
    }
    open->has_room = true;
    mark_then_send(*open);
  }
}

void PushQueue::give_room_back(Open& open) {
  if (!std::exchange(open.has_room, false)) return;
  credentials_.at(open.credential).pool.release();
  later([this, credential = open.credential] { pump(credential); });
}

// B-CALL-4: marked `sending` on disk before its first byte leaves; and again before it is sent once more.
void PushQueue::mark_then_send(Open& open) {
  auto const row = open.row;
  open.record.life.state = PushState::sending;
  auto const mark = mark_of(open.record.life);
  if (open.marked == mark) return send(open);
  note(open, Milestone::sending);
  store_.commit({update_of(open)}, urgency_of(open), [this, row, mark](Result<void> done) {
    auto* still = find_open(row);
    if (!still) return;
    if (done) {
      still->marked = mark;
      return send(*still);
    }
    spdlog::error("push: a notification waits for the disk: {}", done.error().ours);
    give_room_back(*still);
    deadlines_.add(clock_.now() + store_again_after, [this, row] {
      if (auto* again = find_open(row)) wait_for_room(*again);
    });
  });
}

// Its mark is on disk, and nothing of it leaves any more.
void PushQueue::leave_for_next_start(Open& open) {
  give_room_back(open);
  if (is_end(open.record.life.state)) return;
  open.record.life.state = PushState::accepted;
  open.marked.state = PushState::sending;
  unmark(open);
}

// B-SIGN-2, B-SIGN-3: while it waited, the device may have signed out, lost its token to someone else, or got another
// one. Where there is nobody left to send it to, it is taken back: nobody refused it. A token that was called dead or
// wrong meanwhile is left to the provider. False: it does not go now.
bool PushQueue::aim_again(Open& open) {
  auto& notification = open.record.notification;
  auto& life = open.record.life;
  auto const credential = aim_at_device(notification) ? credential_for(notification) : credentials_.size();
  if (credential == open.credential) return true;
  give_room_back(open);
  if (credential < credentials_.size()) {
    open.credential = credential;
    life.state = PushState::accepted;
    wait_for_room(open);
    return false;
  }
  life.receipt.reason = device_is_gone;
  hear(open, decide::push_event::TakenBack{});
  return false;
}

void PushQueue::send(Open& open) {
  if (is_stopping_) return leave_for_next_start(open);
  auto const now = clock_.now();
  // Taken back, acknowledged or too late while the disk was at it.
  if (open.record.life.state != PushState::sending || open.record.life.expires_at <= now) {
    give_room_back(open);
    if (!is_end(open.record.life.state)) hear(open, decide::push_event::DeadlinePassed{});
    return;
  }
  if (!open.record.notification.device.empty() && !aim_again(open)) return;
  hear(open, decide::push_event::Sent{});
  note(open, Milestone::sent);
  auto const& request = open.record.notification.request;
  credentials_.at(open.credential)
      .settings.sender->send(request, std::min(request.expires_at, now + look_for_a_connection),
                             [this, row = open.row, credential = open.credential](ProviderAnswer answer) {
                               on_answer(row, credential, std::move(answer));
                             });
}

void PushQueue::on_deadline(PushRow row) {
  auto* open = find_open(row);
  if (!open) return;
  auto& life = open->record.life;
  // It waited for a connection: why there was none.
  if (life.state == PushState::accepted && life.receipt.reason.empty() && open->credential < credentials_.size())
    life.receipt.reason = credentials_.at(open->credential).settings.sender->trouble();
  hear(*open, decide::push_event::DeadlinePassed{});
}

void PushQueue::on_answer(PushRow row, std::size_t credential, ProviderAnswer answer) {
  auto* open = find_open(row);
  if (open) {
    give_room_back(*open);
  } else {
    // It ended meanwhile (acknowledged): only its room is still taken.
    credentials_.at(credential).pool.release();
    later([this, credential] { pump(credential); });
  }
  learn_of_credential(credential, answer);
  if (!open) return;
  auto const token = std::hash<std::string>{}(open->record.notification.request.target.token);
  auto const verdict = credentials_.at(credential).health.on(answer.verdict, token, clock_.now());
  if (verdict.raised == decide::CredentialHealth::Raised::now) {
    raise(credential, verdict.fault, answer.reason);
    lift_quarantines(credential);
  }
  hear(*open, decide::push_event::Answered{.answer = std::move(answer), .known_fault = verdict.fault});
  open = find_open(row);
  if (!open) return;
  auto const& life = open->record.life;
  auto const& notification = open->record.notification;
  if (life.state == PushState::refused)
    devices_.on_verdict(notification.tenant, notification.request.target.token, life.receipt);
  if (life.state == PushState::refused && life.receipt.token == TokenVerdict::quarantined)
    remember_quarantine(credential, notification, life.receipt.at);
  if (!is_end(life.state) && life.expires_at <= clock_.now()) hear(*open, decide::push_event::DeadlinePassed{});
}

void PushQueue::remember_quarantine(std::size_t credential, Notification const& notification, Instant given) {
  auto& quarantines = credentials_.at(credential).quarantines;
  while (!quarantines.empty() && quarantines.front().given + decide::CredentialHealth::window < given)
    quarantines.pop_front();
  quarantines.push_back({.tenant = notification.tenant, .token = notification.request.target.token, .given = given});
}

// B-SIGN-3: it was the credential all along, so the tokens that were blamed before that showed are not to blame either.
// Of devices that are registered here; a server that asks with tokens of its own learns it by its next refusal.
void PushQueue::lift_quarantines(std::size_t credential) {
  for (auto const& one : std::exchange(credentials_.at(credential).quarantines, {}))
    devices_.lift_quarantine(one.tenant, one.token, one.given);
}

void PushQueue::learn_of_credential(std::size_t credential, ProviderAnswer const& answer) {
  using enum ProviderVerdict;
  auto& known = credentials_.at(credential);
  if (answer.verdict == credential_refused) {
    known.trust = Trust::none;
    deadlines_.drop(known.trial);
    known.trial = deadlines_.add(clock_.now() + refused_credential_rests, [this, credential] {
      credentials_.at(credential).trust = Trust::trial;
      pump(credential);
    });
  }
  if (answer.verdict == accepted) known.alarms.erase(decide::Alarm::app_not_set_up);
  if (!shows_that_the_key_is_taken(answer)) return;
  known.trust = Trust::full;
  deadlines_.drop(known.trial);
  known.alarms.erase(decide::Alarm::credential_refused);
  known.alarms.erase(decide::Alarm::clock_wrong);
}

// Those that a good answer does not end, end with time.
bool PushQueue::stands(Credential const& credential, PushAlarm const& alarm) const {
  switch (alarm.alarm) {
    using enum decide::Alarm;
    case credential_fault: return credential.health.is_faulty(clock_.now());
    case forbidden:
    case own_mistake: return clock_.now() - alarm.last < one_answer_stands;
    case none:
    case credential_refused:
    case app_not_set_up:
    case clock_wrong: return true;
  }
  std::unreachable();
}

void PushQueue::raise(std::size_t credential, decide::Alarm alarm, std::string const& detail) {
  auto& known = credentials_.at(credential);
  PushAlarm const raised{.credential = known.settings.name,
                         .alarm = alarm,
                         .advice = std::string(text_of(alarm)),
                         .detail = detail,
                         .since = clock_.now(),
                         .last = clock_.now()};
  if (auto const found = known.alarms.find(alarm); found != known.alarms.end() && stands(known, found->second)) {
    found->second.last = clock_.now();
    // A fault is raised once each time that it begins; the others, with each answer.
    if (alarm != decide::Alarm::credential_fault) return;
  }
  known.alarms.insert_or_assign(alarm, raised);
  spdlog::error("push: alarm for {}: {} ({})", known.settings.name, text_of(alarm), detail);
}

store::UpdatePush PushQueue::update_of(Open const& open) const {
  return {.row = open.row,
          .life = is_end(open.record.life.state) ? store::PushLife::ended : store::PushLife::open,
          .keep_until = clock_.now() + limits_.keep_ended,
          .record = pack(open.record)};
}

// B-CALL-4: what provably did not leave waits as `accepted` on disk, or each start would count an unknown fate.
void PushQueue::unmark(Open& open) {
  auto const& life = open.record.life;
  if (life.state != PushState::accepted || open.marked.state != PushState::sending) return;
  open.marked.state = PushState::accepted;
  open.marked.unknown_fates = life.unknown_fates;
  // Writes keep their order, so this one cannot undo a later mark. Where it fails, a start is too careful, no more.
  store_.commit({update_of(open)}, store::Urgency::lazily, [](Result<void>) {});
}

store::Urgency PushQueue::urgency_of(Open const& open) {
  bool const is_call = lane_of(open.record.notification.request.push_class) == Lane::calls;
  return is_call ? store::Urgency::at_once : store::Urgency::soon;
}

PushQueue::Marked PushQueue::mark_of(decide::PushLife const& life) {
  return {.state = life.state,
          .unknown_fates = life.unknown_fates,
          .withdrawn = life.withdrawn,
          .shown_early = life.shown_early};
}

void PushQueue::record(PushRow row, store::Urgency urgency) {
  auto* open = find_open(row);
  if (!open) return;
  auto const& life = open->record.life;
  // From now on the mark `sending` is not to be counted on.
  if (life.state == PushState::accepted) open->marked.state = PushState::accepted;
  store_.commit({update_of(*open)}, urgency, [this, row, recorded = mark_of(life)](Result<void> done) {
    on_recorded(row, recorded, std::move(done));
  });
}

void PushQueue::on_recorded(PushRow row, Marked recorded, Result<void> done) {
  auto* open = find_open(row);
  if (!open) return;
  if (!done) {
    spdlog::error("push: an outcome waits for the disk: {}", done.error().ours);
    deadlines_.add(clock_.now() + store_again_after, [this, row] { record(row); });
    return;
  }
  open->marked.withdrawn = recorded.withdrawn;
  open->marked.shown_early = recorded.shown_early;
  bool const is_word = is_end(recorded.state) || recorded.state == PushState::accepted_by_provider;
  if (is_word) open->marked.state = recorded.state;
  answer_waiters(*open);
  if (is_end(recorded.state)) {
    remember_ended(*open);
    return forget(*open);
  }
  if (is_word) end_oldest_resting();
}

void PushQueue::forget(Open& open) {
  deadlines_.drop(open.expiry);
  deadlines_.drop(open.retry);
  auto const& notification = open.record.notification;
  by_id_.erase({notification.tenant, notification.request.id});
  by_tracking_.erase(tracking_key(open));
  count_as(open, Tally::none);
  // While its request is with the sender, the answer gives the room back.
  if (open.record.life.under_way == decide::UnderWay::no) give_room_back(open);
  rows_.erase(open.row);
}

}  // namespace reveille::dispatch
