#include "wire/xmpp/client_stream.hpp"

#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>
#include <utility>

namespace reveille::xmpp {
namespace {

constexpr std::string_view stream_end = "</stream:stream>";

}  // namespace

ClientStream::ClientStream(ClientStreamSettings const& settings, Random& random, Security security, Instant now)
    : settings_(&settings),
      random_(&random),
      parser_(settings.before_sign_in),
      security_(security),
      negotiate_by_(now + settings.negotiation_wait),
      requests_(settings.requests) {}

StreamActions ClientStream::take() {
  return std::exchange(actions_, {});
}

StreamActions ClientStream::on_bytes(std::string_view bytes, Instant now) {
  if (wait_ != Wait::none) {
    backlog_ += bytes;
  } else {
    read(bytes, now);
  }
  return take();
}

void ClientStream::read(std::string_view input, Instant now) {
  while (wait_ == Wait::none && phase_ != Phase::finished) {
    auto event = parser_.next(input);
    if (!event) return;
    on_event(std::move(*event), now);
  }
  // RFC 6120 section 5.4.3.3: what was sent in clear before the handshake is dropped.
  if (wait_ != Wait::none && wait_ != Wait::tls) backlog_.append(input);
}

void ClientStream::on_event(StreamEvent event, Instant now) {
  if (auto* element = std::get_if<Element>(&event)) return on_element(std::move(*element), now);
  if (auto const* opened = std::get_if<StreamOpened>(&event)) return on_header(*opened);
  if (auto const* bad = std::get_if<StreamFault>(&event)) return fault(bad->condition);
  // RFC 6120 section 4.4: the peer closes; we answer in kind. XEP-0198 section 4: with a last <a/>.
  if (managed_) write(to_element(Ack{.h = h_of(received_.handled())}));
  if (header_sent_) write(stream_end);
  finish(StreamEnd::closed_by_peer);
}

void ClientStream::on_element(Element element, Instant now) {
  switch (phase_) {
    case Phase::header:
    case Phase::finished: return;
    case Phase::securing: return on_first_level(element);
    case Phase::signing_in:
    case Phase::challenged: return on_sasl_element(element);
    case Phase::binding: return on_binding_element(element);
    case Phase::bound: return on_bound_element(std::move(element), now);
  }
  std::unreachable();
}

void ClientStream::on_bound_element(Element element, Instant now) {
  if (element.space == ns::client) return on_stanza(std::move(element));
  if (element.space == ns::stream_management) return on_management(element, now);
  if (element.space == ns::client_state) return on_client_state(element);
  if (element.space == ns::mode) return on_mode(element);
  fault(StreamError::unsupported_stanza_type);
}

void ClientStream::on_stanza(Element stanza) {
  if (!kind_of(stanza)) return fault(StreamError::unsupported_stanza_type);
  // RFC 6120 section 8.1.2.1: the server stamps 'from', and refuses what is neither the full nor the bare JID.
  if (stanza.has_attribute("from")) {
    auto const from = parse_jid(stanza.attribute("from"));
    if (!from || (*from != address_ && *from != address_.bare())) return fault(StreamError::invalid_from);
  }
  stanza.set("from", address_.text());
  received_.receive();
  actions_.emplace_back(action::Deliver{.stanza = std::move(stanza)});
}

void ClientStream::on_management(Element const& element, Instant now) {
  auto const management = read_management(element);
  if (!management) return fault(StreamError::bad_format);
  if (auto const* enable = std::get_if<Enable>(&*management)) {
    // XEP-0198 section 3: a second <enable/> is refused, and the stream goes on.
    if (managed_) return write(to_element(Failed{.condition = StanzaError::unexpected_request}));
    wait_ = Wait::enable;
    actions_.emplace_back(action::RequestEnable{.resume = enable->resume});
  } else if (std::holds_alternative<Resume>(*management)) {
    write(to_element(Failed{.condition = StanzaError::unexpected_request}));
  } else if (!managed_) {
    fault(StreamError::unsupported_stanza_type);
  } else if (std::holds_alternative<AckRequest>(*management)) {
    if (auto const h = received_.request()) write(to_element(Ack{.h = h_of(*h)}));
  } else if (auto const* ack = std::get_if<Ack>(&*management)) {
    auto const progress = std::exchange(acknowledged_, ack->h) == ack->h ? Progress::none : Progress::some;
    actions_.emplace_back(action::Acknowledged{.h = ack->h});
    if (requests_.answered(now, progress, sent_ - acknowledged_)) write(to_element(AckRequest{}));
  }
}

// XEP-0352 section 4.
void ClientStream::on_client_state(Element const& element) {
  if (element.name == "active") actions_.emplace_back(action::StateChanged{.state = ClientState::active});
  if (element.name == "inactive") actions_.emplace_back(action::StateChanged{.state = ClientState::inactive});
}

void ClientStream::on_mode(Element const& element) {
  auto const state = element.attribute("state");
  if (state == "foreground") actions_.emplace_back(action::ModeChanged{.mode = AppMode::foreground});
  if (state == "background") actions_.emplace_back(action::ModeChanged{.mode = AppMode::background});
}

StreamActions ClientStream::enabled(Enabled const& enabled, Instant now) {
  if (!is_answer_to(Wait::enable)) return take();
  managed_ = true;
  count_base_ = counted_from_ = received_.received();
  write(to_element(enabled));
  stop_waiting(now);
  return take();
}

StreamActions ClientStream::send(std::string_view stanza, Instant now) {
  if (phase_ != Phase::bound) return take();
  write(stanza);
  if (managed_) {
    ++sent_;
    if (requests_.should_ask(now)) write(to_element(AckRequest{}));
  }
  return take();
}

StreamActions ClientStream::handled(std::uint32_t count, Instant now) {
  if (phase_ != Phase::bound) return take();
  bool const was_full = waits();
  auto const asked = received_.handle(count);
  if (asked && managed_) write(to_element(Ack{.h = h_of(*asked)}));
  if (was_full && !waits() && !backlog_.empty()) stop_waiting(now);
  return take();
}

StreamActions ClientStream::close() {
  if (phase_ == Phase::finished) return take();
  if (managed_) write(to_element(Ack{.h = h_of(received_.handled())}));
  if (header_sent_) write(stream_end);
  finish(StreamEnd::closed_by_us);
  return take();
}

StreamActions ClientStream::close(StreamError condition, std::string_view text) {
  return close(make_stream_error(condition, text));
}

StreamActions ClientStream::close(Element const& stream_error) {
  if (phase_ == Phase::finished) return take();
  if (!header_sent_) write_header();
  write(stream_error);
  write(stream_end);
  finish(StreamEnd::closed_by_us);
  return take();
}

StreamActions ClientStream::on_lost(StreamEnd why) {
  if (phase_ != Phase::finished) finish(why);
  return take();
}

StreamActions ClientStream::on_deadline(Instant now) {
  if (phase_ == Phase::finished) return take();
  if (phase_ != Phase::bound && now >= negotiate_by_) fault(StreamError::connection_timeout);
  if (is_overdue(now)) {
    // The peer does not read: what is written here reaches it only if it was merely slow.
    write(make_stream_error(StreamError::connection_timeout));
    write(stream_end);
    finish(StreamEnd::overdue);
  } else if (phase_ == Phase::bound && requests_.should_ask_again(now)) {
    write(to_element(AckRequest{}));
  }
  return take();
}

bool ClientStream::waits() const {
  if (phase_ == Phase::finished) return false;
  return wait_ != Wait::none || received_.received() - received_.handled() >= settings_->most_unhandled;
}

std::optional<Instant> ClientStream::deadline() const {
  if (phase_ == Phase::finished) return std::nullopt;
  return phase_ == Phase::bound ? requests_.deadline() : std::optional(negotiate_by_);
}

bool ClientStream::is_overdue(Instant now) const {
  return phase_ == Phase::bound && requests_.overdue_at() && now >= *requests_.overdue_at();
}

bool ClientStream::is_answer_to(Wait wait) {
  return phase_ != Phase::finished && wait_ == wait;
}

// What came meanwhile is read now.
void ClientStream::stop_waiting(Instant now) {
  wait_ = Wait::none;
  auto const input = std::exchange(backlog_, {});
  read(input, now);
}

void ClientStream::write(std::string_view text) {
  if (!actions_.empty())
    if (auto* last = std::get_if<action::Write>(&actions_.back())) {
      last->bytes += text;
      return;
    }
  actions_.emplace_back(action::Write{.bytes = std::string(text)});
}

void ClientStream::write(Element const& element) {
  write(to_xml(element, ns::client));
}

// RFC 6120 section 4.9.1.1: an error before the header is answered inside a header of ours.
void ClientStream::fault(StreamError condition, std::string_view text) {
  if (!header_sent_) write_header();
  write(make_stream_error(condition, text));
  write(stream_end);
  finish(StreamEnd::fault);
}

void ClientStream::finish(StreamEnd why) {
  if (phase_ == Phase::challenged || wait_ == Wait::sasl) actions_.emplace_back(action::AbortSasl{});
  phase_ = Phase::finished;
  wait_ = Wait::none;
  backlog_.clear();
  actions_.emplace_back(action::Finish{.why = why});
}

}  // namespace reveille::xmpp
