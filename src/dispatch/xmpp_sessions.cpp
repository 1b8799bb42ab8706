// Messages: sessions from binding to their end, through suspension and resumption (XEP-0198), and how they are shown.
#include "decide/presence/away.hpp"
#include "decide/xmpp/presence.hpp"
#include "decide/xmpp/stored_stanza.hpp"
#include "dispatch/messages.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

using namespace xmpp;

constexpr std::size_t most_sessions = 16;
constexpr unsigned catch_up_page = 100;

}  // namespace

void Messages::on_bind_requested(StreamHandle stream, model::AccountId const& account, std::string const& resource) {
  auto* entry = shard_.directory.find(account);
  if (!entry) return port_.refuse_bind(stream, StanzaError::not_authorized);
  Turn turn;
  auto& im = runtime_of(*entry).im;
  // RFC 6120 section 7.7.2.2: the newer one stays.
  replace(turn, *entry, resource);
  if (im.sessions.size() >= most_sessions) return port_.refuse_bind(stream, StanzaError::resource_constraint);
  im.sessions.push_back({.resource = resource, .stream = stream, .cursor = last_row_});
  streams_[stream] = {.account = account, .resource = resource};
  run_routes(turn);
  turn.acts.emplace_back([this, stream, resource] { port_.bound(stream, resource); });
  finish(std::move(turn));
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
  if (resume == Resumption::yes)
    enabled.most = std::chrono::duration_cast<std::chrono::seconds>(shard_.policy.wake.resumable_for);
  turn.acts.emplace_back([this, stream, enabled] { port_.enabled(stream, enabled); });
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
  session.stream = stream;
  session.lost_at.reset();
  session.client_state = ClientState::active;
  streams_[stream] = {.account = account, .resource = session.resource};
  runtime_of(*entry).catching_up[session.resource] = {};
  Turn turn;
  turn.dirty.emplace(account.value, session.resource);
  for (auto const reference : *done)
    if (reference >= decide::first_archive_reference) trace(reference, model::Milestone::delivered, session.instance);
  ClientStream::Continuation const state{
      .resource = session.resource, .previous = previous, .received = session.received, .acknowledged = h};
  turn.acts.emplace_back([this, stream, state] { port_.resumed(stream, state); });
  auto const instance = session.instance;
  finish(std::move(turn));
  if (!instance.empty()) {
    // Silence means foreground while a stream lives (interfaces, section 2).
    note_mode(*entry, {.instance = instance, .freshness = model::Freshness::refresh, .mode = model::Mode::foreground});
    note_reachable(*entry, instance);
    shard_.say(*entry, instance, DeviceChange::liveness);
  }
  resend(stream);
}

// What had been sent and was not acknowledged, in its order and with its numbers.
void Messages::resend(StreamHandle stream) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return;
  std::vector<std::uint64_t> rows;
  for (auto const reference : session->sent.waiting())
    if (reference >= decide::first_archive_reference) rows.push_back(reference);
  shard_.store.fetch_archived(entry->account().value, std::move(rows),
                              [this, stream](Result<std::vector<store::ArchivedMessage>> found) {
                                if (!found)
                                  return port_.close(stream, make_stream_error(StreamError::internal_server_error));
                                resend_found(stream, *found);
                              });
}

void Messages::resend_found(StreamHandle stream, std::vector<store::ArchivedMessage> const& found) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return;
  Turn turn;
  std::vector<StanzaReference> again;
  for (auto const reference : session->sent.waiting()) {
    std::string text;
    if (auto const kept = session->kept.find(reference); kept != session->kept.end()) text = kept->second;
    auto const message = std::ranges::find(found, reference, &store::ArchivedMessage::row);
    if (message != found.end()) {
      text = decide::late_copy(message->stanza, entry->account().value, ids_.id_of(reference), message->at);
      trace(reference, model::Milestone::resumed, session->instance);
    }
    if (text.empty()) continue;
    again.push_back(reference);
    turn.acts.emplace_back([this, stream, text = std::move(text)] { port_.send(stream, text); });
  }
  // What the archive no longer has is not sent, so it is not counted either.
  session->sent = SentQueue{{.acknowledged = session->sent.acknowledged(), .waiting = std::move(again)}};
  finish(std::move(turn));
  catch_up(stream);
}

// Then what the archive has beyond.
void Messages::catch_up(StreamHandle stream) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return;
  runtime_of(*entry).catching_up[session->resource].missed = false;
  shard_.store.fetch_archive({.account = entry->account().value,
                              .direction = store::Direction::incoming,
                              .after = session->cursor,
                              .most = catch_up_page},
                             [this, stream](Result<store::ArchivePage> page) {
                               if (!page)
                                 return port_.close(stream, make_stream_error(StreamError::internal_server_error));
                               catch_up_found(stream, *page);
                             });
}

void Messages::catch_up_found(StreamHandle stream, store::ArchivePage const& page) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return;
  auto& behind = runtime_of(*entry).catching_up;
  auto state = std::move(behind[session->resource]);
  behind.erase(session->resource);
  Turn turn;
  auto const address = runtime_of(*entry).im.jid.with_resource(session->resource).text();
  for (auto const& message : page.messages) {
    session->cursor = std::max(session->cursor, message.row);
    auto stanza = decide::late_stanza(message.stanza, entry->account().value, ids_.id_of(message.row), message.at);
    if (!stanza) continue;
    // What was for another resource of the user is in the archive, not in this stream.
    auto const to = stanza->attribute("to");
    if (to.find('/') != std::string_view::npos && to != address) continue;
    emit(turn, *entry, *session, std::move(*stanza), message.row);
    trace(message.row, model::Milestone::resumed, session->instance);
  }
  bool const again = state.missed || page.completeness == store::Completeness::partial;
  turn.dirty.emplace(entry->account().value, session->resource);
  if (again) behind[session->resource] = std::move(state);
  if (!again) {
    for (auto& stanza : state.waiting) emit(turn, *entry, *session, std::move(stanza), 0);
    if (std::exchange(session->presence_is_stale, false)) {
      decide::ImEffects effects;
      decide::ask_for_contacts(runtime_of(*entry).im, *session, effects);
      take(turn, *entry, std::move(effects));
    }
  }
  refresh_shown(turn, *entry);
  run_routes(turn);
  finish(std::move(turn));
  if (again) catch_up(stream);
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
  decide::ImEffects effects;
  decide::on_session_gone(runtime.im, *session, effects);
  if (!session->resume_id.empty()) turn.dirty.emplace(entry.account().value, resource);
  std::erase_if(runtime.im.sessions, [&](auto const& one) { return one.resource == resource; });
  runtime.catching_up.erase(resource);
  runtime.shown.erase(resource);
  shard_.recount(entry);
  take(turn, entry, std::move(effects));
}

void Messages::suspend(Turn& turn, Entry& entry, decide::ImSession& session) {
  session.stream = {};
  session.lost_at = shard_.now();
  session.held.clear();
  session.presence_is_stale = true;
  runtime_of(entry).catching_up.erase(session.resource);
  shard_.recount(entry);
  turn.dirty.emplace(entry.account().value, session.resource);
}

void Messages::on_ended(StreamHandle stream, StreamEnd why) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  streams_.erase(stream);
  if (!session) return;
  auto const instance = session->instance;
  auto const resource = session->resource;
  Turn turn;
  // A clean end is the end; whatever else happens to a connection, its session can be resumed.
  if (why == StreamEnd::closed_by_peer || session->resume_id.empty()) {
    drop_session(turn, *entry, resource);
  } else {
    suspend(turn, *entry, *session);
  }
  refresh_shown(turn, *entry);
  run_routes(turn);
  finish(std::move(turn));
  settle_later(*entry);
  if (auto const* kept = decide::find_session(runtime_of(*entry).im, resource))
    if (auto const at = decide::away_at(runtime_of(*entry).im, *kept, context_of(*entry)))
      refresh_later(entry->account(), *at);
  if (!instance.empty()) shard_.say(*entry, instance, DeviceChange::liveness);
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
