// ServerTransactions: the requests that have come and are not done with, each with its machine (RFC 3261 section 17.2).
//
// What:     matches requests to transactions (17.2.3), says 100, repeats responses, absorbs repetitions and ACKs, and
//           answers CANCEL (9.2): 200 when its INVITE is here, 481 otherwise.
// Lifetime: a RequestHandle is good from on_request to on_request_ended; a response to one that is gone is dropped
//           (RFC 6026 section 8.3). A stateless answer, and drop during on_request, end it without on_request_ended.
// Limits:   Limits::server_transactions; beyond, requests are answered 503 with Retry-After and not handed up.
// Threads:  the io_context's one thread.
#pragma once

#include "base/random.hpp"
#include "base/seeded_hash.hpp"
#include "edge/sip/message_sender.hpp"
#include "edge/sip/request_handler.hpp"
#include "edge/sip/slot_map.hpp"
#include "edge/sip/transaction_key.hpp"
#include "edge/sip/wheel_driver.hpp"
#include "wire/sip/parse_error.hpp"
#include "wire/sip/server_invite_transaction.hpp"
#include "wire/sip/server_transaction.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace reveille::edge::sip {

struct ServerTransactionCounts {
  std::size_t open = 0;
  std::uint64_t requests = 0;
  std::uint64_t repeated = 0;
  std::uint64_t stateless = 0;
  std::uint64_t overloaded = 0;
};

class ServerTransactions final : private TimerListener {
 public:
  ServerTransactions(MessageSender& sender, WheelDriver& driver, Random& random, Limits const& limits,
                     std::uint16_t thread);

  void set_handler(RequestHandler& handler) { handler_ = &handler; }

  void take(wire::MessageView const& request, Source const& source);
  void refuse_broken(wire::MessageView const& request, wire::ParseError const& error, Source const& source);

  // A whole response, as bytes.
  void respond(RequestHandle request, std::string response);
  // During on_request only: no transaction is kept. Later it is the same as respond.
  void reply_statelessly(RequestHandle request, std::string_view response);

  // The request is forgotten and hears nothing: there is no answer that could be written.
  void drop(RequestHandle request);

  // During on_request: the request's 100 does not leave before say_trying, which does nothing once there was a
  // response.
  void hold_trying(RequestHandle request);
  void say_trying(RequestHandle request);

  [[nodiscard]] ServerTransactionCounts counts() const;

 private:
  using Machine = std::variant<wire::ServerInviteTransaction, wire::ServerTransaction>;
  struct Record {
    std::string key = {};
    Machine machine = {};
    Target reply = {};
    std::string trying = {};  // our 100
    std::string latest = {};  // the response sent last
    std::array<WheelTimer, 2> timers = {};
  };
  // The request that is being handed up.
  struct Current {
    enum class Fate : std::uint8_t { open, kept, replied };
    RequestHandle handle = {};
    wire::MessageView const& message;
    Target reply = {};
    std::string const& key;
    Fate fate = Fate::open;
    enum class Trying : std::uint8_t { at_once, held } trying = Trying::at_once;
  };
  // What the actions of a step may need.
  struct Input {
    std::string* response = nullptr;
    wire::MessageView const* ack = nullptr;
    Source const* source = nullptr;
  };

  void on_timer(WheelTimer& timer, Instant now) override;
  void take_new(wire::MessageView const& request, Source const& source, Target const& reply);
  void take_ack(wire::MessageView const& ack, Source const& source);
  [[nodiscard]] RequestHandle find_cancelled(wire::MessageView const& request, wire::Via const& via);
  void take_cancel(wire::MessageView const& cancel, wire::Via const& via, Target const& reply);
  void refuse_incomplete(wire::MessageView const& request, Source const& source);
  void answer(wire::MessageView const& request, Target const& reply, int status, std::string_view reason = {});
  void forget(RequestHandle handle);
  [[nodiscard]] bool is_open(RequestHandle request) const;
  void keep(Current& current);
  void step(RequestHandle handle, wire::ServerInput const& event, Input input);
  // False when the record is gone.
  bool perform(RequestHandle handle, wire::Action const& action, Input input);
  void transmit(RequestHandle handle, Target const& to, std::string_view bytes);
  [[nodiscard]] RequestHandle find(std::string_view key) const;

  MessageSender& sender_;
  WheelDriver& driver_;
  Limits const& limits_;
  RequestHandler* handler_ = nullptr;
  SlotMap<Record, RequestTag> records_;
  boost::unordered_flat_map<std::string_view, RequestHandle, SeededHash> by_key_;  // views of the records' keys
  Current* current_ = nullptr;
  std::string key_ = {};
  std::string scratch_ = {};
  ServerTransactionCounts counts_ = {};
};

}  // namespace reveille::edge::sip
