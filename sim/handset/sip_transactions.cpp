// A flow's transactions.
#include "sim/handset/sip_transactions.hpp"

#include "wire/sip/cseq.hpp"
#include "wire/sip/via.hpp"
#include "wire/sip/writer.hpp"

#include <utility>
#include <vector>

namespace reveille::sim::handset {

namespace {

constexpr std::size_t most_servers = 64;  // a phone has few; more is a flood

struct TopVia {
  std::string branch = {};
  std::string sent_by = {};
};

std::optional<TopVia> top_via_of(sip::MessageView const& message) {
  for (auto const element : message.elements(sip::HeaderName::via)) {
    auto const via = sip::parse_via(element);
    if (!via || !via->branch().starts_with(sip::branch_cookie)) return std::nullopt;
    return TopVia{std::string(via->branch()), std::string(via->host) + ':' + std::to_string(via->port.value_or(0))};
  }
  return std::nullopt;
}

std::string client_key(std::string_view branch, sip::Method method) {
  return std::string(branch) + '|' + std::string(sip::name_of(method));
}

// The ACK and the CANCEL of an INVITE have its branch, and so find it (sections 17.2.3 and 9.2).
std::string server_key(TopVia const& via, sip::Method method) {
  auto const of = method == sip::Method::ack ? sip::Method::invite : method;
  return via.branch + '|' + via.sent_by + '|' + std::string(sip::name_of(of));
}

// What an ACK to a refusal (section 17.1.1.3) and a CANCEL (section 9.1) take over from their INVITE.
std::string sibling_of(sip::MessageView const& invite, sip::Method method, std::string_view to,
                       std::string_view reason) {
  std::string out;
  sip::MessageWriter writer(out);
  writer.request_line(method, invite.request_uri());
  for (auto const via : invite.elements(sip::HeaderName::via)) {
    writer.header(sip::HeaderName::via, via);
    break;
  }
  writer.header(sip::HeaderName::max_forwards, "70")
      .copy(invite, sip::HeaderName::route)
      .copy(invite, sip::HeaderName::from);
  writer.header(sip::HeaderName::to, to).copy(invite, sip::HeaderName::call_id);
  auto const cseq = sip::parse_cseq(invite.text(sip::HeaderName::cseq));
  writer.cseq(cseq ? cseq->number : 0, sip::name_of(method));
  if (!reason.empty()) writer.header(sip::HeaderName::reason, reason);
  if (writer.finish() != sip::Written::yes) out.clear();
  return out;
}

}  // namespace

bool SipTransactions::request(std::string bytes, Instant now, ResponseHandler handler) {
  auto message = sip::Message::parse(std::move(bytes));
  if (!message) return false;
  auto const via = top_via_of(message->view());
  if (!via) return false;
  auto const method = message->view().method();
  Client client{.branch = via->branch, .handler = std::move(handler)};
  if (method == sip::Method::invite)
    client.machine = sip::ClientInviteTransaction{.reliability = reliability_};
  else
    client.machine = sip::ClientTransaction{.reliability = reliability_};
  client.request = std::move(*message);
  auto const [at, fresh] = clients_.insert_or_assign(client_key(via->branch, method), std::move(client));
  step(at, sip::Started{}, nullptr, now);
  return true;
}

void SipTransactions::cancel(std::string const& branch, std::string reason, Instant now) {
  auto const at = clients_.find(client_key(branch, sip::Method::invite));
  if (at == clients_.end()) return;
  at->second.cancel_reason = std::move(reason);
  step(at, sip::CancelWanted{}, nullptr, now);
}

void SipTransactions::on_message(sip::Message message, Instant now) {
  if (message->is_request())
    on_request(std::move(message), now);
  else
    on_response(std::move(message), now);
}

void SipTransactions::on_response(sip::Message message, Instant now) {
  auto const via = top_via_of(message.view());
  if (!via) return;
  auto const at = clients_.find(client_key(via->branch, sip::method_of(message.view())));
  if (at != clients_.end()) step(at, sip::ReceivedResponse{message->status()}, &message.view(), now);
}

void SipTransactions::on_request(sip::Message message, Instant now) {
  auto const via = top_via_of(message.view());
  if (!via) return;
  auto const method = message->method();
  auto const key = server_key(*via, method);
  auto const known = servers_.find(key);
  if (method == sip::Method::ack) {
    if (known == servers_.end()) return on_request_({}, message.view());
    return step(known, sip::ReceivedAck{}, &message.view(), now);
  }
  if (known != servers_.end()) return step(known, sip::ReceivedAgain{}, nullptr, now);
  if (servers_.size() >= most_servers) return;
  Server server;
  if (method == sip::Method::invite)
    server.machine = sip::ServerInviteTransaction{.reliability = reliability_};
  else
    server.machine = sip::ServerTransaction{.reliability = reliability_};
  server.request = message;
  auto const at = servers_.emplace(key, std::move(server)).first;
  step(at, sip::Started{}, nullptr, now);
  on_request_(key, message.view());
}

void SipTransactions::respond(std::string const& key, int status, std::string bytes, Instant now) {
  auto const at = servers_.find(key);
  if (at == servers_.end()) return;
  at->second.last_response = std::move(bytes);
  step(at, sip::ResponseHandedDown{status}, nullptr, now);
}

void SipTransactions::on_time(Instant now) {
  // A step may end its transaction and a handler may begin others, so each round looks anew.
  for (bool fired = true; fired;) {
    fired = false;
    for (auto at = clients_.begin(); at != clients_.end() && !fired; ++at)
      for (auto& due : at->second.timers)
        if (due && due->at <= now) {
          auto const timer = std::exchange(due, std::nullopt)->timer;
          step(at, sip::TimerFired{timer}, nullptr, now);
          fired = true;
          break;
        }
    for (auto at = servers_.begin(); at != servers_.end() && !fired; ++at)
      for (auto& due : at->second.timers)
        if (due && due->at <= now) {
          auto const timer = std::exchange(due, std::nullopt)->timer;
          step(at, sip::TimerFired{timer}, nullptr, now);
          fired = true;
          break;
        }
  }
}

std::optional<Instant> SipTransactions::next_deadline() const {
  std::optional<Instant> earliest;
  auto const consider = [&earliest](Timers const& timers) {
    for (auto const& due : timers)
      if (due && (!earliest || due->at < *earliest)) earliest = due->at;
  };
  for (auto const& [key, client] : clients_) consider(client.timers);
  for (auto const& [key, server] : servers_) consider(server.timers);
  return earliest;
}

void SipTransactions::flow_lost(Instant now) {
  servers_.clear();
  std::vector<std::string> keys;
  for (auto const& [key, client] : clients_) keys.push_back(key);
  for (auto const& key : keys)
    if (auto const at = clients_.find(key); at != clients_.end()) step(at, sip::TransportFailed{}, nullptr, now);
  // What the machines leave open (a call that rings) ends here: on this flow nothing will come.
  auto rest = std::exchange(clients_, {});
  for (auto const& [key, client] : rest)
    if (client.handler) client.handler({.status = 503, .now = now});
}

void SipTransactions::forget() {
  clients_.clear();
  servers_.clear();
}

// ---- performing what the machines say
// --------------------------------------------------------------------------------

void SipTransactions::step(Clients::iterator at, sip::ClientInput const& input, sip::MessageView const* response,
                           Instant now) {
  auto const key = at->first;
  auto const then = std::visit(
      [&](auto& machine) {
        auto const step = sip::on(machine, input, now);
        machine = step.next;
        return step.then;
      },
      at->second.machine);
  for (auto const& action : then) {
    // A handler may have forgotten everything.
    auto const still = clients_.find(key);
    if (still == clients_.end()) return;
    if (action.kind == sip::ActionKind::terminate)
      clients_.erase(still);
    else
      perform(action, still->second, response, now);
  }
}

void SipTransactions::step(Servers::iterator at, sip::ServerInput const& input, sip::MessageView const* ack,
                           Instant now) {
  auto const key = at->first;
  auto const then = std::visit(
      [&](auto& machine) {
        auto const step = sip::on(machine, input, now);
        machine = step.next;
        return step.then;
      },
      at->second.machine);
  for (auto const& action : then) {
    auto const still = servers_.find(key);
    if (still == servers_.end()) return;
    if (action.kind == sip::ActionKind::terminate)
      servers_.erase(still);
    else
      perform(action, still->second, key, ack);
  }
}

void SipTransactions::perform(sip::Action const& action, Client& client, sip::MessageView const* response,
                              Instant now) {
  using enum sip::ActionKind;
  // A copy, since the handler may erase the client.
  auto const handler = client.handler;
  switch (action.kind) {
    case send_request: return send_(client.request.bytes());
    case send_cancel: return this->send_cancel(client, now);
    case send_ack:
      return send_(sibling_of(client.request.view(), sip::Method::ack, response->text(sip::HeaderName::to), {}));
    case pass_response:
      if (handler) handler({.status = response->status(), .response = response, .now = now});
      return;
    case report_timeout:
      if (handler) handler({.status = 408, .now = now});
      return;
    case report_transport_error:
      if (handler) handler({.status = 503, .now = now});
      return;
    case arm:
    case disarm: return set_timer(client.timers, action);
    case send_trying:
    case send_response:
    case repeat_response:
    case pass_ack:
    case report_no_ack:
    case terminate: return;  // no action of a client
  }
}

void SipTransactions::perform(sip::Action const& action, Server& server, std::string const& key,
                              sip::MessageView const* ack) {
  using enum sip::ActionKind;
  switch (action.kind) {
    case send_trying: {
      std::string trying;
      if (sip::respond(trying, server.request.view(), {.status = 100}).finish() != sip::Written::yes) return;
      server.last_response = std::move(trying);
      return send_(server.last_response);
    }
    case send_response:
    case repeat_response: return send_(server.last_response);
    case pass_ack: {
      static_cast<void>(key);
      return on_request_({}, *ack);
    }
    case arm:
    case disarm: return set_timer(server.timers, action);
    case report_timeout:
    case report_transport_error:
    case report_no_ack:  // a refusal without its ACK: nothing is left to do
    case send_request:
    case send_cancel:
    case send_ack:
    case pass_response:
    case terminate: return;
  }
}

void SipTransactions::send_cancel(Client const& client, Instant now) {
  auto const& invite = client.request.view();
  auto bytes = sibling_of(invite, sip::Method::cancel, invite.text(sip::HeaderName::to), client.cancel_reason);
  static_cast<void>(request(std::move(bytes), now, {}));
}

void SipTransactions::set_timer(Timers& timers, sip::Action const& action) {
  auto& slot = timers[static_cast<std::size_t>(sip::slot_of(action.timer))];
  if (action.kind == sip::ActionKind::arm)
    slot = Due{action.timer, action.at};
  else
    slot.reset();
}

}  // namespace reveille::sim::handset
