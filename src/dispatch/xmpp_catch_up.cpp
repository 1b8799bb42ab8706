// Messages: what a stream is sent as fast as its peer reads: what it missed, and the archive's answers (XEP-0313). A
// stream that is behind is sent, in this order: what has a number and did not leave, what the archive has beyond, and
// what is not archived and came meanwhile.
#include "decide/xmpp/archive.hpp"
#include "decide/xmpp/client_state.hpp"
#include "decide/xmpp/owed.hpp"
#include "decide/xmpp/presence.hpp"
#include "decide/xmpp/stored_stanza.hpp"
#include "dispatch/messages.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

using namespace xmpp;

constexpr unsigned most_stanzas = 100;                       // in one part
constexpr std::size_t part_bytes = std::size_t{128} * 1024;  // beyond that a part ends
// So much that is not acknowledged, and what waits behind it (most_late_bytes) has room, too.
constexpr std::size_t enough_unacknowledged_bytes = std::size_t{256} * 1024;
constexpr std::size_t most_late = 500;  // of one session
constexpr std::size_t most_late_bytes = std::size_t{512} * 1024;
constexpr std::size_t most_questions = 16;
constexpr std::size_t longest_question = 8 * 1024;

bool is_archived(StanzaReference reference) {
  return reference >= decide::first_archive_reference;
}

// Among what was asked for, and behind what was read of it.
bool is_beyond(store::ArchivePage const& found, StanzaReference reference) {
  return is_archived(reference) && found.completeness == store::Completeness::partial &&
         reference > found.messages.back().row;
}

std::size_t bytes_of(std::vector<std::string> const& texts) {
  std::size_t bytes = 0;
  for (auto const& text : texts) bytes += text.size();
  return bytes;
}

std::size_t bytes_of(std::map<StanzaReference, std::string> const& kept) {
  std::size_t bytes = 0;
  for (auto const& [reference, text] : kept) bytes += text.size();
  return bytes;
}

std::size_t bytes_of(std::deque<CatchUp::Again> const& again) {
  std::size_t bytes = 0;
  for (auto const& one : again) bytes += one.text.size();
  return bytes;
}

}  // namespace

// Of what is sent and kept until it is acknowledged: all of it is written with every step of the session. The other
// half of the number is for messages.
bool Messages::has_room_for(decide::ImSession const& session, std::string_view text) {
  if (session.sent.waiting().size() >= most_unacknowledged / 2) return false;
  auto const kept = bytes_of(session.kept);
  return kept == 0 || kept + text.size() <= most_unacknowledged_bytes;
}

CatchUp* Messages::behind_of(StreamHandle stream) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session) return nullptr;
  auto& behind = runtime_of(*entry).catching_up;
  auto const found = behind.find(session->resource);
  return found == behind.end() ? nullptr : &found->second;
}

// A stanza whose turn it is leaves, or waits for the peer to read.
void Messages::write(StreamHandle stream, StanzaReference reference, std::string text) {
  auto* session = session_of(stream);
  if (!session) return;
  auto* behind = behind_of(stream);
  if ((!behind || behind->again.empty()) && port_.has_room(stream)) return port_.send(stream, text);
  if (!behind) behind = &runtime_of(*entry_of(stream)).catching_up[session->resource];
  if (is_archived(reference) || session->kept.contains(reference)) text.clear();
  behind->again.push_back({.reference = reference, .text = std::move(text)});
  if (behind->again.size() > most_unacknowledged || bytes_of(behind->again) > most_unacknowledged_bytes)
    port_.close(stream, make_stream_error(StreamError::resource_constraint));
}

void Messages::on_room(StreamHandle stream) {
  go_on(stream);
}

// The next part, when there is room for it.
void Messages::go_on(StreamHandle stream) {
  auto* behind = behind_of(stream);
  if (!behind) return answer_next(stream);
  if (behind->is_busy || !port_.has_room(stream)) return;
  // Of what has a number already there is a bound. For more, on_acknowledged() goes on.
  auto const& session = *session_of(stream);
  bool const is_enough =
      session.sent.waiting().size() >= most_unacknowledged / 2 || bytes_of(session.kept) > enough_unacknowledged_bytes;
  if (behind->again.empty() && is_enough) return;
  behind->is_busy = true;
  if (behind->again.empty()) {
    catch_up(stream);
  } else {
    send_again(stream);
  }
}

void Messages::send_again(StreamHandle stream) {
  auto const& again = behind_of(stream)->again;
  std::vector<std::uint64_t> rows;
  std::size_t part = 0;
  for (; part < std::min<std::size_t>(again.size(), most_stanzas); ++part) {
    auto const reference = again[part].reference;
    if (!is_archived(reference)) continue;
    if (!rows.empty() && reference < rows.back()) break;
    rows.push_back(reference);
  }
  shard_.store.fetch_archived(entry_of(stream)->account().value, std::move(rows), part_bytes,
                              [this, stream, part](Result<store::ArchivePage> found) {
                                if (!found)
                                  return port_.close(stream, make_stream_error(StreamError::internal_server_error));
                                sent_again(stream, part, *found);
                              });
}

// With their numbers, which they have had since they were to leave first.
void Messages::sent_again(StreamHandle stream, std::size_t part, store::ArchivePage const& found) {
  auto* behind = behind_of(stream);
  if (!behind) return;
  behind->is_busy = false;
  auto& entry = *entry_of(stream);
  auto& session = *session_of(stream);
  Turn turn;
  std::vector<std::string> texts;
  for (std::size_t bytes = 0; part > 0 && bytes < part_bytes; --part) {
    auto const reference = behind->again.front().reference;
    if (is_beyond(found, reference)) break;
    auto text = text_again(entry, session, std::move(behind->again.front()), found);
    behind->again.pop_front();
    bytes += text.size();
    if (!text.empty()) {
      texts.push_back(std::move(text));
      continue;
    }
    // What the archive no longer has is not sent, so it is not counted either.
    session.sent.forget(reference);
    if (session.is_resumable()) turn.dirty.emplace(entry.account().value, session.resource);
  }
  if (behind->is_resumption)
    for (auto const& message : found.messages) trace(message.row, model::Milestone::resumed, session.instance);
  finish(std::move(turn));
  for (auto const& text : texts) port_.send(stream, text);
  go_on(stream);
}

std::string Messages::text_again(Entry const& entry, decide::ImSession const& session, CatchUp::Again next,
                                 store::ArchivePage const& found) const {
  auto const row = std::ranges::find(found.messages, next.reference, &store::ArchivedMessage::row);
  if (row != found.messages.end())
    return decide::late_copy(row->stanza, entry.account().value, ids_.id_of(row->row), row->at);
  auto const kept = session.kept.find(next.reference);
  return kept != session.kept.end() ? kept->second : std::move(next.text);
}

// Then what the archive has beyond.
void Messages::catch_up(StreamHandle stream) {
  auto* entry = entry_of(stream);
  behind_of(stream)->missed = false;
  auto const share = decide::late_share_of(*session_of(stream));
  shard_.store.fetch_archive({.account = entry->account().value,
                              .direction = store::Direction::incoming,
                              .after = decide::settled_up_to(*session_of(stream), share),
                              .most = most_stanzas,
                              .most_bytes = part_bytes},
                             [this, stream, share](Result<store::ArchivePage> page) {
                               if (!page)
                                 return port_.close(stream, make_stream_error(StreamError::internal_server_error));
                               catch_up_found(stream, share, *page);
                             });
}

// Of every message of the account: whatever resource it was for, the device has been pushed for it (B-IM-1).
void Messages::catch_up_found(StreamHandle stream, decide::Share share, store::ArchivePage const& page) {
  if (!behind_of(stream)) return;
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  auto& behind = runtime_of(*entry).catching_up;
  auto state = std::move(behind[session->resource]);
  behind.erase(session->resource);
  Turn turn;
  for (auto const& message : page.messages) {
    auto stanza = decide::late_stanza(message.stanza, entry->account().value, ids_.id_of(message.row), message.at);
    bool const is_owed = stanza && decide::is_owed(*session, share, message.row, *stanza);
    decide::settle(*session, share, message.row);
    if (!is_owed) continue;
    emit(turn, *entry, *session, to_xml(*stanza, ns::client), message.row);
    trace(message.row, model::Milestone::resumed, session->instance);
  }
  if (session->is_resumable()) turn.dirty.emplace(entry->account().value, session->resource);
  // What has its number already and waits for room is not forgotten.
  if (state.missed || !state.again.empty() || page.completeness == store::Completeness::partial) {
    behind[session->resource] = std::move(state);
    turn.acts.emplace_back([this, stream] { end_part(stream); });
  } else {
    has_caught_up(turn, *entry, *session);
    turn.acts.emplace_back([this, stream] { go_on(stream); });
  }
  turn.otherwise = [this, stream] { end_part(stream); };
  refresh_shown(turn, *entry);
  run_routes(turn);
  finish(std::move(turn));
}

void Messages::end_part(StreamHandle stream) {
  if (auto* behind = behind_of(stream)) behind->is_busy = false;
  go_on(stream);
}

// Last what came meanwhile; first of it who went away, since some of them may be back.
void Messages::has_caught_up(Turn& turn, Entry& entry, decide::ImSession& session) {
  for (auto& gone : decide::say_who_is_gone(runtime_of(entry).im, session))
    emit(turn, entry, session, std::move(gone), 0);
  for (auto& text : std::exchange(session.late, {})) emit_late(turn, entry, session, std::move(text));
  if (session.client_state == ClientState::active)
    for (auto& held : decide::let_go(session)) emit(turn, entry, session, std::move(held), 0);
  if (!std::exchange(session.presence_is_stale, false)) return;
  decide::ImEffects effects;
  decide::ask_who_is_there(runtime_of(entry).im, session, context_of(entry), effects);
  take(turn, entry, std::move(effects));
}

// What has waited goes on waiting, in its order, when there is no room again.
void Messages::emit_late(Turn& turn, Entry& entry, decide::ImSession& session, std::string text) {
  auto& catching_up = runtime_of(entry).catching_up;
  if (!catching_up.contains(session.resource) && has_room_for(session, text))
    return emit(turn, entry, session, std::move(text), 0);
  catching_up.try_emplace(session.resource);
  session.late.push_back(std::move(text));
}

// False: there is no room for it. One alone has room whatever its size, or a large roster would never arrive.
bool Messages::keep_late(Turn& turn, Entry const& entry, decide::ImSession& session, std::string text) {
  auto const kept = bytes_of(session.late);
  if (session.late.size() >= most_late || (kept > 0 && kept + text.size() > most_late_bytes)) return false;
  session.late.push_back(std::move(text));
  if (session.is_resumable()) turn.dirty.emplace(entry.account().value, session.resource);
  return true;
}

// XEP-0198 section 5, B-IM-3: what is not archived waits for a client that can come back, presence apart, which is
// asked for anew; of that, it waits who went away. Messages leave half of the room for what the client must not miss.
void Messages::deliver_late(Turn& turn, Entry& entry, decide::ImSession& session, Element stanza) {
  if (decide::miss_presence(session, stanza)) turn.dirty.emplace(entry.account().value, session.resource);
  if (!session.is_resumable() || decide::is_fleeting(stanza)) return;
  bool const is_message = kind_of(stanza) == StanzaKind::message;
  if (is_message && (session.late.size() >= most_late / 2 || bytes_of(session.late) >= most_late_bytes / 2))
    return refuse(turn, stanza, StanzaError::resource_constraint);
  auto text = to_xml(stanza, ns::client);
  if (keep_late(turn, entry, session, text)) return;
  // The client binds anew and asks for all of it, since what it has is out of date.
  session.late.push_back(std::move(text));
  give_back(turn, entry, session);
  decide::keep_presence_only(session);
  turn.dirty.emplace(entry.account().value, session.resource);
}

// One after the other: all fetches share one reader. A question whose stream is cut is answered on the next one.
void Messages::ask_archive(Turn& turn, Entry& entry, decide::ArchiveRequest request) {
  auto* session = decide::find_session(runtime_of(entry).im, request.resource);
  if (!session) return;
  if (iq_type_of(request.iq) == IqType::get)
    return emit(turn, entry, *session, decide::describe_archive_form(request.iq), 0);
  auto const wish = decide::read_archive_query(request.iq, ids_);
  auto text = to_xml(request.iq, ns::client);
  bool const fits = session->questions.size() < most_questions && text.size() <= longest_question;
  if (!wish || !fits) {
    auto error = error_of(request.iq, wish ? StanzaError::resource_constraint : wish.error());
    if (error) emit(turn, entry, *session, std::move(*error), 0);
    return;
  }
  session->questions.push_back(std::move(text));
  if (session->is_resumable()) turn.dirty.emplace(entry.account().value, session->resource);
  turn.acts.emplace_back([this, stream = session->stream] { answer_next(stream); });
}

void Messages::answer_next(StreamHandle stream) {
  auto* session = session_of(stream);
  if (!session || session->is_asking || behind_of(stream)) return;
  if (session->questions.empty() || !port_.has_room(stream)) return;
  // Answers are kept until they are acknowledged: not many at a time. on_acknowledged() goes on.
  if (bytes_of(session->kept) > part_bytes || session->kept.size() > most_stanzas) return;
  session->is_asking = true;
  auto const iq = parse_element(session->questions.front());
  auto wish = iq ? decide::read_archive_query(*iq, ids_) : std::unexpected(StanzaError::bad_request);
  if (!wish) return answer(stream, {});
  read_archive(stream, *iq, std::move(*wish));
}

void Messages::answer(StreamHandle stream, std::vector<Element> stanzas) {
  auto* entry = entry_of(stream);
  auto* session = session_of(stream);
  if (!session || !session->is_asking) return;
  session->is_asking = false;
  Turn turn;
  if (!session->questions.empty()) session->questions.erase(session->questions.begin());
  for (auto& stanza : stanzas) emit(turn, *entry, *session, std::move(stanza), 0);
  if (session->is_resumable()) turn.dirty.emplace(entry->account().value, session->resource);
  turn.acts.emplace_back([this, stream] { go_on(stream); });
  finish(std::move(turn));
}

}  // namespace reveille::dispatch
