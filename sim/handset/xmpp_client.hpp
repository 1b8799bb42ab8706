// XmppClient: the messaging side of a phone's app: one account, one stream at a time, one session over many streams.
//
//   offline ──open──▶ opening ──SASL──▶ signed in ──resume──▶ online
//      ▲                                    └─bind, enable──────▲
//      └──────────── the link is lost, or the app was suspended ─┘
//
// On iOS nothing is resumed before the app is on screen (design.md 6): in the background a lost link stays lost.
// A message counts once, by its archive id. What was sent and not acknowledged is sent again after a resumption.
// Threads: the app's. Pure but for its host. After each call ask next_deadline().
// Sources: RFC 6120 sections 4, 6, 7; RFC 6121; XEP-0198, 0313, 0333, 0352, 0357; interfaces.md 2.
#pragma once

#include "base/random.hpp"
#include "base/secret.hpp"
#include "sim/handset/app_mode.hpp"
#include "sim/handset/xmpp_stanzas.hpp"
#include "wire/xmpp/scram_client.hpp"
#include "wire/xmpp/stanza.hpp"
#include "wire/xmpp/stream_management.hpp"
#include "wire/xmpp/xml.hpp"

#include <boost/json/object.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sim::handset {

enum class LinkEnd : std::uint8_t { abrupt, clean };

class XmppHost {
 public:
  virtual ~XmppHost() = default;
  virtual void send(std::string const& bytes) = 0;
  // XmppClient::on_link_up or on_link_lost follows, never from inside this call.
  virtual void open_link() = 0;
  // No callback of that link comes after. `clean` lets what was sent arrive.
  virtual void drop_link(LinkEnd end) = 0;
  virtual void emit(std::string_view event, boost::json::object fields) = 0;
  [[nodiscard]] virtual std::string last_archive_id() = 0;
  virtual void remember_archive_id(std::string const& id) = 0;
  // Everything that waited is on the screen now.
  virtual void caught_up() = 0;
};

struct XmppIdentity {
  std::string address = {};  // juliet@localhost
  Secret password = {};
  std::string instance = {};
  std::optional<XmppPush> push = {};
  std::vector<std::string> contacts = {};  // whose presence is asked for

  [[nodiscard]] std::string user() const { return address.substr(0, address.find('@')); }
  [[nodiscard]] std::string domain() const { return address.substr(address.find('@') + 1); }
};

class XmppClient {
 public:
  using Done = std::function<void(std::string const& why)>;  // empty: it succeeded

  XmppClient(XmppIdentity identity, XmppHost& host, Random& random)
      : identity_(std::move(identity)), host_(host), random_(random) {}

  void sign_in(AppMode mode, Instant now, Done done);
  void sign_out(Instant now, Done done);
  void set_mode(AppMode mode, Instant now);
  // The app runs again after a suspension: its link is not to be trusted.
  void woke();
  // `done` hears when the server has it (XEP-0198).
  void send_message(std::string const& to, std::string const& text, Instant now, Done done);

  void on_link_up(Instant now);
  void on_link_lost(std::string const& why, Instant now);
  void on_bytes(std::string_view bytes, Instant now);
  void on_time(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  [[nodiscard]] bool is_online() const { return phase_ == Phase::online; }
  [[nodiscard]] bool is_signed_in() const { return wanted_; }
  [[nodiscard]] std::string const& jid() const { return jid_; }

 private:
  enum class Phase : std::uint8_t {
    offline,
    opening,
    authenticating,
    authenticated,
    resuming,
    binding,
    enabling,
    online
  };
  struct Unacknowledged {
    std::string bytes = {};
    Done done = {};
  };
  using IqHandler = std::function<void(xmpp::Element const& answer, Instant now)>;

  // xmpp_sign_in.cpp
  void begin_stream();
  void on_features(xmpp::Element const& features, Instant now);
  void on_sasl(xmpp::Element const& element);
  void resume_or_bind(Instant now);
  void bind(Instant now);
  void on_bound(xmpp::Element const& answer, Instant now);
  void on_management(xmpp::Management const& management, Instant now);
  void on_enabled(xmpp::Enabled const& enabled, Instant now);
  void on_resumed(xmpp::Resumed const& resumed, Instant now);
  void on_resumption_failed(xmpp::Failed const& failed, Instant now);
  void go_online(Instant now);
  void settle(Instant now);
  void catch_up(std::optional<std::string> const& after, Instant now);
  void sign_in_failed(std::string const& why);

  // xmpp_client.cpp
  void on_element(xmpp::Element const& element, Instant now);
  void on_stanza(xmpp::Element const& stanza, Instant now);
  void on_message(xmpp::Element const& message, Instant now);
  void on_presence(xmpp::Element const& presence, Instant now);
  void on_iq(xmpp::Element const& iq, Instant now);
  void show(IncomingMessage const& message, Instant now);
  void send_stanza(xmpp::Element const& stanza, Instant now, Done done = {});
  void send_iq(xmpp::IqType type, xmpp::Element payload, Instant now, IqHandler handler);
  void send_nonza(xmpp::Element const& nonza);
  void tell_mode();
  void mark_displayed(Instant now);
  void acknowledge(std::uint32_t h, Instant now);
  void finish(std::string const& why);
  void lose(std::string const& why, Instant now);

  XmppIdentity identity_;
  XmppHost& host_;
  Random& random_;
  Phase phase_ = Phase::offline;
  AppMode mode_ = AppMode::foreground;
  bool wanted_ = false;
  bool link_is_up_ = false;
  std::optional<Instant> reconnect_at_ = {};
  Duration reconnect_after_ = 500ms;
  std::optional<Instant> overdue_at_ = {};  // of a negotiation, or of the keep-alive's answer
  std::vector<Done> waiting_ = {};

  xmpp::StreamParser parser_;
  std::unique_ptr<xmpp::ScramClient> scram_ = {};
  std::map<std::string, IqHandler> iqs_ = {};

  // The session, which outlives the stream.
  std::string jid_ = {};
  std::string session_id_ = {};  // empty: nothing to resume
  bool managed_ = false;         // stanzas are counted
  xmpp::ReceivedCount received_;
  xmpp::SentQueue sent_ = {};
  xmpp::AcknowledgementRequests requests_;
  std::map<xmpp::StanzaReference, Unacknowledged> unacknowledged_ = {};
  xmpp::StanzaReference next_reference_ = 1;
  std::vector<Unacknowledged> to_send_again_ = {};  // of a session that could not be resumed
  std::deque<std::string> seen_ = {};               // archive ids
  std::map<std::string, std::string> unmarked_ =
      {};  // by conversation, the newest message that waits for the user's eyes
  std::string archive_query_ = {};
  std::string page_end_ = {};
};

}  // namespace reveille::sim::handset
