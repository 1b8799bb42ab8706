#include "dispatch/im_runtime.hpp"

#include "base/packing.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace reveille::dispatch {
namespace {

// The packed form is a row of these, each with its bytes.
enum class Kept : std::uint8_t { roster, session, session_shown_awake, session_shown_asleep, inbox };

constexpr std::uint64_t inbox_version = 1;
constexpr std::size_t most_noted = 10'000;  // a record with more is damaged

void append(std::string& packed, Kept kind, std::string_view bytes) {
  Packer out;
  out.choice(kind);
  out.text(bytes);
  packed += out.take();
}

void append(PackedText& packed, Kept kind, std::string_view bytes) {
  std::string longer{packed.view()};
  append(longer, kind, bytes);
  packed.assign(longer);
}

void add_session(ImState& state, Kept kind, std::string_view bytes, decide::ImContext const& context) {
  auto session = decide::unpack_session(bytes);
  if (!session) return;
  auto const& added = state.im.sessions.emplace_back(std::move(*session));
  // One that comes from the store has been shown as it is now.
  state.shown[added.resource] = kind == Kept::session_shown_awake    ? decide::Awakeness::awake
                                : kind == Kept::session_shown_asleep ? decide::Awakeness::asleep
                                                                     : decide::awakeness_of(state.im, added, context);
}

void add(ImState& state, Kept kind, std::string const& bytes, decide::ImContext const& context) {
  switch (kind) {
    case Kept::roster:
      if (auto roster = model::unpack_roster(bytes)) state.im.roster = std::move(*roster);
      break;
    case Kept::session:
    case Kept::session_shown_awake:
    case Kept::session_shown_asleep: add_session(state, kind, bytes, context); break;
    case Kept::inbox: state.inbox = unpack_inbox(bytes); break;
  }
}

ImState unpack_state(Entry const& entry, std::string_view packed, decide::ImContext const& context) {
  ImState state;
  if (auto jid = xmpp::parse_jid(entry.account().value)) state.im.jid = std::move(*jid);
  state.im.devices = entry.registrations().devices;
  for (Unpacker in{packed}; !in.at_end() && !in.failed();) {
    auto const kind = in.choice(Kept::inbox);
    add(state, kind, in.text(), context);
  }
  return state;
}

}  // namespace

std::string pack(Inbox const& inbox) {
  Packer out;
  out.number(inbox_version);
  out.number(inbox.displayed);
  out.number(inbox.pushes.size());
  for (auto const& push : inbox.pushes) {
    out.choice(push.state);
    out.uuid(push.instance.value);
    out.number(push.row);
    out.text(push.peer);
  }
  return out.take();
}

Inbox unpack_inbox(std::string_view bytes) {
  Inbox inbox;
  Unpacker in{bytes};
  if (bytes.empty()) return inbox;
  if (in.number() != inbox_version) {
    // The first form was the newest displayed row in decimal digits.
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), inbox.displayed);
    return inbox;
  }
  inbox.displayed = in.number();
  for (auto count = in.count(most_noted); count > 0 && !in.failed(); --count) {
    auto const state = in.choice(NotedPush::State::sent);
    model::InstanceId instance{in.uuid()};
    auto const row = in.number();
    inbox.pushes.push_back({.state = state, .instance = std::move(instance), .row = row, .peer = in.text()});
  }
  return in.failed() ? Inbox{} : inbox;
}

bool ImState::is_live() const {
  return !catching_up.empty() || std::ranges::any_of(im.sessions, &decide::ImSession::is_live);
}

model::Liveness ImRuntime::liveness_of(model::InstanceId const& instance) const {
  if (!state_) return {};
  for (auto const& session : state_->im.sessions)
    if (session.is_live() && session.instance == instance)
      return {.xmpp_stream = true, .inactive = session.client_state == xmpp::ClientState::inactive};
  return {};
}

ImState& ImRuntime::unpack(decide::ImContext const& context) {
  if (state_) return *state_;
  state_ = std::make_unique<ImState>(peek(context));
  return *state_;
}

ImState ImRuntime::peek(decide::ImContext const& context) const {
  return unpack_state(expiry.entry(), packed_.view(), context);
}

void ImRuntime::pack() {
  if (!state_) return;
  auto const& state = *state_;
  std::string packed;
  if (state.im.roster != model::Roster{}) append(packed, Kept::roster, model::pack(state.im.roster));
  for (auto const& session : state.im.sessions) {
    auto const shown = state.shown.find(session.resource);
    bool const asleep = shown != state.shown.end() && shown->second == decide::Awakeness::asleep;
    append(packed, asleep ? Kept::session_shown_asleep : Kept::session_shown_awake, decide::pack(session));
  }
  if (state.inbox != Inbox{}) append(packed, Kept::inbox, dispatch::pack(state.inbox));
  packed_.assign(packed);
  state_.reset();
}

bool ImRuntime::has_no_session() const {
  if (state_) return state_->im.sessions.empty();
  for (Unpacker in{packed_.view()}; !in.at_end() && !in.failed(); (void)in.view()) {
    auto const kind = in.choice(Kept::inbox);
    if (kind == Kept::session || kind == Kept::session_shown_awake || kind == Kept::session_shown_asleep) return false;
  }
  return true;
}

void ImRuntime::keep_roster(std::string_view packed) {
  append(packed_, Kept::roster, packed);
}

void ImRuntime::keep_session(std::string_view packed) {
  append(packed_, Kept::session, packed);
}

void ImRuntime::keep_inbox(Inbox const& inbox) {
  append(packed_, Kept::inbox, dispatch::pack(inbox));
}

}  // namespace reveille::dispatch
