// Messages: sessions from binding to their end, through suspension and resumption (XEP-0198), and how they are shown.
#include "decide/presence/away.hpp"
#include "decide/xmpp/client_state.hpp"
#include "decide/xmpp/owed.hpp"
#include "decide/xmpp/presence.hpp"
#include "dispatch/messages.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace reveille::dispatch {
namespace {

using namespace xmpp;

constexpr std::size_t most_sessions = 16;

// Who makes room for another session: of those that are away, one without push before one that is woken, and of these
// the one that is away longest. Its client binds anew; its device is pushed as before.
std::optional<std::string> first_to_end(std::vector<decide::ImSession> const& sessions) {
  auto const rank = [](decide::ImSession const& one) {
    return std::tuple(one.is_live(), !one.instance.empty(), one.lost_at.value_or(Instant::max()));
  };
  auto const first = std::ranges::min_element(sessions, {}, rank);
  return first == sessions.end() || first->is_live() ? std::nullopt : std::optional(first->resource);
}

}  // namespace

void Messages::on_bind_requested(StreamHandle stream, model::AccountId const& account, std::string const& resource) {
  auto* entry = shard_.directory.find(account);
  if (!entry) return port_.refuse_bind(stream, StanzaError::not_authorized);
  Turn turn;
  auto& im = runtime_of(*entry).im;
  // RFC 6120 section 7.7.2.2: the newer one stays. It may be another device's.
  std::optional<Unseen> unseen;
  if (auto const* older = decide::find_session(im, resource); older && older->is_live() && !older->instance.empty())
    if (auto seen = may_have_missed(*entry, *older))
      unseen = {.instance = older->instance,
                .seen = std::move(*seen),
                .earliest = push_after_end(*entry, *older, StreamEnd::lost)};
  replace(turn, *entry, resource);
  if (im.sessions.size() >= most_sessions)
    if (auto const away = first_to_end(im.sessions)) drop_session(turn, *entry, *away);
  if (im.sessions.size() >= most_sessions) return port_.refuse_bind(stream, StanzaError::resource_constraint);
  im.sessions.push_back({.resource = resource, .stream = stream, .cursor = last_row_, .named_cursor = last_row_});
  streams_[stream] = {.account = account, .resource = resource};
  run_routes(turn);
  turn.acts.emplace_back([this, stream, resource] { port_.bound(stream, resource); });
  finish(std::move(turn));
  if (unseen) wake_for_unseen(*entry, std::move(*unseen));
}

void Messages::on_enable_requested(StreamHandle stream, Resumption resume) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return port_.fail_management(stream, {.condition = StanzaError::unexpected_request});
  Turn turn;
  session->received = 0;
  session->sent = {};
  session->is_managed = true;
  // Without resumption stanzas are counted and nothing is kept.
  if (resume == Resumption::yes) {
    session->resume_id = shard_.random.uuid();
    turn.dirty.emplace(entry->account().value, session->resource);
  }
  Enabled enabled{.id = session->resume_id, .resume = resume};
  // Shorter without push, and that is enabled later, if at all.
  if (resume == Resumption::yes)
    enabled.most = std::chrono::duration_cast<std::chrono::seconds>(resumable_for(runtime_of(*entry).im, *session));
  turn.acts.emplace_back([this, stream, enabled] {
    number_what_waits(stream);
    port_.enabled(stream, enabled);
  });
  finish(std::move(turn));
}

// What came before <enable/> and waits for room leaves behind <enabled/>: the client counts it (XEP-0198 section 4).
void Messages::number_what_waits(StreamHandle stream) {
  auto const* behind = behind_of(stream);
  if (!behind || behind->again.empty()) return;
  auto& session = *session_of(stream);
  SentQueue sent;
  for (auto const& one : behind->again) {
    sent.send(one.reference);
    bool const is_archived = one.reference >= decide::first_archive_reference;
    if (session.is_resumable() && !is_archived) session.kept.emplace(one.reference, one.text);
  }
  for (auto const reference : session.sent.waiting()) sent.send(reference);
  session.sent = std::move(sent);
  Turn turn;
  if (session.is_resumable()) turn.dirty.emplace(entry_of(stream)->account().value, session.resource);
  finish(std::move(turn));
}

void Messages::on_resume_requested(StreamHandle stream, model::AccountId const& account, std::string const& previous,
                                   std::uint32_t h) {
  auto* entry = shard_.directory.find(account);
  if (!entry) return port_.fail_management(stream, {.condition = StanzaError::item_not_found});
  auto& sessions = runtime_of(*entry).im.sessions;
  auto const found = std::ranges::find(sessions, previous, &decide::ImSession::resume_id);
  if (found == sessions.end() || previous.empty())
    return port_.fail_management(stream, {.condition = StanzaError::item_not_found});
  auto& session = *found;
  auto const done = session.sent.acknowledge(h);
  if (!done) return port_.close(stream, make_count_error(done.error()));
  for (auto const reference : *done) session.kept.erase(reference);
  if (session.is_live()) {
    // Section 5: the old connection, which may be dead without knowing, is told.
    streams_.erase(session.stream);
    port_.close(session.stream, make_stream_error(StreamError::conflict));
  }
  // Of those that went with a process that was killed, it has not been told.
  if (session.lost_at && *session.lost_at <= untold_before_) decide::miss_everyone(session);
  session.stream = stream;
  session.is_asking = false;
  session.lost_at.reset();
  session.client_state = ClientState::active;
  streams_[stream] = {.account = account, .resource = session.resource};
  // What had been sent and was not acknowledged, in its order and with its numbers.
  auto& behind = runtime_of(*entry).catching_up[session.resource];
  behind = {.is_resumption = true};
  for (auto const reference : session.sent.waiting()) behind.again.push_back({.reference = reference});
  Turn turn;
  turn.dirty.emplace(account.value, session.resource);
  for (auto const reference : *done)
    if (reference >= decide::first_archive_reference) trace(reference, model::Milestone::delivered, session.instance);
  ClientStream::Continuation const state{
      .resource = session.resource, .previous = previous, .received = session.received, .acknowledged = h};
  turn.acts.emplace_back([this, stream, state] {
    port_.resumed(stream, state);
    go_on(stream);
  });
  auto const instance = session.instance;
  finish(std::move(turn));
  if (!instance.empty()) {
    // Silence means foreground while a stream lives (interfaces, section 2).
    note_mode(*entry, {.instance = instance, .freshness = model::Freshness::refresh, .mode = model::Mode::foreground});
    note_reachable(*entry, instance);
    shard_.say(*entry, instance, DeviceChange::liveness);
  }
}

// Another stream takes the resource, or the device: the old session is over.
void Messages::replace(Turn& turn, Entry& entry, std::string const& resource) {
  auto* session = decide::find_session(runtime_of(entry).im, resource);
  if (!session) return;
  if (session->is_live()) {
    streams_.erase(session->stream);
    port_.close(session->stream, make_stream_error(StreamError::conflict));
  }
  drop_session(turn, entry, resource);
}

void Messages::drop_session(Turn& turn, Entry& entry, std::string const& resource) {
  auto& runtime = runtime_of(entry);
  auto* session = decide::find_session(runtime.im, resource);
  if (!session) return;
  give_back(turn, entry, *session);
  decide::ImEffects effects;
  decide::on_session_gone(runtime.im, *session, effects);
  if (session->is_resumable() || session->lost_at) turn.dirty.emplace(entry.account().value, resource);
  std::erase_if(runtime.im.sessions, [&](auto const& one) { return one.resource == resource; });
  runtime.catching_up.erase(resource);
  runtime.shown.erase(resource);
  shard_.recount(entry);
  take(turn, entry, std::move(effects));
}

void Messages::suspend(Entry& entry, decide::ImSession& session) {
  session.stream = {};
  session.lost_at = shard_.now();
  for (auto const& [from, presence] : std::exchange(session.held, {}))
    static_cast<void>(decide::miss_presence(session, presence));
  session.presence_is_stale = true;
  runtime_of(entry).catching_up.erase(session.resource);
  shard_.recount(entry);
}

void Messages::on_ended(StreamHandle stream, StreamEnd why) {
  end_stream(stream, why);
  note_clean_stop();
}

void Messages::end_stream(StreamHandle stream, StreamEnd why) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  streams_.erase(stream);
  if (!session) return;
  auto const instance = session->instance;
  auto const resource = session->resource;
  auto seen = instance.empty() ? std::nullopt : may_have_missed(*entry, *session);
  auto const earliest = push_after_end(*entry, *session, why);
  Turn turn;
  // Nothing is resumed after a clean end. Whatever else happens to a connection, its session can be; one that cannot
  // stays for what others are shown, where its device asked for that (B-MODE-5).
  bool const resumable = session->is_resumable() && why != StreamEnd::closed_by_peer;
  if (!resumable && !decide::is_shown_after(runtime_of(*entry).im, *session, why)) {
    drop_session(turn, *entry, resource);
  } else {
    if (!resumable) {
      give_back(turn, *entry, *session);
      decide::keep_presence_only(*session);
    }
    suspend(*entry, *session);
    // Not before what it missed is pushed: a kill between would end that.
    if (!seen) turn.dirty.emplace(entry->account().value, resource);
    // One that did not answer in time had its grace while it was waited for (B-MODE-4).
    if (why == StreamEnd::overdue) session->lost_at = shard_.now() - shard_.policy.wake.foreground_grace;
  }
  refresh_shown(turn, *entry);
  run_routes(turn);
  finish(std::move(turn));
  settle_later(*entry);
  if (auto const* kept = decide::find_session(runtime_of(*entry).im, resource))
    if (auto const at = decide::away_at(runtime_of(*entry).im, *kept, context_of(*entry)))
      refresh_later(entry->account(), *at);
  if (instance.empty()) return;
  if (seen) wake_for_unseen(*entry, {.instance = instance, .seen = std::move(*seen), .earliest = earliest});
  shard_.say(*entry, instance, DeviceChange::liveness);
}

// What it has seen, when there may be more.
std::optional<decide::Seen> Messages::may_have_missed(Entry& entry, decide::ImSession const& session) {
  auto seen = decide::seen_by(session);
  bool const is_behind = runtime_of(entry).catching_up.contains(session.resource) ||
                         decide::live_share_of(session) == decide::Share::named;
  return is_behind || !seen.unacknowledged.empty() ? std::optional(std::move(seen)) : std::nullopt;
}

// B-MODE-5: the grace of a dropped foreground connection.
Instant Messages::push_after_end(Entry& entry, decide::ImSession const& session, StreamEnd why) {
  if (why == StreamEnd::overdue) return shard_.now();
  auto const* device = decide::device_of(runtime_of(entry).im, session);
  bool const background =
      session.client_state == ClientState::inactive || (device && device->reported_mode == model::Mode::background);
  auto const& wake = shard_.policy.wake;
  return shard_.now() + (background ? wake.message_burst : wake.foreground_grace);
}

// B-MODE-5: others are told when how a session is shown has changed.
void Messages::refresh_shown(Turn& turn, Entry& entry) {
  auto& runtime = runtime_of(entry);
  runtime.im.devices = entry.registrations().devices;
  auto const context = context_of(entry);
  decide::ImEffects effects;
  for (auto const& session : runtime.im.sessions) {
    auto const now = decide::awakeness_of(runtime.im, session, context);
    auto& before = runtime.shown.try_emplace(session.resource, decide::Awakeness::awake).first->second;
    if (std::exchange(before, now) != now) decide::on_shown_differently(runtime.im, session, context, effects);
  }
  take(turn, entry, std::move(effects));
}

void Messages::refresh_later(model::AccountId const& account, Instant at) {
  shard_.deadlines.add(at, [this, account] {
    auto* entry = shard_.directory.find(account);
    if (!entry) return;
    Turn turn;
    refresh_shown(turn, *entry);
    run_routes(turn);
    finish(std::move(turn));
  });
}

}  // namespace reveille::dispatch
