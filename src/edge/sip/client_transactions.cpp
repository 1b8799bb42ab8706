#include "edge/sip/client_transactions.hpp"

#include "base/encoding.hpp"
#include "base/seeded_hash.hpp"
#include "edge/sip/loop_marks.hpp"
#include "edge/sip/transaction_key.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/hop_requests.hpp"
#include "wire/sip/owned_message.hpp"
#include "wire/sip/validate.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace reveille::edge::sip {
namespace {

using wire::ActionKind;
using wire::HeaderName;
using wire::Method;
using wire::TransactionTimer;

// A branch of ours: the cookie, then slot, generation and a random part in hexadecimal.
constexpr std::size_t number_digits = 8;
constexpr std::size_t random_bytes = 8;
constexpr std::uint8_t failure_detail = 0xff;

std::string hex_of(std::uint32_t number) {
  std::string text(number_digits, '0');
  for (std::size_t i = number_digits; i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

std::uint32_t number_of(std::string_view digits) {
  std::uint32_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

}  // namespace

ClientTransactions::ClientTransactions(MessageSender& sender, WheelDriver& driver, Random& random, Limits const& limits,
                                       std::uint16_t thread)
    : sender_(sender),
      driver_(driver),
      random_(random),
      limits_(limits),
      stateless_seed_(random.number()),
      records_(thread) {}

std::string ClientTransactions::new_branch(ClientTransactionHandle handle, std::string_view loop_mark) {
  auto branch = std::string(wire::branch_cookie) + hex_of(handle.slot) + hex_of(handle.generation);
  return ((branch += random_.hex(random_bytes)) += loop_mark);
}

ClientTransactionHandle ClientTransactions::handle_in(std::string_view branch) const {
  if (!branch.starts_with(wire::branch_cookie)) return {};
  branch.remove_prefix(wire::branch_cookie.size());
  constexpr std::size_t size = 2 * number_digits + 2 * random_bytes;
  if (branch.size() != size && branch.size() != size + loop_mark_size) return {};
  return {.thread = records_.thread(),
          .slot = number_of(branch.substr(0, number_digits)),
          .generation = number_of(branch.substr(number_digits, number_digits))};
}

std::string ClientTransactions::with_via(Target const& target, std::string_view request,
                                         std::string_view branch) const {
  std::size_t const line = request.find("\r\n");
  if (line == request.npos) return {};
  std::string out;
  out.reserve(request.size() + 128);
  out += request.substr(0, line + 2);
  ((out += "Via: SIP/2.0/") += wire::name_of(target.transport)) += ' ';
  // RFC 3581 section 3: rport, so that an answer comes back through whatever lies between.
  ((out += sender_.sent_by(target)) += ";rport;branch=") += branch;
  (out += "\r\n") += request.substr(line + 2);
  return out;
}

Result<ClientTransactionHandle> ClientTransactions::send_request(Target target, std::string_view request,
                                                                 ResponseHandler handler, std::string_view loop_mark) {
  if (records_.size() >= limits_.client_transactions) return failure(ErrorCode::busy, "too many requests are open");
  std::size_t const space = request.find(' ');
  if (space == request.npos || request.find("\r\n") == request.npos || request.starts_with("ACK "))
    return failure(ErrorCode::malformed, "not a request that has a response");
  return start(std::move(target), std::string(request), std::string(loop_mark), std::move(handler));
}

ClientTransactionHandle ClientTransactions::start(Target target, std::string request, std::string branch,
                                                  ResponseHandler handler) {
  ++counts_.requests;
  auto const handle = records_.reserve();
  auto& record = records_.place(handle);
  record.method_text = request.substr(0, request.find(' '));
  record.method = wire::method_named(record.method_text);
  bool const complete = branch.starts_with(wire::branch_cookie);
  record.branch = complete ? std::move(branch) : new_branch(handle, branch);
  record.request = complete ? std::move(request) : with_via(target, request, record.branch);
  record.handler = std::move(handler);
  auto const reliability = reliability_of(target.transport);
  record.target = std::move(target);
  if (record.method == Method::invite) {
    record.machine = wire::ClientInviteTransaction{.reliability = reliability};
  } else {
    record.machine = wire::ClientTransaction{.reliability = reliability};
  }
  if (!record.target.flow.empty()) by_flow_.emplace(record.target.flow, handle);
  step(handle, wire::Started{}, {});
  return handle;
}

void ClientTransactions::cancel(ClientTransactionHandle transaction, std::string_view reason) {
  auto* const record = records_.find(transaction);
  if (record == nullptr) return;
  if (record->reason.empty()) record->reason = reason;
  step(transaction, wire::CancelWanted{}, {});
}

void ClientTransactions::forget(ClientTransactionHandle transaction) {
  if (auto* const record = records_.find(transaction)) record->handler = {};
}

std::string ClientTransactions::via_of(ClientTransactionHandle transaction) const {
  auto const* const record = records_.find(transaction);
  if (record == nullptr) return {};
  // with_via() has put it below the request line.
  constexpr std::string_view begin = "\r\nVia: ";
  std::string_view const request = record->request;
  auto const at = request.find(begin);
  if (at == request.npos) return {};
  auto const via = request.substr(at + begin.size());
  return std::string(via.substr(0, via.find("\r\n")));
}

void ClientTransactions::send_cancel(Target target, std::string_view cancel) {
  auto const message = wire::Message::parse(std::string(cancel));
  auto const via = message ? top_via_of(message->view()) : std::nullopt;
  if (!via || records_.size() >= limits_.client_transactions) return;
  std::string branch(via->branch());
  auto const handle = start(std::move(target), std::string(cancel), branch, {});
  if (records_.find(handle) != nullptr) by_old_branch_.insert_or_assign(std::move(branch), handle);
}

bool ClientTransactions::send_stateless(Target const& target, std::string_view message) {
  if (message.starts_with("SIP/2.0 ")) return sender_.send(target, message).has_value();
  std::uint64_t const hash = SeededHash{stateless_seed_}(message);
  std::string const branch =
      std::string(wire::branch_cookie) + "-" + encode_hex({reinterpret_cast<char const*>(&hash), sizeof hash});
  std::string const bytes = with_via(target, message, branch);
  return !bytes.empty() && sender_.send(target, bytes).has_value();
}

// Section 17.1.3: branch and CSeq method. The random part of the branch makes it hard to guess for others.
ClientTransactionHandle ClientTransactions::match(wire::MessageView const& response) const {
  auto const via = top_via_of(response);
  if (!via) return {};
  auto const branch = via->branch();
  auto handle = handle_in(branch);
  auto const* record = records_.find(handle);
  auto const cseq = wire::parse_cseq(response.text(HeaderName::cseq));
  if (cseq && cseq->method == Method::cancel && !by_old_branch_.empty())
    if (auto const old = by_old_branch_.find(std::string(branch)); old != by_old_branch_.end()) return old->second;
  if (record == nullptr || !cseq) return {};
  // "A CANCEL request constitutes a different transaction, but shares the same value of the branch parameter."
  if (cseq->method == Method::cancel && record->method != Method::cancel) {
    handle = record->canceller;
    record = records_.find(handle);
  }
  bool const same = record != nullptr && record->branch == branch && record->method_text == cseq->method_text;
  return same ? handle : ClientTransactionHandle{};
}

void ClientTransactions::take(wire::MessageView const& response, Source const& source) {
  auto const handle = match(response);
  if (handle.empty()) {
    ++counts_.stray;
    return;
  }
  // Section 16.7 passes responses on: one that is none (two From, no To) would become our own fault there. RFC 4475
  // section 3.1.2: it is dropped, and the peer repeats a better one or the timers end it.
  if (wire::check_response(response)) {
    ++counts_.bad;
    return;
  }
  ++counts_.responses;
  follow(handle, source);
  step(handle, wire::ReceivedResponse{response.status()}, {.response = &response, .source = &source});
}

void ClientTransactions::on_flow_lost(FlowHandle flow) {
  std::vector<ClientTransactionHandle> on_it;
  auto const [first, last] = by_flow_.equal_range(flow);
  for (auto at = first; at != last; ++at) on_it.push_back(at->second);
  for (auto const handle : on_it) lose_flow(handle);
}

// An INVITE that has left may have arrived: its phone may be on its way back over another connection, and matches by
// Via. So it counts as unreachable, and its transaction stays until timer B.
void ClientTransactions::lose_flow(ClientTransactionHandle handle) {
  auto* const record = records_.find(handle);
  if (record == nullptr) return;
  record->flow_lost = true;
  auto const* const invite = std::get_if<wire::ClientInviteTransaction>(&record->machine);
  if (invite == nullptr || invite->phase != wire::ClientInviteTransaction::Phase::calling)
    return step(handle, wire::TransportFailed{}, {});
  tell_unreachable(handle);
}

// RFC 3261 section 18.2.2: "If that connection is no longer open, the server SHOULD open" another. ACK goes there too.
void ClientTransactions::follow(ClientTransactionHandle handle, Source const& source) {
  auto* const record = records_.find(handle);
  if (record == nullptr || !record->flow_lost || source.flow.empty()) return;
  leave_flow(handle, record->target.flow);
  record->target = target_of(source);
  record->flow_lost = false;
  by_flow_.emplace(source.flow, handle);
}

void ClientTransactions::leave_flow(ClientTransactionHandle handle, FlowHandle flow) {
  auto const [first, last] = by_flow_.equal_range(flow);
  auto const found = std::find_if(first, last, [&](auto const& one) { return one.second == handle; });
  if (found != last) by_flow_.erase(found);
}

void ClientTransactions::tell_unreachable(ClientTransactionHandle handle) {
  auto* const record = records_.find(handle);
  if (std::exchange(record->told_unreachable, true)) return;
  ++counts_.unreachable;
  tell(handle, {.what = Heard::What::unreachable});
}

void ClientTransactions::step(ClientTransactionHandle handle, wire::ClientInput const& event, Input input) {
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

bool ClientTransactions::perform(ClientTransactionHandle handle, wire::Action const& action, Input input) {
  using enum ActionKind;
  auto* const record = records_.find(handle);
  if (record == nullptr) return false;
  auto& timer = record->timers[static_cast<std::size_t>(wire::slot_of(action.timer))];
  switch (action.kind) {
    case send_request: transmit(handle, *record, record->request); break;
    case send_cancel: start_cancel(handle); break;
    case send_ack: acknowledge(handle, *record, *input.response); break;
    case pass_response:
      tell(handle, {.what = Heard::What::response, .message = input.response, .source = input.source});
      break;
    case report_timeout:
      if (record->told_unreachable) break;
      ++counts_.timed_out;
      tell(handle, {.what = Heard::What::timed_out});
      break;
    case report_transport_error: tell_unreachable(handle); break;
    case arm: this->arm(handle, timer, static_cast<std::uint8_t>(action.timer), action.at); break;
    case disarm: driver_.wheel().disarm(timer); break;
    case terminate: end(handle); return false;
    case send_trying:
    case send_response:
    case repeat_response:
    case pass_ack:
    case report_no_ack: break;
  }
  return true;
}

void ClientTransactions::arm(ClientTransactionHandle handle, WheelTimer& timer, std::uint8_t detail, Instant at) {
  timer.slot = handle.slot;
  timer.generation = handle.generation;
  timer.detail = detail;
  driver_.wheel().arm(timer, *this, at);
  driver_.turn();
}

void ClientTransactions::transmit(ClientTransactionHandle handle, Record& record, std::string_view bytes) {
  auto const flow = sender_.send(record.target, bytes);
  if (!flow) {
    // With the next tick: whoever sends must have the handle before he hears.
    return arm(handle, record.timers[failure_timer], failure_detail, driver_.now());
  }
  if (flow->empty() || !record.target.flow.empty()) return;
  // What was dialled is the flow of this transaction from now on: ACK and CANCEL go the same way.
  record.target.flow = *flow;
  by_flow_.emplace(*flow, handle);
}

void ClientTransactions::acknowledge(ClientTransactionHandle handle, Record& record,
                                     wire::MessageView const& response) {
  auto const invite = wire::Message::parse(record.request);
  std::string ack;
  if (invite && wire::write_hop_ack(ack, invite->view(), response) == wire::Written::yes) transmit(handle, record, ack);
}

void ClientTransactions::start_cancel(ClientTransactionHandle handle) {
  auto const* const record = records_.find(handle);
  auto const invite = wire::Message::parse(record->request);
  std::string cancel;
  if (!invite || wire::write_cancel(cancel, invite->view(), record->reason) != wire::Written::yes) return;
  auto const canceller = start(record->target, std::move(cancel), record->branch, {});
  if (auto* const again = records_.find(handle)) again->canceller = canceller;
}

void ClientTransactions::tell(ClientTransactionHandle handle, Heard const& heard) {
  // Out of the record while it runs, since the record may end meanwhile.
  auto handler = std::move(records_.find(handle)->handler);
  if (!handler) return;
  handler(heard);
  if (auto* const record = records_.find(handle)) record->handler = std::move(handler);
}

void ClientTransactions::end(ClientTransactionHandle handle) {
  auto const* const record = records_.find(handle);
  leave_flow(handle, record->target.flow);
  if (auto const old = by_old_branch_.find(record->branch); old != by_old_branch_.end() && old->second == handle)
    by_old_branch_.erase(old);
  // The handler's own objects may call back when they go: after the record.
  auto const handler = std::move(records_.find(handle)->handler);
  records_.erase(handle);
}

void ClientTransactions::on_timer(WheelTimer& timer, Instant) {
  ClientTransactionHandle const handle{.thread = records_.thread(), .slot = timer.slot, .generation = timer.generation};
  if (timer.detail == failure_detail) return step(handle, wire::TransportFailed{}, {});
  step(handle, wire::TimerFired{static_cast<TransactionTimer>(timer.detail)}, {});
}

ClientTransactionCounts ClientTransactions::counts() const {
  ClientTransactionCounts counts = counts_;
  counts.open = records_.size();
  return counts;
}

}  // namespace reveille::edge::sip
