#include "edge/sip/server_transactions.hpp"

#include "base/encoding.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/status.hpp"
#include "wire/sip/syntax.hpp"
#include "wire/sip/writer.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace reveille::edge::sip {
namespace {

using wire::ActionKind;
using wire::HeaderName;
using wire::Method;
using wire::TransactionTimer;

constexpr std::uint64_t retry_after_seconds = 5;

// RFC 3261 section 18.2.2 and RFC 3581 section 4. A `maddr` is not obeyed: it would let anybody aim our responses.
Target reply_target(Source const& source, wire::Via const& via) {
  Target target = target_of(source);
  if (source.transport == wire::Transport::udp && !via.wants_rport())
    target.remote.port = via.port.value_or(default_port(wire::Transport::udp));
  return target;
}

// RFC 3261 section 8.1.1: what every request has.
bool is_complete(wire::MessageView const& request) {
  return request.has(HeaderName::from) && request.has(HeaderName::to) && request.has(HeaderName::call_id) &&
         request.has(HeaderName::cseq);
}

int status_of(std::string_view response) {
  constexpr std::string_view version = "SIP/2.0 ";
  if (!response.starts_with(version)) return 0;
  auto const status = wire::parse_number(response.substr(version.size(), 3));
  return status ? static_cast<int>(*status) : 0;
}

}  // namespace

ServerTransactions::ServerTransactions(MessageSender& sender, WheelDriver& driver, Random& random, Limits const& limits,
                                       std::uint16_t thread)
    : sender_(sender), driver_(driver), limits_(limits), records_(thread), by_key_(0, SeededHash{random.number()}) {}

RequestHandle ServerTransactions::find(std::string_view key) const {
  auto const found = by_key_.find(key);
  return found == by_key_.end() ? RequestHandle{} : found->second;
}

void ServerTransactions::take(wire::MessageView const& request, Source const& source) {
  auto const via = top_via_of(request);
  if (!via || !is_complete(request)) return refuse_incomplete(request, source);
  Target const reply = reply_target(source, *via);
  if (request.method() == Method::ack) {
    write_transaction_key(key_, request, *via, wire::name_of(Method::invite));
    return take_ack(request, source);
  }
  auto const cseq = wire::parse_cseq(request.text(HeaderName::cseq));
  if (!cseq || cseq->method_text != request.method_text()) return answer(request, reply, 400, "Bad CSeq");
  write_transaction_key(key_, request, *via, request.method_text());
  if (auto const known = find(key_); !known.empty()) {
    ++counts_.repeated;
    return step(known, wire::ReceivedAgain{}, {});
  }
  if (request.method() == Method::cancel) return take_cancel(request, *via, reply);
  take_new(request, source, reply);
}

void ServerTransactions::take_new(wire::MessageView const& request, Source const& source, Target const& reply) {
  if (records_.size() >= limits_.server_transactions) {
    if (counts_.overloaded++ == 0) spdlog::warn("sip: too many requests are open, answering 503");
    return answer(request, reply, 503);
  }
  ++counts_.requests;
  // The key in its own string: handlers may send us on to other requests.
  std::string const key = key_;
  Current current{.handle = records_.reserve(), .message = request, .reply = reply, .key = key};
  current_ = &current;
  handler_->on_request(current.handle, request, source);
  current_ = nullptr;
  if (current.fate == Current::Fate::open) keep(current);
  if (current.fate == Current::Fate::replied) records_.release(current.handle);
}

void ServerTransactions::keep(Current& current) {
  current.fate = Current::Fate::kept;
  auto& record = records_.place(current.handle);
  record.key = current.key;
  record.reply = current.reply;
  auto const reliability = reliability_of(current.reply.transport);
  if (current.message.method() == Method::invite) {
    record.machine = wire::ServerInviteTransaction{.reliability = reliability};
  } else {
    record.machine = wire::ServerTransaction{.reliability = reliability};
  }
  if (wire::respond(record.trying, current.message, {.status = 100}).finish() != wire::Written::yes)
    record.trying.clear();
  by_key_.emplace(record.key, current.handle);
  std::string held;
  if (current.trying == Current::Trying::held) held.swap(record.trying);
  step(current.handle, wire::Started{}, {});
  if (current.trying == Current::Trying::held) records_.find(current.handle)->trying = std::move(held);
}

// RFC 3261 section 17.2.1 allows 200 ms for it.
void ServerTransactions::hold_trying(RequestHandle request) {
  if (is_open(request)) current_->trying = Current::Trying::held;
}

void ServerTransactions::say_trying(RequestHandle request) {
  auto const* const record = records_.find(request);
  if (record == nullptr || !record->latest.empty()) return;
  std::string trying = record->trying;
  step(request, wire::ResponseHandedDown{100}, {.response = &trying});
}

void ServerTransactions::take_ack(wire::MessageView const& ack, Source const& source) {
  auto const known = find(key_);
  if (known.empty()) return handler_->on_ack(ack, source);
  step(known, wire::ReceivedAck{}, {.ack = &ack, .source = &source});
}

// Section 9.2: "assuming that the request method is anything but CANCEL or ACK and applying the transaction matching
// procedures".
RequestHandle ServerTransactions::find_cancelled(wire::MessageView const& request, wire::Via const& via) {
  using enum Method;
  for (auto const method :
       {invite, message, info, update, refer, options, notify, subscribe, publish, prack, register_, bye}) {
    write_transaction_key(key_, request, via, wire::name_of(method));
    if (auto const found = find(key_); !found.empty()) return found;
  }
  return {};
}

// Only INVITE can be cancelled: for another method the CANCEL "has no effect", and is answered all the same. The answer
// is given again alike when the CANCEL is repeated.
void ServerTransactions::take_cancel(wire::MessageView const& cancel, wire::Via const& via, Target const& reply) {
  auto const cancelled = find_cancelled(cancel, via);
  if (cancelled.empty()) return answer(cancel, reply, 481);
  answer(cancel, reply, 200);
  auto const* machine = std::get_if<wire::ServerInviteTransaction>(&records_.find(cancelled)->machine);
  if (machine != nullptr && machine->phase == wire::ServerInviteTransaction::Phase::proceeding)
    handler_->on_cancel(cancelled, cancel);
}

// A response of our own, which keeps no state. Its To tag is the same each time.
void ServerTransactions::answer(wire::MessageView const& request, Target const& reply, int status,
                                std::string_view reason) {
  auto const hash = by_key_.hash_function()(request.call_id());
  std::string const tag = encode_hex({reinterpret_cast<char const*>(&hash), sizeof hash});
  auto writer = wire::respond(scratch_, request, {.status = status, .reason = reason, .to_tag = tag});
  if (status == 503) writer.header(HeaderName::retry_after, retry_after_seconds);
  if (writer.finish() == wire::Written::yes) static_cast<void>(sender_.send(reply, scratch_));
}

// RFC 4475 sections 3.1.2.1 and 3.3.1: 400 with what there is, and where Via cannot be read, to where it came from.
void ServerTransactions::refuse_incomplete(wire::MessageView const& request, Source const& source) {
  if (request.method() == Method::ack || !request.has(HeaderName::via)) return;
  auto const via = top_via_of(request);
  if (via) return answer(request, reply_target(source, *via), 400, "Missing Header Field");
  answer(request, target_of(source), 400, "Bad Via");
}

void ServerTransactions::refuse_broken(wire::MessageView const& request, wire::ParseError const& error,
                                       Source const& source) {
  auto const via = top_via_of(request);
  if (!via || !request.is_request() || request.method() == Method::ack || !is_complete(request)) return;
  answer(request, reply_target(source, *via), error.status, error.reason);
}

bool ServerTransactions::is_open(RequestHandle request) const {
  return current_ != nullptr && current_->handle == request && current_->fate == Current::Fate::open;
}

void ServerTransactions::respond(RequestHandle request, std::string response) {
  if (is_open(request)) keep(*current_);
  int const status = status_of(response);
  step(request, wire::ResponseHandedDown{status}, {.response = &response});
}

void ServerTransactions::reply_statelessly(RequestHandle request, std::string_view response) {
  if (!is_open(request)) return respond(request, std::string(response));
  ++counts_.stateless;
  current_->fate = Current::Fate::replied;
  static_cast<void>(sender_.send(current_->reply, response));
}

void ServerTransactions::drop(RequestHandle request) {
  if (is_open(request)) {
    current_->fate = Current::Fate::replied;
  } else if (records_.find(request) != nullptr) {
    forget(request);
  }
}

void ServerTransactions::forget(RequestHandle handle) {
  by_key_.erase(records_.find(handle)->key);
  records_.erase(handle);
  handler_->on_request_ended(handle);
}

void ServerTransactions::step(RequestHandle handle, wire::ServerInput const& event, Input input) {
  auto* const record = records_.find(handle);
  if (record == nullptr) return;
  Instant const now = driver_.now();
  auto const then = std::visit(
      [&](auto& machine) {
        auto const step = wire::on(machine, event, now);
        machine = step.next;
        return step.then;
      },
      record->machine);
  for (auto const& action : then)
    if (!perform(handle, action, input)) return;
}

bool ServerTransactions::perform(RequestHandle handle, wire::Action const& action, Input input) {
  using enum ActionKind;
  auto* const record = records_.find(handle);
  if (record == nullptr) return false;
  auto& timer = record->timers[static_cast<std::size_t>(wire::slot_of(action.timer))];
  switch (action.kind) {
    case send_trying:
      record->latest = record->trying;
      transmit(handle, record->reply, record->latest);
      break;
    case send_response:
      record->latest = std::move(*input.response);
      transmit(handle, record->reply, record->latest);
      break;
    case repeat_response: transmit(handle, record->reply, record->latest); break;
    case pass_ack: handler_->on_ack(*input.ack, *input.source); break;
    case report_timeout:
    case report_no_ack:
    case report_transport_error: spdlog::debug("sip: a request ends: {}", wire::name_of(action.kind)); break;
    case arm:
      timer.slot = handle.slot;
      timer.generation = handle.generation;
      timer.detail = static_cast<std::uint8_t>(action.timer);
      driver_.wheel().arm(timer, *this, action.at);
      driver_.turn();
      break;
    case disarm: driver_.wheel().disarm(timer); break;
    case terminate: forget(handle); return false;
    case send_request:
    case send_cancel:
    case send_ack:
    case pass_response: break;
  }
  return true;
}

void ServerTransactions::transmit(RequestHandle handle, Target const& to, std::string_view bytes) {
  if (bytes.empty() || sender_.send(to, bytes)) return;
  // RFC 3261 section 18.2.2: "If that connection is no longer open", another to its sender takes over.
  // FIXME: 18.2.2: of one whom nobody knows, "the server SHOULD open a connection" to received and sent-by.
  if (auto const other = handler_->way_back(handle); other && sender_.send(*other, bytes)) {
    records_.find(handle)->reply = *other;
    return;
  }
  // RFC 6026 section 7.1: the transaction stays as it is, and its timers end it.
  spdlog::debug("sip: a response has no way back: slot {}", handle.slot);
}

void ServerTransactions::on_timer(WheelTimer& timer, Instant) {
  RequestHandle const handle{.thread = records_.thread(), .slot = timer.slot, .generation = timer.generation};
  step(handle, wire::TimerFired{static_cast<TransactionTimer>(timer.detail)}, {});
}

ServerTransactionCounts ServerTransactions::counts() const {
  ServerTransactionCounts counts = counts_;
  counts.open = records_.size();
  return counts;
}

}  // namespace reveille::edge::sip
