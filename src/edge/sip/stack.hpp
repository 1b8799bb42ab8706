// Stack: SIP for one thread: its sockets, its flows and its transactions (RFC 3261 sections 17 and 18).
//
// What:     requests come up through RequestHandler and are answered by their handle; requests of ours go out with
//           send_request, whose handler hears what comes back. Retransmissions, 100, ACK to refusals, CANCEL's own
//           answers, timers and keep-alives happen here and never wait for anybody above.
// Lifetime: the io_context, clock, random source and handler outlive it. Destroy it in the io_context's thread or after
//           run() has returned.
// Limits:   Limits; each is a number of things kept, so that hostile traffic cannot grow us. Errors: Result.
// Threads:  the io_context's one thread.
#pragma once

#include "base/random.hpp"
#include "edge/sip/client_transactions.hpp"
#include "edge/sip/server_transactions.hpp"
#include "edge/sip/transports.hpp"

#include <boost/asio/io_context.hpp>

#include <string_view>

namespace reveille::edge::sip {

struct StackCounts {
  TransportCounts transports = {};
  ServerTransactionCounts server = {};
  ClientTransactionCounts client = {};
};

class Stack final : private MessageReceiver {
 public:
  Stack(boost::asio::io_context& context, Clock const& clock, Random& random, RequestHandler& handler,
        Limits limits = {}, std::uint16_t thread = 0);

  // Listening, TLS for dialling, flows: see transports.hpp.
  [[nodiscard]] Transports& transports() { return transports_; }

  // A whole response. Dropped when the request has ended.
  void respond(RequestHandle request, std::string response) { server_.respond(request, std::move(response)); }
  // During on_request: no 100 leaves by itself. say_trying sends it, unless something else has been said meanwhile.
  void hold_trying(RequestHandle request) { server_.hold_trying(request); }
  void say_trying(RequestHandle request) { server_.say_trying(request); }
  // During on_request: without keeping anything. The bytes are copied.
  void reply_statelessly(RequestHandle request, std::string_view response) {
    server_.reply_statelessly(request, response);
  }

  // No answer to it can be written: it is forgotten.
  void drop(RequestHandle request) { server_.drop(request); }

  // A whole request, to which our Via is added; the mark of one that is forwarded is loop_marks.hpp's.
  [[nodiscard]] Result<ClientTransactionHandle> send_request(Target target, std::string_view request,
                                                             ResponseHandler handler, std::string_view loop_mark = {}) {
    return client_.send_request(std::move(target), request, std::move(handler), loop_mark);
  }
  // `reason` is the value of a Reason field, or empty.
  void cancel(ClientTransactionHandle transaction, std::string_view reason = {}) {
    client_.cancel(transaction, reason);
  }
  void forget(ClientTransactionHandle transaction) { client_.forget(transaction); }
  // The Via that was put on that request; empty when it is gone.
  [[nodiscard]] std::string via_of(ClientTransactionHandle transaction) const { return client_.via_of(transaction); }
  // A CANCEL with its Via, for an INVITE that an earlier process sent.
  void send_cancel(Target target, std::string_view cancel) { client_.send_cancel(std::move(target), cancel); }
  // An ACK to a 2xx (our Via is added) or a response (sent as it is). False when there is no way.
  bool send_stateless(Target const& target, std::string_view message) {
    return client_.send_stateless(target, message);
  }

  // The two tables, for who runs over other senders too (a user agent, and its tests).
  [[nodiscard]] ClientTransactions& client() { return client_; }
  [[nodiscard]] ServerTransactions& server() { return server_; }

  [[nodiscard]] StackCounts counts() const;

 private:
  void on_message(wire::MessageView const& message, Source const& source) override;
  void on_broken(wire::MessageView const& message, wire::ParseError const& error, Source const& source) override;
  void on_flow_lost(FlowHandle flow) override;

  Limits limits_;
  RequestHandler& handler_;
  WheelDriver driver_;
  Transports transports_;
  ServerTransactions server_;
  ClientTransactions client_;
};

}  // namespace reveille::edge::sip
