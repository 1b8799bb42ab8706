// Messages: where stanzas go, from one account's mailbox to another's and to streams.
#include "decide/messages/recipients.hpp"
#include "decide/registry/merge.hpp"
#include "decide/xmpp/client_state.hpp"
#include "decide/xmpp/iq.hpp"
#include "decide/xmpp/message.hpp"
#include "decide/xmpp/owed.hpp"
#include "decide/xmpp/presence.hpp"
#include "decide/xmpp/stored_stanza.hpp"
#include "dispatch/messages.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

using namespace xmpp;

// One that is away and cannot be resumed is there for its presence alone.
std::vector<decide::Resource> resources_of(decide::ImAccount const& im) {
  std::vector<decide::Resource> resources;
  for (auto const& session : im.sessions)
    if (session.is_live() || session.is_resumable())
      resources.push_back(
          {.name = session.resource, .priority = session.priority, .available = session.is_available()});
  return resources;
}

}  // namespace

void Messages::take(Turn& turn, Entry& entry, decide::ImEffects effects) {
  if (effects.roster_changed) turn.rosters.insert(entry.account().value);
  for (auto& request : effects.device_requests) change_device(turn, entry, request);
  for (auto& delivery : effects.deliveries) deliver(turn, entry, std::move(delivery));
  for (auto& stanza : effects.routes) turn.routes.push_back(std::move(stanza));
  for (auto& request : effects.archive_requests) ask_archive(turn, entry, std::move(request));
}

void Messages::run_routes(Turn& turn) {
  while (!turn.routes.empty()) {
    auto stanza = std::move(turn.routes.front());
    turn.routes.pop_front();
    route(turn, std::move(stanza));
  }
}

void Messages::refuse(Turn& turn, Element const& stanza, StanzaError condition) {
  if (auto error = error_of(stanza, condition)) turn.routes.push_back(std::move(*error));
}

// Before the session is over.
void Messages::give_back(Turn& turn, Entry& entry, decide::ImSession const& session) {
  for (auto& error : decide::given_back(runtime_of(entry).im, session)) turn.routes.push_back(std::move(error));
}

void Messages::route(Turn& turn, Element stanza) {
  auto const to = parse_jid(stanza.attribute("to"));
  if (!to) {
    // The error comes from the server: the address given is none.
    stanza.set("to", shard_.policy.domains.front());
    return refuse(turn, stanza, StanzaError::jid_malformed);
  }
  bool const ours = std::ranges::find(shard_.policy.domains, to->domain) != shard_.policy.domains.end();
  // FIXME: RFC 6120 section 10.4: other domains are reached by server-to-server streams, which are not there yet.
  if (!ours) return refuse(turn, stanza, StanzaError::remote_server_not_found);
  auto* entry = shard_.directory.find(model::AccountId{to->bare().text()});
  auto const kind = kind_of(stanza);
  if (!entry) {
    // RFC 6121 section 8.5.1: presence to nobody is dropped in silence.
    if (kind != StanzaKind::presence) refuse(turn, stanza, StanzaError::service_unavailable);
    return;
  }
  if (kind == StanzaKind::message) return route_message(turn, std::move(stanza), *entry, *to);
  auto& im = runtime_of(*entry).im;
  im.devices = entry->registrations().devices;
  decide::ImEffects effects;
  if (kind == StanzaKind::presence) decide::on_inbound_presence(im, stanza, context_of(*entry), effects);
  if (kind == StanzaKind::iq) decide::on_inbound_iq(im, stanza, effects);
  take(turn, *entry, std::move(effects));
}

void Messages::route_message(Turn& turn, Element message, Entry& entry, Jid const& to) {
  auto const from = parse_jid(message.attribute("from"));
  if (!from) return;
  auto const traits = decide::traits_of(message);
  auto& im = runtime_of(entry).im;
  auto const recipients = decide::recipients_of(traits, to.resource, resources_of(im));
  if (recipients.resources.empty() && recipients.otherwise == decide::Otherwise::refuse)
    return refuse(turn, message, StanzaError::service_unavailable);
  strip_stanza_ids(message, im.jid.text());
  strip_stanza_ids(message, from->bare().text());
  std::uint64_t row = 0;
  if (traits.is_kept) {
    auto stored = decide::store_stanza(message);
    if (!stored) return refuse(turn, message, StanzaError::not_acceptable);
    row = std::max(last_row_ + 1, static_cast<std::uint64_t>(unix_microseconds(shard_.now())));
    last_row_ = row;
    keep_message(turn, message, *from, to, {.row = row, .stanza = std::move(*stored), .has_body = traits.has_body});
  }
  for (auto const& resource : recipients.resources) {
    auto copy = message;
    if (row != 0) set_stanza_id(copy, im.jid.text(), ids_.id_of(row));
    deliver(turn, entry, {.resource = resource, .stanza = std::move(copy), .row = row});
  }
  if (!traits.displayed.empty())
    if (auto* sender = shard_.directory.find(model::AccountId{from->bare().text()}))
      mark_displayed(*sender, to.bare().text(), traits.displayed);
  if (row != 0) wake_all(turn, entry, traits, row, from->bare().text());
}

void Messages::keep_message(Turn& turn, Element const& message, Jid const& from, Jid const& to,
                            store::ArchiveMessage kept) {
  auto const sender = from.bare().text();
  auto const receiver = to.bare().text();
  auto const row = kept.row;
  kept.at = shard_.now();
  kept.message_id = message.attribute("id");
  kept.entries.push_back({.account = receiver, .peer = sender, .direction = store::Direction::incoming});
  if (sender != receiver && shard_.directory.find(model::AccountId{sender}))
    kept.entries.push_back({.account = sender, .peer = receiver, .direction = store::Direction::outgoing});
  turn.batch.emplace_back(std::move(kept));
  auto const id = ids_.id_of(row);
  shard_.traces.begin({.tracking = model::TrackingId{model::derive_uuid("message", {id})},
                       .kind = model::TraceKind::message,
                       .from = sender,
                       .to = receiver,
                       .archive_id = id,
                       .began = shard_.now()});
  trace(row, model::Milestone::received);
  turn.acts.emplace_back([this, row] {
    trace(row, model::Milestone::archived);
    trace(row, model::Milestone::acknowledged);
  });
}

void Messages::deliver(Turn& turn, Entry& entry, decide::ImDelivery delivery) {
  auto* session = decide::find_session(runtime_of(entry).im, delivery.resource);
  if (!session) return;
  // A suspended session finds archived messages when it is back.
  if (!session->is_live() && delivery.row != 0) return;
  if (!session->is_live()) return deliver_late(turn, entry, *session, std::move(delivery.stanza));
  if (decide::hold_back(*session, delivery.stanza)) return note_held(turn, entry, *session, delivery.stanza);
  for (auto& held : decide::let_go(*session, delivery.stanza.attribute("from")))
    emit(turn, entry, *session, std::move(held), 0);
  emit(turn, entry, *session, std::move(delivery.stanza), delivery.row);
}

// Who is gone cannot be asked after a restart.
void Messages::note_held(Turn& turn, Entry const& entry, decide::ImSession const& session, Element const& held) {
  if (decide::must_survive(session, held)) turn.dirty.emplace(entry.account().value, session.resource);
}

// To a live session, or to one that is behind and gets it when it has caught up. Who acknowledges too little of what
// the archive does not have is behind, too.
void Messages::emit(Turn& turn, Entry& entry, decide::ImSession& session, Element stanza, std::uint64_t row) {
  auto& catching_up = runtime_of(entry).catching_up;
  auto behind = catching_up.find(session.resource);
  if (row != 0) {
    if (behind != catching_up.end()) {
      behind->second.missed = true;
      return;
    }
    decide::settle(session, decide::live_share_of(session), row);
    return emit(turn, entry, session, to_xml(stanza, ns::client), row);
  }
  auto text = to_xml(stanza, ns::client);
  if (behind == catching_up.end() && has_room_for(session, text)) return emit(turn, entry, session, std::move(text), 0);
  catching_up.try_emplace(session.resource);
  if (decide::hold_presence(session, stanza)) return note_held(turn, entry, session, stanza);
  if (keep_late(turn, entry, session, std::move(text))) return;
  // It has missed something, so it must not go on as if it had not: its client binds anew.
  session.resume_id.clear();
  turn.dirty.emplace(entry.account().value, session.resource);
  close_later(turn, session.stream);
}

void Messages::emit(Turn& turn, Entry& entry, decide::ImSession& session, std::string text, std::uint64_t row) {
  auto const reference = row == 0 ? ++session.last_kept : row;
  if (session.is_managed) session.sent.send(reference);
  if (session.is_managed && !session.is_resumable()) turn.tentative.numbered.emplace_back(session.stream, reference);
  if (session.is_resumable()) {
    if (row == 0) session.kept.emplace(reference, text);
    turn.dirty.emplace(entry.account().value, session.resource);
  }
  turn.acts.emplace_back([this, stream = session.stream, reference, text = std::move(text)]() mutable {
    write(stream, reference, std::move(text));
  });
  if (session.sent.waiting().size() > most_unacknowledged) close_later(turn, session.stream);
}

// A peer that acknowledges nothing is better off suspended: the archive has what it misses.
void Messages::close_later(Turn& turn, StreamHandle stream) {
  turn.acts.emplace_back([this, stream] { port_.close(stream, make_stream_error(StreamError::resource_constraint)); });
}

void Messages::note_mode(Entry& entry, model::DeviceUpdate const& update) {
  auto registrations = entry.registrations();
  if (!decide::merge(registrations, update, shard_.now()).device) return;
  registrations_.note(entry, registrations, store::Urgency::soon);
  runtime_of(entry).im.devices = std::move(registrations.devices);
}

void Messages::change_device(Turn& turn, Entry& entry, decide::DeviceRequest const& request) {
  using Kind = decide::DeviceRequest::Kind;
  switch (request.kind) {
    case Kind::enable: return enable_push(turn, entry, request);
    case Kind::disable: return disable_push(turn, entry, request.update.instance);
  }
}

// XEP-0357 section 5; the client is answered when it is on disk. Other holders lose its tokens then (B-SIGN-2). The
// device's session is this one from now on; an older one of the same device is over.
void Messages::enable_push(Turn& turn, Entry& entry, decide::DeviceRequest const& request) {
  auto& im = runtime_of(entry).im;
  auto const instance = request.update.instance;
  std::vector<std::string> older;
  for (auto const& session : im.sessions)
    if (session.instance == instance && session.resource != request.resource) older.push_back(session.resource);
  for (auto const& resource : older) replace(turn, entry, resource);
  auto update = request.update;
  update.mode = model::Mode::foreground;
  auto registrations = entry.registrations();
  auto merged = decide::merge(registrations, update, shard_.now());
  if (merged.device) turn.devices.push_back(registrations_.begin(entry, registrations, Stake::promise));
  im.devices = std::move(registrations.devices);
  if (auto* session = decide::find_session(im, request.resource)) {
    session->instance = instance;
    if (!session->resume_id.empty()) turn.dirty.emplace(entry.account().value, session->resource);
  }
  note_reachable(entry, instance);
  turn.acts.emplace_back([this, account = entry.account(), instance, tokens = std::move(merged.claimed_tokens)] {
    auto* now = shard_.directory.find(account);
    if (now == nullptr) return;
    for (auto const& token : tokens) registrations_.take_from_others(*now, instance, token);
    shard_.say(*now, instance, DeviceChange::registered);
  });
}

// XEP-0357 section 6: one device, or every one of the account.
void Messages::disable_push(Turn& turn, Entry& entry, model::InstanceId const& only) {
  auto registrations = entry.registrations();
  std::vector<model::InstanceId> ended;
  for (auto const& device : entry.registrations().devices) {
    if (!only.empty() && device.instance != only) continue;
    if (decide::end_service(registrations, device.instance, decide::Service::im)) ended.push_back(device.instance);
  }
  if (!ended.empty()) turn.devices.push_back(registrations_.begin(entry, registrations, Stake::promise));
  runtime_of(entry).im.devices = std::move(registrations.devices);
  turn.acts.emplace_back([this, account = entry.account(), ended = std::move(ended)] {
    auto* now = shard_.directory.find(account);
    if (now == nullptr) return;
    for (auto const& instance : ended) shard_.say(*now, instance, DeviceChange::signed_out);
  });
}

}  // namespace reveille::dispatch
