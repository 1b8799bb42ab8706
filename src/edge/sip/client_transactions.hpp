// ClientTransactions: the requests that we have sent and wait for, each with its machine (RFC 3261 section 17.1).
//
// What:     puts Via on top of a request, sends and repeats it, matches responses (17.1.3), acknowledges refusals of an
//           INVITE, sends CANCEL when it may (9.1). Responses that match nothing are dropped (RFC 6026 section 7.2),
//           and those that are malformed.
// Lifetime: a handle is good until the last response, timed_out or unreachable and the time that its machine absorbs
//           repetitions for; calls with one that is gone do nothing.
// Limits:   Limits::client_transactions; beyond, send_request is `busy`. Errors: busy, malformed (no request).
// Threads:  the io_context's one thread.
#pragma once

#include "base/random.hpp"
#include "base/result.hpp"
#include "edge/sip/message_sender.hpp"
#include "edge/sip/request_handler.hpp"
#include "edge/sip/slot_map.hpp"
#include "edge/sip/wheel_driver.hpp"
#include "wire/sip/client_invite_transaction.hpp"
#include "wire/sip/client_transaction.hpp"
#include "wire/sip/method.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace reveille::edge::sip {

struct ClientTransactionCounts {
  std::size_t open = 0;
  std::uint64_t requests = 0;
  std::uint64_t responses = 0;
  std::uint64_t stray = 0;  // responses that matched nothing
  std::uint64_t bad = 0;    // responses that matched and broke the grammar, or bore a field twice or not at all
  std::uint64_t timed_out = 0;
  std::uint64_t unreachable = 0;
};

class ClientTransactions final : private TimerListener {
 public:
  ClientTransactions(MessageSender& sender, WheelDriver& driver, Random& random, Limits const& limits,
                     std::uint16_t thread);

  // A whole request without a Via of ours. ACK is not for here: send_stateless. The mark of loop_marks.hpp ends the
  // branch of one that is forwarded.
  [[nodiscard]] Result<ClientTransactionHandle> send_request(Target target, std::string_view request,
                                                             ResponseHandler handler, std::string_view loop_mark = {});
  // Of an INVITE: CANCEL now or after its first provisional response, with the value of a Reason field (RFC 3326),
  // which may be empty. The final response still comes to the handler.
  void cancel(ClientTransactionHandle transaction, std::string_view reason = {});
  // Nobody wants to hear of it any more; the transaction goes on by itself.
  void forget(ClientTransactionHandle transaction);
  // Of one that is open; otherwise empty.
  [[nodiscard]] std::string via_of(ClientTransactionHandle transaction) const;
  // A CANCEL that has its Via already: that of an INVITE which an earlier process sent.
  void send_cancel(Target target, std::string_view cancel);
  // A request with a Via of ours that is the same each time for the same bytes (section 16.11), or a response as it is.
  // False when it cannot be sent.
  bool send_stateless(Target const& target, std::string_view message);

  void take(wire::MessageView const& response, Source const& source);
  void on_flow_lost(FlowHandle flow);

  [[nodiscard]] ClientTransactionCounts counts() const;

 private:
  using Machine = std::variant<wire::ClientInviteTransaction, wire::ClientTransaction>;
  static constexpr std::size_t failure_timer = 2;

  struct Record {
    std::string branch = {};
    std::string request = {};  // with our Via
    wire::Method method = wire::Method::other;
    std::string method_text = {};
    Machine machine = {};
    Target target = {};  // with the flow, once it is known
    ResponseHandler handler = {};
    std::array<WheelTimer, 3> timers = {};   // of the two TimerSlots, and one by which a failure to send comes later
    ClientTransactionHandle canceller = {};  // the CANCEL of this INVITE, which has the same branch
    std::string reason = {};
    bool flow_lost = false;
    bool told_unreachable = false;
  };
  struct Input {
    wire::MessageView const* response = nullptr;
    Source const* source = nullptr;
  };

  void on_timer(WheelTimer& timer, Instant now) override;
  // With a branch that begins with the cookie, the request is complete; with the end of one, it gets a Via.
  [[nodiscard]] ClientTransactionHandle start(Target target, std::string request, std::string branch,
                                              ResponseHandler handler);
  [[nodiscard]] std::string new_branch(ClientTransactionHandle handle, std::string_view loop_mark);
  [[nodiscard]] ClientTransactionHandle handle_in(std::string_view branch) const;
  [[nodiscard]] ClientTransactionHandle match(wire::MessageView const& response) const;
  [[nodiscard]] std::string with_via(Target const& target, std::string_view request, std::string_view branch) const;
  void step(ClientTransactionHandle handle, wire::ClientInput const& event, Input input);
  // False when the record is gone.
  bool perform(ClientTransactionHandle handle, wire::Action const& action, Input input);
  void transmit(ClientTransactionHandle handle, Record& record, std::string_view bytes);
  void acknowledge(ClientTransactionHandle handle, Record& record, wire::MessageView const& response);
  void start_cancel(ClientTransactionHandle handle);
  void lose_flow(ClientTransactionHandle handle);
  void follow(ClientTransactionHandle handle, Source const& source);
  void tell_unreachable(ClientTransactionHandle handle);
  void leave_flow(ClientTransactionHandle handle, FlowHandle flow);
  void tell(ClientTransactionHandle handle, Heard const& heard);
  void arm(ClientTransactionHandle handle, WheelTimer& timer, std::uint8_t detail, Instant at);
  void end(ClientTransactionHandle handle);

  MessageSender& sender_;
  WheelDriver& driver_;
  Random& random_;
  Limits const& limits_;
  std::uint64_t stateless_seed_;
  SlotMap<Record, ClientTransactionTag> records_;
  std::unordered_multimap<FlowHandle, ClientTransactionHandle> by_flow_ = {};
  std::unordered_map<std::string, ClientTransactionHandle> by_old_branch_ = {};  // of send_cancel
  ClientTransactionCounts counts_ = {};
};

}  // namespace reveille::edge::sip
