// Messages: accounts where nobody is there: they are packed (a sleeping phone costs its row and nothing else), and
// their suspended sessions end when their time is over (B-SIGN-5).
#include "decide/presence/away.hpp"
#include "decide/xmpp/client_state.hpp"
#include "decide/xmpp/owed.hpp"
#include "dispatch/messages.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

constexpr auto settle_after = 10s;
// At once, and the pause before the next part: calls do not wait for it.
constexpr std::size_t part = 500;
constexpr auto pause_between_parts = 10ms;
// After a restart those who were there are back one by one, or shown as away one by one.
constexpr auto found_live_apart = 100us;

}  // namespace

ImRuntime& Messages::holder_of(Entry& entry) {
  if (!entry.messages) entry.messages = std::make_unique<ImRuntime>(shard_.suspended, entry);
  return static_cast<ImRuntime&>(*entry.messages);
}

ImState& Messages::runtime_of(Entry& entry) {
  auto& holder = holder_of(entry);
  if (auto* state = holder.state()) return *state;
  auto& state = holder.unpack(context_of(entry));
  settle_later(entry);
  return state;
}

// At the start. One that was live when the process ended is lost from now on.
void Messages::keep_session(Entry& entry, std::string_view packed) {
  auto head = decide::head_of_session(packed);
  if (head && head->lost_at) {
    holder_of(entry).keep_session(packed);
  } else {
    auto session = decide::unpack_session(packed);
    if (!session) return;
    if (!session->lost_at) {
      session->lost_at = started_at_;
      // It was lost before the clean stop that this start follows, maybe by a kill.
      if (started_at_ > untold_before_) decide::miss_everyone(*session);
      auto const grace_ends =
          shard_.now() + shard_.policy.wake.foreground_grace + ++found_live_ * Duration{found_live_apart};
      refresh_later(entry.account(), grace_ends);
      if (!session->instance.empty()) wake_later(entry.account(), session->resource, grace_ends);
    }
    head = {.lost_at = session->lost_at, .instance = session->instance};
    holder_of(entry).keep_session(decide::pack(*session));
  }
  auto const lasts =
      head->instance.empty() ? shard_.policy.wake.resumable_without_push : shard_.policy.wake.resumable_for;
  holder_of(entry).expiry.move_forward(*head->lost_at + lasts);
}

// Its connection may have been dead before the process was, or it was behind: what it did not acknowledge, and what the
// archive has beyond, it may not have seen (B-MODE-4).
void Messages::wake_later(model::AccountId const& account, std::string const& resource, Instant at) {
  shard_.deadlines.add(at, [this, account, resource] {
    auto* entry = shard_.directory.find(account);
    auto const* session = entry ? decide::find_session(runtime_of(*entry).im, resource) : nullptr;
    if (!session || session->is_live()) return;
    wake_for_unseen(*entry,
                    {.instance = session->instance, .seen = decide::seen_by(*session), .earliest = shard_.now()});
  });
}

void Messages::settle_later(Entry& entry) {
  auto* state = holder_of(entry).state();
  if (!state || std::exchange(state->will_settle, true)) return;
  if (unsettled_.empty()) shard_.deadlines.add(shard_.now() + settle_after, [this] { settle_some(); });
  unsettled_.push_back(entry.account());
}

// In the order in which they were touched, so that the last one has its rest too.
void Messages::settle_some() {
  auto const end = unsettled_.begin() + static_cast<std::ptrdiff_t>(std::min(part, unsettled_.size()));
  std::vector<model::AccountId> now(std::make_move_iterator(unsettled_.begin()), std::make_move_iterator(end));
  unsettled_.erase(unsettled_.begin(), end);
  for (auto& account : now)
    if (auto* entry = shard_.directory.find(account))
      if (!settle(*entry)) unsettled_.push_back(std::move(account));
  watch_expiries();
  if (unsettled_.empty()) return unsettled_.shrink_to_fit();
  bool const more = now.size() == part;
  shard_.deadlines.add(shard_.now() + (more ? Duration{pause_between_parts} : Duration{settle_after}),
                       [this] { settle_some(); });
}

// False: later.
bool Messages::settle(Entry& entry) {
  auto& holder = holder_of(entry);
  auto* state = holder.state();
  if (!state) return true;
  note_expiry(entry);
  auto const context = context_of(entry);
  // Someone will be shown as away in a moment.
  for (auto const& session : state->im.sessions)
    if (auto const at = decide::away_at(state->im, session, context); at && *at >= shard_.now()) return false;
  state->will_settle = false;
  // The end of its last stream brings it here again.
  if (state->is_live()) return true;
  holder.pack();
  if (holder.holds_nothing()) entry.messages.reset();
  return true;
}

Duration Messages::resumable_for(decide::ImAccount const& im, decide::ImSession const& session) const {
  auto const& wake = shard_.policy.wake;
  return decide::device_of(im, session) ? wake.resumable_for : wake.resumable_without_push;
}

void Messages::note_expiry(Entry& entry) {
  auto& im = runtime_of(entry).im;
  im.devices = entry.registrations().devices;
  std::optional<Instant> first;
  for (auto const& session : im.sessions) {
    if (session.is_live() || !session.lost_at) continue;
    auto const at = *session.lost_at + resumable_for(im, session);
    first = first ? std::min(*first, at) : at;
  }
  holder_of(entry).expiry.move(first);
}

void Messages::watch_expiries() {
  auto const next = shard_.suspended.next();
  if (next == (expiry_watch_.number == 0 ? std::nullopt : std::optional(expiry_watch_.at))) return;
  shard_.deadlines.drop(std::exchange(expiry_watch_, {}));
  if (next) expiry_watch_ = shard_.deadlines.add(*next, [this] { expire_some(); });
}

void Messages::expire_some() {
  expiry_watch_ = {};
  for (std::size_t i = 0; i < part; ++i) {
    auto* const entry = shard_.suspended.take_due(shard_.now());
    if (!entry) break;
    expire(*entry);
  }
  watch_expiries();
}

// The session is over, and its presence with it.
void Messages::expire(Entry& entry) {
  auto& im = runtime_of(entry).im;
  im.devices = entry.registrations().devices;
  std::vector<std::string> expired;
  for (auto const& session : im.sessions)
    if (!session.is_live() && session.lost_at && *session.lost_at + resumable_for(im, session) <= shard_.now())
      expired.push_back(session.resource);
  for (auto const& resource : expired) {
    Turn turn;
    drop_session(turn, entry, resource);
    run_routes(turn);
    finish(std::move(turn));
  }
  note_expiry(entry);
}

}  // namespace reveille::dispatch
