#include "dispatch/messages.hpp"

#include "base/packing.hpp"
#include "decide/xmpp/client_state.hpp"
#include "decide/xmpp/iq.hpp"
#include "decide/xmpp/message.hpp"
#include "decide/xmpp/owed.hpp"
#include "decide/xmpp/presence.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

using namespace xmpp;

constexpr std::string_view archive_key_name = "archive_key";
// There while no process runs, when the last one had told who went away with it.
constexpr std::string_view clean_stop_name = "im_clean_stop";
constexpr std::string_view untold_before_name = "im_untold_before";

bool is_in_foreground(Entry const& entry, model::InstanceId const& instance) {
  auto const registrations = entry.registrations();
  auto const* device = model::find_device(registrations, instance);
  return device != nullptr && device->reported_mode == model::Mode::foreground;
}

std::string stream_key(std::string const& account, std::string const& resource) {
  return account + '\0' + resource;
}

}  // namespace

Messages::Messages(Shard& shard, Registrations& registrations, model::StreamPort& port)
    : shard_(shard), registrations_(registrations), port_(port) {
  shard_.listen([this](Entry& entry, model::InstanceId const& instance, DeviceChange change) {
    if (!entry.messages) return;
    if (change == DeviceChange::mode && is_in_foreground(entry, instance)) note_reachable(entry, instance);
    if (change == DeviceChange::signed_out || change == DeviceChange::token_forgotten) end_pushes(entry, instance);
    if (static_cast<ImRuntime const&>(*entry.messages).has_no_session()) return;
    Turn turn;
    refresh_shown(turn, entry);
    run_routes(turn);
    finish(std::move(turn));
  });
}

Result<void> Messages::load() {
  std::string key;
  bool was_clean = false;
  started_at_ = shard_.now();
  auto read = shard_.store.for_each(store::Table::settings, [&](std::string_view name, std::string_view value) {
    if (name == archive_key_name) key = value;
    if (name == clean_stop_name) was_clean = true;
    if (name == untold_before_name) untold_before_ = Unpacker{value}.instant();
  });
  if (!read) return read;
  // Killed: sessions without resumption are not on disk, so nobody knows which there were. To each client that resumes,
  // everyone is away until he answers (miss_everyone). Before the first start of all there were none.
  if (!was_clean && !key.empty()) untold_before_ = started_at_;
  auto const newest = shard_.store.newest_archive_row();
  if (!newest) return std::unexpected(newest.error());
  last_row_ = *newest;
  read = shard_.store.for_each(store::Table::rosters, [&](std::string_view account, std::string_view packed) {
    if (auto* entry = shard_.directory.find(model::AccountId{account})) holder_of(*entry).keep_roster(packed);
  });
  if (!read) return read;
  read = shard_.store.for_each(store::Table::streams, [&](std::string_view name, std::string_view packed) {
    if (auto* entry = shard_.directory.find(model::AccountId{name.substr(0, name.find('\0'))}))
      keep_session(*entry, packed);
  });
  if (!read) return read;
  read = shard_.store.for_each(store::Table::inboxes, [&](std::string_view account, std::string_view packed) {
    if (auto* entry = shard_.directory.find(model::AccountId{account})) keep_inbox(*entry, unpack_inbox(packed));
  });
  if (!read) return read;
  if (key.empty()) {
    key = shard_.random.hex(32);
    shard_.store.commit({store::Put{store::Table::settings, std::string(archive_key_name), key}},
                        store::Urgency::at_once, [](auto) {});
  }
  ids_ = decide::ArchiveIds{key};
  begin_run();
  watch_expiries();
  return {};
}

void Messages::begin_run() {
  Packer packed;
  packed.instant(untold_before_);
  shard_.store.commit({store::Erase{store::Table::settings, std::string(clean_stop_name)},
                       store::Put{store::Table::settings, std::string(untold_before_name), packed.take()}},
                      store::Urgency::at_once, [](auto) {});
}

void Messages::stop() {
  is_stopping_ = true;
  note_clean_stop();
}

// Behind what the last streams left to be told, so that it is on disk with all of that or not at all.
void Messages::note_clean_stop() {
  if (!is_stopping_ || !streams_.empty() || !not_saved_.empty()) return;
  shard_.store.commit({store::Put{store::Table::settings, std::string(clean_stop_name), {}}}, store::Urgency::at_once,
                      [](auto) {});
}

Entry* Messages::entry_of(StreamHandle stream) {
  auto const seat = streams_.find(stream);
  return seat == streams_.end() ? nullptr : shard_.directory.find(seat->second.account);
}

decide::ImSession* Messages::session_of(StreamHandle stream) {
  auto* entry = entry_of(stream);
  if (!entry) return nullptr;
  auto* session = decide::find_session(runtime_of(*entry).im, streams_.at(stream).resource);
  return session && session->stream == stream ? session : nullptr;
}

decide::ImContext Messages::context_of(Entry const& entry) const {
  return {.now = shard_.now(), .policy = &shard_.policy, .domain = std::string(model::domain_of(entry.account()))};
}

void Messages::on_stanza(StreamHandle stream, Element stanza) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return port_.handled(stream, 1);
  auto& im = runtime_of(*entry).im;
  im.devices = entry->registrations().devices;
  Turn turn;
  ++session->received;
  if (!session->resume_id.empty())
    turn.dirty.emplace(entry->account().value, session->resource);
  else
    turn.otherwise = refusal_without_room(stream, stanza);
  decide::ImEffects effects;
  auto const share = decide::live_share_of(*session);
  auto const context = context_of(*entry);
  switch (kind_of(stanza).value_or(StanzaKind::iq)) {
    case StanzaKind::message:
      if (stanza.attribute("to").empty()) stanza.set("to", im.jid.text());
      if (decide::has_chat_marker(stanza)) session->uses_markers = true;
      effects.routes.push_back(std::move(stanza));
      break;
    case StanzaKind::presence: decide::on_outbound_presence(im, *session, std::move(stanza), context, effects); break;
    case StanzaKind::iq: decide::on_outbound_iq(im, *session, std::move(stanza), context, effects); break;
  }
  // What came before it was available waits in the archive (RFC 6121 section 8.5.2.1.2).
  bool const has_missed = share == decide::Share::named && decide::live_share_of(*session) == decide::Share::all &&
                          session->cursor < last_row_;
  take(turn, *entry, std::move(effects));
  run_routes(turn);
  turn.acts.emplace_back([this, stream] { port_.handled(stream, 1); });
  finish(std::move(turn));
  session = has_missed ? session_of(stream) : nullptr;
  if (!session) return;
  runtime_of(*entry).catching_up[session->resource].missed = true;
  go_on(stream);
}

void Messages::on_acknowledged(StreamHandle stream, std::uint32_t h) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return;
  auto const done = session->sent.acknowledge(h);
  // XEP-0198 section 4: more than was sent.
  if (!done) return port_.close(stream, make_count_error(done.error()));
  Turn turn;
  std::uint64_t newest = 0;
  for (auto const reference : *done) {
    session->kept.erase(reference);
    if (reference < decide::first_archive_reference) continue;
    newest = std::max(newest, reference);
    trace(reference, model::Milestone::delivered, session->instance);
  }
  // B-IM-2: for a client without markers, what was acknowledged in the foreground has been read.
  bool const foreground = session->client_state == ClientState::active && !session->uses_markers;
  auto const* device = decide::device_of(runtime_of(*entry).im, *session);
  if (newest > 0 && foreground && (!device || device->reported_mode == model::Mode::foreground))
    mark_displayed(*entry, newest);
  if (!done->empty() && session->is_resumable()) turn.dirty.emplace(entry->account().value, session->resource);
  finish(std::move(turn));
  go_on(stream);
}

void Messages::on_client_state(StreamHandle stream, ClientState state) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return;
  session->client_state = state;
  shard_.recount(*entry);
  // One that is behind is told when it has caught up.
  if (state == ClientState::inactive || behind_of(stream)) return;
  Turn turn;
  auto& im = runtime_of(*entry).im;
  for (auto& gone : decide::say_who_is_gone(im, *session)) emit(turn, *entry, *session, std::move(gone), 0);
  for (auto& held : decide::let_go(*session)) emit(turn, *entry, *session, std::move(held), 0);
  if (std::exchange(session->presence_is_stale, false)) {
    decide::ImEffects effects;
    decide::ask_who_is_there(im, *session, context_of(*entry), effects);
    take(turn, *entry, std::move(effects));
    run_routes(turn);
  }
  finish(std::move(turn));
}

void Messages::on_mode(StreamHandle stream, AppMode mode) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session || session->instance.empty()) return;
  auto const instance = session->instance;
  note_mode(*entry, {.instance = instance,
                     .freshness = model::Freshness::refresh,
                     .mode = mode == AppMode::foreground ? model::Mode::foreground : model::Mode::background});
  shard_.say(*entry, instance, DeviceChange::mode);
}

// Without stream management a client hears by itself of what was not kept (RFC 6120 section 8.3.3.18), and may go on.
Messages::Act Messages::refusal_without_room(StreamHandle stream, Element const& stanza) {
  return [this, stream, refusal = error_of(stanza, StanzaError::resource_constraint)] {
    if (refusal) port_.send(stream, to_xml(*refusal, ns::client));
    port_.handled(stream, 1);
  };
}

// What must survive, with the event that made it so.
void Messages::save_dirty(Turn& turn) {
  if (!turn.dirty.empty()) turn.dirty.merge(not_saved_);
  for (auto const& [account, resource] : turn.dirty) {
    auto* entry = shard_.directory.find(model::AccountId{account});
    auto* session = entry ? decide::find_session(runtime_of(*entry).im, resource) : nullptr;
    if (session && (session->is_resumable() || session->lost_at)) {
      turn.batch.emplace_back(store::Put{store::Table::streams, stream_key(account, resource), decide::pack(*session)});
    } else {
      turn.batch.emplace_back(store::Erase{store::Table::streams, stream_key(account, resource)});
    }
  }
  for (auto const& account : turn.rosters)
    if (auto* entry = shard_.directory.find(model::AccountId{account}))
      turn.batch.emplace_back(store::Put{store::Table::rosters, account, model::pack(runtime_of(*entry).im.roster)});
  for (auto const& account : turn.inboxes)
    if (auto* entry = shard_.directory.find(model::AccountId{account}))
      turn.batch.emplace_back(store::Put{store::Table::inboxes, account, pack(runtime_of(*entry).inbox)});
  for (auto const& change : turn.devices) turn.batch.emplace_back(change.write());
}

void Messages::finish(Turn turn) {
  save_dirty(turn);
  if (turn.batch.empty() && turn.acts.empty()) return;
  auto const waiting = std::make_shared<Waiting>(Waiting{.ready = turn.batch.empty(),
                                                         .acts = std::move(turn.acts),
                                                         .otherwise = std::move(turn.otherwise),
                                                         .dirty = std::move(turn.dirty),
                                                         .devices = std::move(turn.devices),
                                                         .tentative = std::move(turn.tentative)});
  waiting_.push_back(waiting);
  if (waiting->ready) return run_ready();
  shard_.store.commit(std::move(turn.batch), store::Urgency::soon,
                      [this, waiting](Result<void> result) { on_commit(*waiting, result); });
}

void Messages::on_commit(Waiting& waiting, Result<void> const& result) {
  waiting.ready = true;
  for (auto const& change : waiting.devices) registrations_.end(change, result ? Fate::written : Fate::refused);
  if (!result) give_up(waiting);
  run_ready();
}

// Nothing of it may leave. The numbers that were given are void, and with them the sessions: no acknowledgement has
// left, so the clients send again.
void Messages::give_up(Waiting& waiting) {
  waiting.acts.clear();
  if (waiting.otherwise) waiting.acts.push_back(std::move(waiting.otherwise));
  for (auto const& [account, resource] : waiting.dirty) {
    auto* entry = shard_.directory.find(model::AccountId{account});
    auto* session = entry ? decide::find_session(runtime_of(*entry).im, resource) : nullptr;
    if (!session || !session->is_managed) continue;
    // What the disk has of it would come back at the next start.
    if (not_saved_.size() < most_not_saved) not_saved_.emplace(account, resource);
    session->resume_id.clear();
    if (session->is_live()) port_.close(session->stream, make_stream_error(StreamError::resource_constraint));
  }
  for (auto const& [stream, reference] : waiting.tentative.numbered)
    if (auto* session = session_of(stream)) session->sent.forget(reference);
  for (auto const& [account, instance, row] : waiting.tentative.pushes)
    if (auto* entry = shard_.directory.find(account)) forget_push(*entry, instance, row);
}

void Messages::run_ready() {
  while (!waiting_.empty() && waiting_.front()->ready) {
    auto const next = std::move(waiting_.front());
    waiting_.pop_front();
    for (auto& act : next->acts) act();
  }
}

std::optional<SessionView> Messages::session_of(Entry const& entry, model::InstanceId const& instance) const {
  if (!entry.messages) return std::nullopt;
  auto const& holder = static_cast<ImRuntime const&>(*entry.messages);
  auto const packed = holder.state() ? ImState{} : holder.peek(context_of(entry));
  auto const& im = holder.state() ? holder.state()->im : packed.im;
  for (auto const& session : im.sessions)
    if (session.instance == instance) return view_of(entry.account(), session);
  return std::nullopt;
}

}  // namespace reveille::dispatch
