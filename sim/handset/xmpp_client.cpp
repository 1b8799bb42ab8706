// Stanzas in and out, the mode, acknowledgements, and what is done when a link is lost.
#include "sim/handset/xmpp_client.hpp"

#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>

namespace reveille::sim::handset {

using xmpp::Element;
using xmpp::make_element;
namespace ns = xmpp::ns;

namespace {

constexpr std::size_t ids_remembered = 10'000;
constexpr std::size_t most_unacknowledged = 1000;
constexpr Duration longest_reconnect = 10s;

}  // namespace

void XmppClient::sign_in(AppMode mode, Instant now, Done done) {
  mode_ = mode;
  wanted_ = true;
  if (phase_ == Phase::online) return done({});
  waiting_.push_back(std::move(done));
  if (phase_ == Phase::offline && !reconnect_at_) {
    phase_ = Phase::opening;
    overdue_at_ = now + 30s;
    host_.open_link();
  }
}

// The push ends, then the stream, cleanly; after that there is nothing to resume.
void XmppClient::sign_out(Instant now, Done done) {
  wanted_ = false;
  reconnect_at_.reset();
  auto leave = [this, done = std::move(done)] {
    send_stanza(make_element("presence", ns::client, {{"type", "unavailable"}}), {});
    host_.send("</stream:stream>");
    host_.drop_link(LinkEnd::clean);
    link_is_up_ = false;
    phase_ = Phase::offline;
    session_id_.clear();
    overdue_at_.reset();
    done({});
  };
  if (phase_ != Phase::online) {
    host_.drop_link(LinkEnd::abrupt);
    phase_ = Phase::offline;
    session_id_.clear();
    return done({});
  }
  if (!identity_.push) return leave();
  send_iq(xmpp::IqType::set, disable_push(identity_.domain(), identity_.instance), now,
          [leave = std::move(leave)](Element const&, Instant) { leave(); });
}

void XmppClient::set_mode(AppMode mode, Instant now) {
  bool const changed = mode != mode_;
  mode_ = mode;
  if (!wanted_) return;
  if (phase_ == Phase::online) {
    if (changed) tell_mode();
    mark_displayed(now);
    if (mode == AppMode::foreground) host_.caught_up();
  } else if (phase_ == Phase::offline && mode == AppMode::foreground) {
    reconnect_at_.reset();
    phase_ = Phase::opening;
    overdue_at_ = now + 30s;
    host_.open_link();
  }
}

void XmppClient::woke() {
  host_.drop_link(LinkEnd::abrupt);
  link_is_up_ = false;
  phase_ = Phase::offline;
  overdue_at_.reset();
  reconnect_at_.reset();
  iqs_.clear();
}

void XmppClient::send_message(std::string const& to, std::string const& text, Instant now, Done done) {
  if (phase_ != Phase::online) return done("not connected to IM & presence");
  if (unacknowledged_.size() >= most_unacknowledged) return done("too many messages wait for the server");
  send_stanza(chat_message(to, random_.uuid(), text), now, std::move(done));
}

void XmppClient::on_link_up(Instant now) {
  link_is_up_ = true;
  overdue_at_ = now + 30s;
  begin_stream();
}

void XmppClient::on_link_lost(std::string const& why, Instant now) {
  link_is_up_ = false;
  lose(why, now);
}

// In the foreground a lost link is replaced; in the background it stays lost until the user comes back.
void XmppClient::lose(std::string const& why, Instant now) {
  if (link_is_up_) host_.drop_link(LinkEnd::abrupt);
  link_is_up_ = false;
  bool const was_online = phase_ == Phase::online;
  phase_ = Phase::offline;
  overdue_at_.reset();
  iqs_.clear();
  if (!was_online) host_.emit("error", {{"what", "xmpp"}, {"why", why}});
  if (!wanted_ || mode_ == AppMode::background) return finish(why);
  reconnect_at_ = now + reconnect_after_;
  reconnect_after_ = std::min(2 * reconnect_after_, longest_reconnect);
}

void XmppClient::on_bytes(std::string_view bytes, Instant now) {
  while (link_is_up_) {
    auto event = parser_.next(bytes);
    if (!event) return;
    if (auto* element = std::get_if<Element>(&*event)) {
      on_element(*element, now);
      // RFC 6120 section 6.4.6: what follows success belongs to a new stream.
      if (phase_ == Phase::authenticated && element->is("success", ns::sasl)) return;
    } else if (std::holds_alternative<xmpp::StreamClosed>(*event)) {
      return lose("the server closed the stream", now);
    } else if (std::holds_alternative<xmpp::StreamFault>(*event)) {
      return lose("the server sent what is not XMPP", now);
    }
  }
}

void XmppClient::on_element(Element const& element, Instant now) {
  if (element.is("features", ns::stream)) return on_features(element, now);
  if (element.is("error", ns::stream)) {
    auto const* condition = element.first_child();
    return lose("stream error " + (condition == nullptr ? std::string("without a condition") : condition->name), now);
  }
  if (element.space == ns::sasl) return on_sasl(element);
  if (auto const management = xmpp::read_management(element)) return on_management(*management, now);
  if (!xmpp::kind_of(element)) return;
  if (managed_) received_.receive();
  on_stanza(element, now);
  if (managed_)
    if (auto const h = received_.handle()) send_nonza(xmpp::to_element(xmpp::Ack{*h}));
}

void XmppClient::on_stanza(Element const& stanza, Instant now) {
  switch (*xmpp::kind_of(stanza)) {
    case xmpp::StanzaKind::message: return on_message(stanza, now);
    case xmpp::StanzaKind::presence: return on_presence(stanza, now);
    case xmpp::StanzaKind::iq: return on_iq(stanza, now);
  }
}

void XmppClient::on_message(Element const& message, Instant now) {
  // XEP-0313 section 4.2: results come from our own archive alone.
  auto const from = message.attribute("from");
  if (!archive_query_.empty() && (from.empty() || bare_of(from) == identity_.address)) {
    if (auto const archived = read_archived(message, archive_query_)) {
      page_end_ = archived->archive_id;
      return show(*archived, now);
    }
  }
  if (auto const incoming = read_message(message, identity_.address)) show(*incoming, now);
}

// Each message once, whatever way it came (B-IM-1).
void XmppClient::show(IncomingMessage const& message, Instant now) {
  if (!message.archive_id.empty()) {
    if (std::ranges::find(seen_, message.archive_id) != seen_.end()) return;
    seen_.push_back(message.archive_id);
    if (seen_.size() > ids_remembered) seen_.pop_front();
    host_.remember_archive_id(message.archive_id);
  }
  if (message.text.empty() || message.from == identity_.address) return;
  host_.emit("message", {{"from", message.from}, {"text", message.text}, {"archive_id", message.archive_id}});
  if (message.markable && !message.id.empty()) unmarked_[message.from] = message.id;
  if (phase_ == Phase::online) mark_displayed(now);
}

// XEP-0333 section 4.1: the newest one stands for those before it.
void XmppClient::mark_displayed(Instant now) {
  if (mode_ != AppMode::foreground) return;
  for (auto const& [conversation, id] : std::exchange(unmarked_, {}))
    send_stanza(displayed_marker(conversation, random_.uuid(), id), now);
}

void XmppClient::on_presence(Element const& presence, Instant now) {
  auto const type = xmpp::presence_type_of(presence);
  auto const from = bare_of(presence.attribute("from"));
  if (!type) return;
  if (*type == xmpp::PresenceType::subscribe)
    return send_stanza(make_element("presence", ns::client, {{"to", from}, {"type", "subscribed"}}), now);
  if (*type != xmpp::PresenceType::available && *type != xmpp::PresenceType::unavailable) return;
  bool const available = *type == xmpp::PresenceType::available;
  auto const show = presence.child_text("show");
  host_.emit(
      "presence",
      {{"from", from},
       {"resource", presence.attribute("from").substr(std::min(from.size() + 1, presence.attribute("from").size()))},
       {"show", !available     ? std::string("unavailable")
                : show.empty() ? std::string("available")
                               : show},
       {"status", presence.child_text("status")},
       {"reachable", presence.child({}, ns::reachability) != nullptr}});
}

void XmppClient::on_iq(Element const& iq, Instant now) {
  auto const type = xmpp::iq_type_of(iq);
  if (!type) return;
  if (*type == xmpp::IqType::result || *type == xmpp::IqType::error) {
    auto node = iqs_.extract(std::string(iq.attribute("id")));
    if (!node.empty()) node.mapped()(iq, now);
    return;
  }
  auto const* payload = iq.first_child();
  bool const ping = payload != nullptr && payload->is("ping", ns::ping);
  bool const roster_push = payload != nullptr && payload->is("query", ns::roster) && *type == xmpp::IqType::set;
  if (ping || roster_push) return send_stanza(xmpp::result_of(iq), now);
  if (auto const refusal = xmpp::error_of(iq, xmpp::StanzaError::service_unavailable)) send_stanza(*refusal, now);
}

void XmppClient::send_stanza(Element const& stanza, Instant now, Done done) {
  auto bytes = xmpp::to_xml(stanza, ns::client);
  host_.send(bytes);
  if (!managed_) {
    if (done) done({});
    return;
  }
  sent_.send(next_reference_);
  unacknowledged_[next_reference_++] = {.bytes = std::move(bytes), .done = std::move(done)};
  if (requests_.should_ask(now)) send_nonza(xmpp::to_element(xmpp::AckRequest{}));
}

void XmppClient::send_iq(xmpp::IqType type, Element payload, Instant now, IqHandler handler) {
  auto const id = random_.hex(6);
  auto iq = xmpp::make_iq(type, id);
  iq.add(std::move(payload));
  iqs_[id] = std::move(handler);
  send_stanza(iq, now);
}

void XmppClient::send_nonza(Element const& nonza) {
  host_.send(xmpp::to_xml(nonza, ns::client));
}

// XEP-0352, and our own word for it, which presence follows (B-MODE-5).
void XmppClient::tell_mode() {
  send_nonza(make_element(mode_ == AppMode::foreground ? "active" : "inactive", ns::client_state));
  send_nonza(make_element("mode", ns::mode, {{"state", name_of(mode_)}}));
}

void XmppClient::acknowledge(std::uint32_t h, Instant now) {
  auto const acknowledged = sent_.acknowledge(h);
  if (!acknowledged) return lose("the server acknowledges what was not sent", now);
  for (auto const reference : *acknowledged) {
    auto node = unacknowledged_.extract(reference);
    if (!node.empty() && node.mapped().done) node.mapped().done({});
  }
}

void XmppClient::on_time(Instant now) {
  if (reconnect_at_ && *reconnect_at_ <= now) {
    reconnect_at_.reset();
    phase_ = Phase::opening;
    overdue_at_ = now + 30s;
    host_.open_link();
  }
  if (overdue_at_ && *overdue_at_ <= now) {
    if (phase_ != Phase::online) return lose("the server did not answer in time", now);
    overdue_at_.reset();
  }
  auto const overdue = requests_.overdue_at();
  if (phase_ != Phase::online) return;
  if (overdue && *overdue <= now) return lose("the server did not acknowledge in time", now);
  if (requests_.should_ask_again(now)) send_nonza(xmpp::to_element(xmpp::AckRequest{}));
}

std::optional<Instant> XmppClient::next_deadline() const {
  std::optional<Instant> earliest;
  auto const acknowledgement = phase_ == Phase::online ? requests_.deadline() : std::nullopt;
  for (auto const& at : {reconnect_at_, overdue_at_, acknowledgement})
    if (at && (!earliest || *at < *earliest)) earliest = at;
  return earliest;
}

void XmppClient::finish(std::string const& why) {
  for (auto const& done : std::exchange(waiting_, {})) done(why);
}

}  // namespace reveille::sim::handset
