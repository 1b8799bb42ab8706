#include "dispatch/im_runtime.hpp"

#include "base/packing.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

// The packed form is a row of these, each with its bytes.
enum class Kept : std::uint8_t { roster, session, session_shown_awake, session_shown_asleep, pushed, displayed };

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

std::string pack_number(std::uint64_t number) {
  Packer out;
  out.number(number);
  return out.take();
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
  Unpacker in{bytes};
  switch (kind) {
    case Kept::roster:
      if (auto roster = model::unpack_roster(bytes)) state.im.roster = std::move(*roster);
      break;
    case Kept::session:
    case Kept::session_shown_awake:
    case Kept::session_shown_asleep: add_session(state, kind, bytes, context); break;
    case Kept::pushed: {
      model::InstanceId instance{in.uuid()};
      state.pushed[std::move(instance)] = model::PushId{in.uuid()};
      break;
    }
    case Kept::displayed: state.displayed = in.number(); break;
  }
}

ImState unpack_state(Entry const& entry, std::string_view packed, decide::ImContext const& context) {
  ImState state;
  if (auto jid = xmpp::parse_jid(entry.account().value)) state.im.jid = std::move(*jid);
  state.im.devices = entry.registrations().devices;
  for (Unpacker in{packed}; !in.at_end() && !in.failed();) {
    auto const kind = in.choice(Kept::displayed);
    add(state, kind, in.text(), context);
  }
  return state;
}

}  // namespace

bool ImState::is_live() const {
  return !catching_up.empty() || std::ranges::any_of(im.sessions, &decide::ImSession::is_live);
}

model::Liveness ImRuntime::liveness_of(model::InstanceId const& instance) const {
  if (!state_) return {};
  for (auto const& session : state_->im.sessions)
    if (session.is_live() && session.instance == instance) return {.xmpp_stream = true};
  return {};
}

ImState& ImRuntime::unpack(decide::ImContext const& context) {
  if (state_) return *state_;
  state_ = std::make_unique<ImState>(peek(context));
  packed_.assign({});
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
  for (auto const& [instance, push] : state.pushed) {
    Packer out;
    out.uuid(instance.value);
    out.uuid(push.value);
    append(packed, Kept::pushed, out.take());
  }
  if (state.displayed != 0) append(packed, Kept::displayed, pack_number(state.displayed));
  packed_.assign(packed);
  state_.reset();
}

bool ImRuntime::has_no_session() const {
  if (state_) return state_->im.sessions.empty();
  for (Unpacker in{packed_.view()}; !in.at_end() && !in.failed(); (void)in.view()) {
    auto const kind = in.choice(Kept::displayed);
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

void ImRuntime::keep_displayed(std::uint64_t row) {
  append(packed_, Kept::displayed, pack_number(row));
}

}  // namespace reveille::dispatch
