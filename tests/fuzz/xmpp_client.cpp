#include "decide/xmpp/archive.hpp"
#include "decide/xmpp/iq.hpp"
#include "decide/xmpp/message.hpp"
#include "decide/xmpp/presence.hpp"
#include "wire/xmpp/client_stream.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

using namespace reveille;

namespace {

void check(bool holds) {
  if (!holds) __builtin_trap();
}

// A client who may sign in as he likes, before the machine of his stream and the decisions about his stanzas.
class House {
 public:
  explicit House(xmpp::Security security) : stream_(settings_, random_, security, now_) {}

  void hear(std::string_view bytes) { perform(stream_.on_bytes(bytes, now_)); }
  void cut() { perform(stream_.on_lost()); }
  [[nodiscard]] bool is_finished() const { return stream_.is_finished(); }

 private:
  void perform(xmpp::StreamActions actions) {
    for (auto& action : actions) {
      check(!ended_);
      std::visit([this](auto& one) { act(one); }, action);
    }
  }
  void act(xmpp::action::Write const&) {}
  void act(xmpp::action::StartTls const&) { perform(stream_.on_tls(now_)); }
  void act(xmpp::action::StartSasl const&) { perform(stream_.on_sasl(xmpp::SaslChallenge{"?"}, now_)); }
  void act(xmpp::action::ContinueSasl const&) { perform(stream_.on_sasl(xmpp::SaslSuccess{.user = "juliet"}, now_)); }
  void act(xmpp::action::AbortSasl const&) {}
  void act(xmpp::action::RequestBind const& bind) {
    session_.resource = bind.resource;
    perform(stream_.bound(bind.resource, now_));
  }
  void act(xmpp::action::RequestEnable const& enable) {
    if (enable.resume == xmpp::Resumption::yes) session_.resume_id = "r";
    perform(stream_.enabled({}, now_));
  }
  void act(xmpp::action::RequestResume const& resume) {
    perform(stream_.resumed({.resource = "balcony", .previous = resume.previous}, now_));
  }
  void act(xmpp::action::Deliver& deliver) {
    decide::ImAccount account{.jid = stream_.address().bare(), .roster = roster_, .sessions = {session_}};
    decide::ImContext const context{.now = now_, .policy = &policy_, .domain = "localhost"};
    decide::ImEffects effects;
    auto& session = account.sessions.front();
    session.stream = {.slot = 1, .generation = 1};
    (void)decide::traits_of(deliver.stanza);
    (void)decide::read_archive_query(deliver.stanza, decide::ArchiveIds{"of the fuzzer"});
    auto const kind = kind_of(deliver.stanza);
    if (kind == xmpp::StanzaKind::presence)
      decide::on_outbound_presence(account, session, std::move(deliver.stanza), context, effects);
    else if (kind == xmpp::StanzaKind::iq)
      decide::on_outbound_iq(account, session, std::move(deliver.stanza), context, effects);
    for (auto const& one : effects.deliveries) send(one.stanza);
    for (auto const& one : effects.routes) route(one, context);
    roster_ = account.roster;
    session_ = account.sessions.empty() ? decide::ImSession{} : account.sessions.front();
    keep();
    perform(stream_.handled(1, now_));
  }
  void act(xmpp::action::Acknowledged const&) {}
  void act(xmpp::action::StateChanged const&) {}
  void act(xmpp::action::ModeChanged const&) {}
  void act(xmpp::action::Finish const&) { ended_ = true; }

  // What we say reads as it was meant.
  void send(xmpp::Element const& stanza) {
    auto const text = to_xml(stanza, xmpp::ns::client);
    auto const again = xmpp::parse_element(text);
    check(again && to_xml(*again, xmpp::ns::client) == text);
    if (stream_.is_bound()) perform(stream_.send(text, now_));
  }
  // Somebody who is sent it, and who sends the same to others.
  void route(xmpp::Element const& stanza, decide::ImContext const& context) {
    decide::ImAccount other{.jid = xmpp::parse_jid("romeo@localhost").value()};
    other.sessions.push_back({.resource = "orchard", .stream = {.slot = 2, .generation = 1}, .presence = stanza});
    decide::ImEffects effects;
    if (kind_of(stanza) == xmpp::StanzaKind::presence) decide::on_inbound_presence(other, stanza, context, effects);
    if (kind_of(stanza) == xmpp::StanzaKind::iq) decide::on_inbound_iq(other, stanza, effects);
    for (auto const& one : effects.deliveries) send(one.stanza);
  }
  // What is kept of the session is the session.
  void keep() {
    auto const packed = pack(session_);
    auto const again = decide::unpack_session(packed);
    check(again && pack(*again) == packed);
  }

  Instant now_ = from_unix_seconds(1'800'000'000);
  xmpp::ClientStreamSettings settings_ = {};
  SeededRandom random_{1};
  model::Policy policy_ = {};
  model::Roster roster_ = {};
  decide::ImSession session_ = {};
  xmpp::ClientStream stream_;
  bool ended_ = false;
};

}  // namespace

// The first byte says into which pieces the rest is cut, and whether there is TLS already.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  House house{size > 0 && data[0] % 2 == 1 ? xmpp::Security::tls : xmpp::Security::plain};
  std::size_t const piece = size == 0 ? 1 : data[0] + 1U;
  for (std::size_t at = 1; at < size && !house.is_finished(); at += piece)
    house.hear({reinterpret_cast<char const*>(data) + at, std::min(piece, size - at)});
  house.cut();
  return 0;
}
