#include "decide/xmpp/im.hpp"

#include "base/packing.hpp"
#include "decide/xmpp/client_state.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/xml.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

// Version 2 begins with its head, and tells how the client was and whom it had sent presence to. Version 3 tells what
// waits for the client, and what it asked the archive. Version 4 tells whether it uses markers. Version 5 has flags in
// that place, and who went away meanwhile, if anyone. Version 6 tells how far ahead the other cursor is, if it is.
constexpr std::uint64_t record_version = 6;
constexpr unsigned flag_uses_markers = 1;
constexpr unsigned flag_some_are_gone = 2;
constexpr unsigned flag_named_is_ahead = 4;
constexpr std::size_t most_waiting = 100'000;

void pack_presence(Packer& out, std::optional<xmpp::Element> const& presence) {
  out.text(presence ? xmpp::to_xml(*presence, xmpp::ns::client) : std::string{});
}

std::optional<xmpp::Element> unpack_presence(Unpacker& in) {
  auto const text = in.text();
  auto element = text.empty() ? failure(ErrorCode::not_found, "") : xmpp::parse_element(text);
  return element ? std::optional(std::move(*element)) : std::nullopt;
}

void pack_texts(Packer& out, std::vector<std::string> const& texts) {
  out.number(texts.size());
  for (auto const& text : texts) out.text(text);
}

std::vector<std::string> unpack_texts(Unpacker& in) {
  std::vector<std::string> texts;
  for (auto count = in.count(most_waiting); count > 0 && !in.failed(); --count) texts.push_back(in.text());
  return texts;
}

}  // namespace

ImSession* find_session(ImAccount& account, std::string_view resource) {
  auto const found = std::ranges::find(account.sessions, resource, &ImSession::resource);
  return found == account.sessions.end() ? nullptr : &*found;
}

model::Device const* device_of(ImAccount const& account, ImSession const& session) {
  if (session.instance.empty()) return nullptr;
  auto const found = std::ranges::find(account.devices, session.instance, &model::Device::instance);
  return found == account.devices.end() ? nullptr : &*found;
}

void keep_presence_only(ImSession& session) {
  session.resume_id.clear();
  session.sent = {};
  session.kept.clear();
  session.late.clear();
  session.questions.clear();
  session.gone.clear();
}

std::string pack(ImSession const& session) {
  Packer out;
  out.number(record_version);
  out.instant(session.lost_at);
  out.uuid(session.instance.value);
  out.choice(session.client_state);
  out.text(session.resource);
  out.uuid(session.resume_id);
  out.number(session.received);
  auto const sent = session.sent.snapshot();
  out.number(sent.acknowledged);
  out.number(sent.waiting.size());
  for (auto const reference : sent.waiting) out.number(reference);
  out.number(session.kept.size());
  for (auto const& [reference, text] : session.kept) {
    out.number(reference);
    out.text(text);
  }
  out.number(session.last_kept);
  out.number(session.cursor);
  pack_presence(out, session.presence);
  out.number(static_cast<std::uint64_t>(session.priority + 128));
  out.number(session.interested ? 1 : 0);
  out.number(session.directed.size());
  for (auto const& address : session.directed) out.text(address);
  pack_texts(out, session.late);
  pack_texts(out, session.questions);
  auto const gone = gone_without_line(session);
  bool const is_ahead = session.named_cursor > session.cursor;
  out.number((session.uses_markers ? flag_uses_markers : 0U) | (gone.empty() ? 0U : flag_some_are_gone) |
             (is_ahead ? flag_named_is_ahead : 0U));
  if (!gone.empty()) pack_texts(out, {gone.begin(), gone.end()});
  if (is_ahead) out.number(session.named_cursor - session.cursor);
  return out.take();
}

Result<ImSession> unpack_session(std::string_view bytes) {
  Unpacker in{bytes};
  auto const version = in.number();
  if (version == 0 || version > record_version) return failure(ErrorCode::corrupt, "a stream of an unknown version");
  ImSession session{};
  if (version > 1) {
    session.lost_at = in.optional_instant();
    session.instance = model::InstanceId{in.uuid()};
    session.client_state = in.choice(xmpp::ClientState::inactive);
  }
  session.resource = in.text();
  if (version == 1) session.instance = model::InstanceId{in.uuid()};
  session.resume_id = version == 1 ? in.text() : in.uuid();
  session.is_managed = session.is_resumable();
  session.received = static_cast<std::uint32_t>(in.number());
  xmpp::SentQueue::Snapshot sent{.acknowledged = static_cast<std::uint32_t>(in.number())};
  for (auto count = in.count(most_waiting); count > 0 && !in.failed(); --count) sent.waiting.push_back(in.number());
  session.sent = xmpp::SentQueue{sent};
  for (auto count = in.count(most_waiting); count > 0 && !in.failed(); --count) {
    auto const reference = in.number();
    session.kept[reference] = in.text();
  }
  session.last_kept = in.number();
  session.cursor = in.number();
  session.presence = unpack_presence(in);
  session.priority = static_cast<int>(in.number()) - 128;
  session.interested = in.number() != 0;
  if (version == 1) session.lost_at = in.optional_instant();
  if (version > 1)
    for (auto count = in.count(most_waiting); count > 0 && !in.failed(); --count) session.directed.insert(in.text());
  if (version > 2) {
    session.late = unpack_texts(in);
    session.questions = unpack_texts(in);
  }
  auto const flags = version > 3 ? in.number() : 0;
  session.uses_markers = (flags & flag_uses_markers) != 0;
  if ((flags & flag_some_are_gone) != 0)
    for (auto& address : unpack_texts(in)) session.gone.insert(std::move(address));
  session.named_cursor = session.cursor + ((flags & flag_named_is_ahead) != 0 ? in.number() : 0);
  session.presence_is_stale = true;
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "a stream that cannot be read");
  return session;
}

std::optional<SessionHead> head_of_session(std::string_view bytes) {
  Unpacker in{bytes};
  auto const version = in.number();
  if (version < 2 || version > record_version) return std::nullopt;
  SessionHead head{.lost_at = in.optional_instant(), .instance = model::InstanceId{in.uuid()}};
  return in.failed() ? std::nullopt : std::optional(std::move(head));
}

}  // namespace reveille::decide
