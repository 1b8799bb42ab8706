// ClientStream: the server's side of one client's stream, from its first byte to its last, without a socket.
//
// What:     bytes and answers in, actions out: STARTTLS, SASL, resource binding, stream management, stanzas, nonzas,
// the
//           end. It frames, counts and checks; what stanzas mean is the business of who performs Deliver. Each on_… and
//           each order gives the actions to perform, in order.
// Lifetime: one a connection; a resumed stream is a new ClientStream that goes on with the old one's counters.
// Threads:  one. Memory: an idle one holds its names and counters, no buffers.
// Requires: after StartTls, StartSasl, ContinueSasl, RequestBind, RequestEnable and RequestResume it waits: more input
// is
//           kept (at most what has been given), and waits() is true so that its runner stops reading.
// Errors:   a peer's fault becomes a stream error and Finish, as RFC 6120 section 4.9 says.
// Source:   RFC 6120 sections 4 to 8; XEP-0198, XEP-0352, XEP-0368; our mode nonza.
#pragma once

#include "base/instant.hpp"
#include "base/random.hpp"
#include "wire/xmpp/jid.hpp"
#include "wire/xmpp/stream_management.hpp"
#include "wire/xmpp/xml.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reveille::xmpp {

enum class Security : std::uint8_t { plain, tls };
enum class ClientState : std::uint8_t { active, inactive };
enum class AppMode : std::uint8_t { foreground, background };
enum class StreamEnd : std::uint8_t {
  closed_by_peer,  // a clean </stream>
  closed_by_us,
  lost,     // the connection went away, or its peer does not read
  overdue,  // it looks alive, but an acknowledgement did not come in time (B-MODE-4)
  fault     // the peer broke the protocol, or did not sign in in time
};

struct ClientStreamSettings {
  std::vector<std::string> domains = {"localhost"};
  std::vector<std::string> mechanisms = {"SCRAM-SHA-256", "SCRAM-SHA-1"};
  Duration negotiation_wait = 30s;  // from the first byte to a bound resource
  std::uint32_t most_unhandled = 64;
  unsigned most_sign_in_attempts = 3;  // RFC 6120 section 6.4.5: at least 2 retries
  XmlLimits before_sign_in = {.stanza_bytes = 16 * 1024, .depth = 8, .elements = 64};
  XmlLimits after_sign_in = {};
  RequestPolicy requests = {};
};

namespace action {
struct Write {
  std::string bytes = {};
};
struct StartTls {};  // after what was written has left
struct StartSasl {
  std::string mechanism = {};
  std::string initial = {};
  std::string domain = {};
};
struct ContinueSasl {
  std::string response = {};
};
struct AbortSasl {};
struct RequestBind {
  std::string resource = {};  // prepared
};
struct RequestEnable {
  Resumption resume = Resumption::no;
};
struct RequestResume {
  std::string previous = {};
  std::uint32_t h = 0;
};
struct Deliver {
  Element stanza = {};  // with the sender's full JID as its 'from'
};
struct Acknowledged {
  std::uint32_t h = 0;
};
struct StateChanged {
  ClientState state = ClientState::active;
};
struct ModeChanged {
  AppMode mode = AppMode::foreground;
};
struct Finish {  // send what was written, then close the connection; nothing follows
  StreamEnd why = StreamEnd::lost;
};
}  // namespace action

using StreamAction =
    std::variant<action::Write, action::StartTls, action::StartSasl, action::ContinueSasl, action::AbortSasl,
                 action::RequestBind, action::RequestEnable, action::RequestResume, action::Deliver,
                 action::Acknowledged, action::StateChanged, action::ModeChanged, action::Finish>;
using StreamActions = std::vector<StreamAction>;

// What the SASL mechanism says (it runs outside).
struct SaslChallenge {
  std::string bytes = {};
};
struct SaslSuccess {
  std::string user = {};  // the localpart that has signed in
  std::string bytes = {};
};
struct SaslFailure {
  SaslError condition = SaslError::not_authorized;
};
using SaslAnswer = std::variant<SaslChallenge, SaslSuccess, SaslFailure>;

class ClientStream {
 public:
  // `settings` and `random` outlive the stream.
  ClientStream(ClientStreamSettings const& settings, Random& random, Security security, Instant now);

  // What the connection says.
  [[nodiscard]] StreamActions on_bytes(std::string_view bytes, Instant now);
  [[nodiscard]] StreamActions on_tls(Instant now);
  [[nodiscard]] StreamActions on_lost(StreamEnd why = StreamEnd::lost);
  [[nodiscard]] StreamActions on_deadline(Instant now);

  // What those say who were asked. An answer that was not asked for is ignored.
  [[nodiscard]] StreamActions on_sasl(SaslAnswer const& answer, Instant now);
  [[nodiscard]] StreamActions bound(std::string_view resource, Instant now);
  [[nodiscard]] StreamActions bind_refused(StanzaError condition, Instant now);
  [[nodiscard]] StreamActions enabled(Enabled const& enabled, Instant now);
  // Both counters go on from the old stream's: `received` stanzas of the client's, `sent` of ours, not all
  // acknowledged.
  struct Continuation {
    std::string resource = {};
    std::string previous = {};
    std::uint32_t received = 0;
    std::uint32_t acknowledged = 0;
  };
  [[nodiscard]] StreamActions resumed(Continuation const& state, Instant now);
  [[nodiscard]] StreamActions management_failed(Failed const& failed, Instant now);

  // Orders. `stanza` is one element as it reads in the stream.
  [[nodiscard]] StreamActions send(std::string_view stanza, Instant now);
  // `count` more delivered stanzas are dealt with: what they promise is on disk.
  [[nodiscard]] StreamActions handled(std::uint32_t count, Instant now);
  [[nodiscard]] StreamActions close();
  [[nodiscard]] StreamActions close(StreamError condition, std::string_view text = {});
  [[nodiscard]] StreamActions close(Element const& stream_error);

  // A request for acknowledgement is waited for from when its bytes have left, which its runner knows: how often it
  // was asked, and until when to wait for the last answer.
  [[nodiscard]] std::uint32_t requests_made() const { return requests_.asked(); }
  void wait_for_acknowledgement(Instant until) { requests_.wait_until(until); }

  [[nodiscard]] bool waits() const;
  [[nodiscard]] std::optional<Instant> deadline() const;
  // An acknowledgement did not come in time.
  [[nodiscard]] bool is_overdue(Instant now) const;
  [[nodiscard]] bool is_bound() const { return phase_ == Phase::bound; }
  [[nodiscard]] bool is_finished() const { return phase_ == Phase::finished; }
  [[nodiscard]] Jid const& address() const { return address_; }

 private:
  // What is expected next; the stream's features follow from it and from security_.
  //
  //   header ──▶ securing ──tls──▶ header ──▶ signing_in ⇄ challenged ──success──▶ header ──▶ binding ──▶ bound
  //                                                                                               any ──▶ finished
  enum class Phase : std::uint8_t { header, securing, signing_in, challenged, binding, bound, finished };
  enum class Wait : std::uint8_t { none, tls, sasl, bind, enable, resume };

  void read(std::string_view input, Instant now);
  void on_event(StreamEvent event, Instant now);
  void on_header(StreamOpened const& opened);
  void on_element(Element element, Instant now);
  void on_first_level(Element const& element);
  void on_sasl_element(Element const& element);
  void on_authenticate(Element const& element);
  void on_respond(Element const& element);
  void on_binding_element(Element const& element);
  void on_bind(Element const& iq, Element const& bind);
  void on_bound_element(Element element, Instant now);
  void on_stanza(Element stanza);
  void on_management(Element const& element, Instant now);
  void on_client_state(Element const& element);
  void on_mode(Element const& element);

  void write(std::string_view text);
  void write(Element const& element);
  void write_header();
  void write_features();
  void fail_sasl(SaslError condition);
  void fault(StreamError condition, std::string_view text = {});
  void finish(StreamEnd why);
  void stop_waiting(Instant now);
  [[nodiscard]] bool is_answer_to(Wait wait);
  [[nodiscard]] StreamActions take();
  // What was handed over before <enable/> and is dealt with behind it does not count.
  [[nodiscard]] std::uint32_t h_of(std::uint32_t total) const {
    bool const counts = static_cast<std::int32_t>(total - counted_from_) >= 0;
    return (counts ? total : counted_from_) - count_base_;
  }

  ClientStreamSettings const* settings_;
  Random* random_;
  StreamParser parser_;
  StreamActions actions_ = {};
  std::string backlog_ = {};  // input that came while an answer is awaited
  std::string claimed_ = {};  // the bare address that the header says it is from
  Jid address_ = {};          // domain from the header, localpart from SASL, resource from binding
  std::string bind_id_ = {};  // of the IQ that asked to bind
  Phase phase_ = Phase::header;
  Wait wait_ = Wait::none;
  Security security_ = Security::plain;
  bool header_sent_ = false;
  bool managed_ = false;  // stream management is on
  unsigned failures_ = 0;
  Instant negotiate_by_ = {};
  ReceivedCount received_{};        // since binding
  std::uint32_t count_base_ = 0;    // what received_ stood at when stream management counted 0
  std::uint32_t counted_from_ = 0;  // what received_ stood at when stream management began
  std::uint32_t sent_ = 0;
  std::uint32_t acknowledged_ = 0;
  AcknowledgementRequests requests_;
};

}  // namespace reveille::xmpp
