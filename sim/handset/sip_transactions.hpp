// SipTransactions: the transactions of a phone's one flow, run on the machines of wire/sip (RFC 3261 section 17).
//
// What:     a request goes out under its top Via's branch, and its handler hears every response, or the status 408 when
//           none came and 503 when the flow is gone. A request that comes in is handed up once; its repetitions, 100,
//           ACK to a refusal and CANCEL's own transaction are dealt with here.
// Lifetime: handlers must not outlive what they refer to: forget() drops them all, unheard.
// Threads:  one. Pure: bytes leave through `send`, time comes in; ask next_deadline() after each call.
#pragma once

#include "base/instant.hpp"
#include "wire/sip/client_invite_transaction.hpp"
#include "wire/sip/client_transaction.hpp"
#include "wire/sip/owned_message.hpp"
#include "wire/sip/server_invite_transaction.hpp"
#include "wire/sip/server_transaction.hpp"
#include "wire/sip/status.hpp"

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace reveille::sim::handset {

struct SipOutcome {
  int status = 0;
  sip::MessageView const* response = nullptr;  // null where nobody answered
  Instant now = {};

  [[nodiscard]] std::string reason() const {
    return std::string(response != nullptr ? response->reason() : sip::reason_of(status));
  }
};
using ResponseHandler = std::function<void(SipOutcome const&)>;

class SipTransactions {
 public:
  using Send = std::function<void(std::string const&)>;
  // The key answers the request. An ACK to a 2xx has an empty key.
  using RequestHandler = std::function<void(std::string const& key, sip::MessageView const& request)>;

  SipTransactions(Send send, RequestHandler on_request) : send_(std::move(send)), on_request_(std::move(on_request)) {}

  void set_reliability(sip::Reliability reliability) { reliability_ = reliability; }

  // Refuses what is no request with a Via branch.
  [[nodiscard]] bool request(std::string bytes, Instant now, ResponseHandler handler);
  // RFC 3261 section 9.1, for the INVITE of that branch; `reason` is the value of a Reason field, or empty.
  void cancel(std::string const& branch, std::string reason, Instant now);
  void on_message(sip::Message message, Instant now);
  void respond(std::string const& key, int status, std::string bytes, Instant now);
  // The key's transaction still runs, so that a response could be sent.
  [[nodiscard]] bool is_open(std::string const& key) const { return servers_.contains(key); }

  void on_time(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // The flow is gone: each handler hears 503.
  void flow_lost(Instant now);
  void forget();

 private:
  struct Due {
    sip::TransactionTimer timer = sip::TransactionTimer::a;
    Instant at = {};
  };
  using Timers = std::array<std::optional<Due>, 2>;
  struct Client {
    std::variant<sip::ClientTransaction, sip::ClientInviteTransaction> machine = {};
    sip::Message request = {};
    std::string branch = {};
    std::string cancel_reason = {};
    ResponseHandler handler = {};
    Timers timers = {};
  };
  struct Server {
    std::variant<sip::ServerTransaction, sip::ServerInviteTransaction> machine = {};
    sip::Message request = {};
    std::string last_response = {};
    Timers timers = {};
  };
  using Clients = std::map<std::string, Client>;
  using Servers = std::map<std::string, Server>;

  void on_response(sip::Message message, Instant now);
  void on_request(sip::Message message, Instant now);
  void step(Clients::iterator at, sip::ClientInput const& input, sip::MessageView const* response, Instant now);
  void step(Servers::iterator at, sip::ServerInput const& input, sip::MessageView const* ack, Instant now);
  void perform(sip::Action const& action, Client& client, sip::MessageView const* response, Instant now);
  void perform(sip::Action const& action, Server& server, std::string const& key, sip::MessageView const* ack);
  void send_cancel(Client const& client, Instant now);
  static void set_timer(Timers& timers, sip::Action const& action);

  Send send_;
  RequestHandler on_request_;
  sip::Reliability reliability_ = sip::Reliability::reliable;
  Clients clients_ = {};
  Servers servers_ = {};
};

}  // namespace reveille::sim::handset
