// One account on one flow.
#include "sim/handset/sip_line.hpp"

#include "wire/sip/name_address.hpp"
#include "wire/sip/uri.hpp"

#include <algorithm>
#include <vector>

namespace reveille::sim::handset {

namespace {

constexpr unsigned most_attempts = 3;

std::string_view transport_parameter(sip::Transport transport) {
  if (transport == sip::Transport::tls) return ";transport=tls";
  return transport == sip::Transport::tcp ? ";transport=tcp" : "";
}

// RFC 3263 section 4.1, without NAPTR.
sip::Transport transport_of(sip::Uri const& uri) {
  if (uri.scheme == sip::Scheme::sips) return sip::Transport::tls;
  auto const parameter = uri.parameters.value("transport");
  return parameter ? sip::transport_named(*parameter) : sip::Transport::udp;
}

SipOutcome outcome_of(edge::sip::Heard const& heard) {
  using enum edge::sip::Heard::What;
  switch (heard.what) {
    case response: return {.status = heard.message->status(), .response = heard.message};
    case timed_out: return {.status = 408};
    case unreachable: return {.status = 503};
  }
  std::unreachable();
}

}  // namespace

SipLine::SipLine(SipIdentity identity, SipHost& host, Random& random, Clock const& clock)
    : identity_(std::move(identity)), host_(host), random_(random), clock_(clock) {}

RequestTicket SipLine::request(sip::Method method, std::string uri, RequestBuilder build, ResponseHandler handler) {
  auto ticket = std::make_shared<ClientTransactionHandle>();
  try_request({.method = method,
               .uri = std::move(uri),
               .build = std::move(build),
               .handler = std::move(handler),
               .ticket = ticket});
  return ticket;
}

void SipLine::cancel(RequestTicket const& request) {
  if (flow_) flow_->client->cancel(*request);
}

void SipLine::respond(RequestHandle request, std::string response) {
  if (flow_) flow_->server->respond(request, std::move(response));
}

void SipLine::send_ack(std::string_view ack) {
  if (flow_) static_cast<void>(flow_->client->send_stateless(flow_->target, ack));
}

bool SipLine::leads_to_peer(std::string_view uri) const {
  auto const to = sip::parse_uri(uri);
  if (!to || !to->is_sip() || !flow_) return false;
  auto const& peer = flow_->target;
  auto const transport = transport_of(*to);
  if (transport != peer.transport || to->port.value_or(edge::sip::default_port(transport)) != peer.remote.port)
    return false;
  if (sip::equal_ignoring_case(to->host, flow_->dialled)) return true;
  boost::system::error_code error;
  auto const ip = boost::asio::ip::make_address(std::string(to->host), error);
  if (!error) return ip == peer.remote.ip;
  auto const addresses = host_.addresses_of(std::string(to->host));
  return std::ranges::find(addresses, peer.remote.ip) != addresses.end();
}

std::string SipLine::from() const {
  return sip::format_name_address(identity_.display_name, "sip:" + identity_.address);
}

std::string SipLine::contact_uri(std::string_view uri_parameters) const {
  std::string uri = "sip:" + identity_.user() + '@' + (flow_ ? flow_->host : "0.0.0.0") + ':' +
                    std::to_string(flow_ ? flow_->port : 0);
  uri += transport_parameter(flow_ ? flow_->target.transport : sip::Transport::udp);
  return uri += uri_parameters;
}

std::string SipLine::contact() const {
  return '<' + contact_uri() + ">;+sip.instance=\"<urn:uuid:" + identity_.instance + ">\"";
}

void SipLine::add_credentials(Attempt& attempt, Pending const& pending) {
  if (!credentials_) return;
  auto const user = identity_.user();
  auto const client_nonce = random_.hex(8);
  attempt.credentials_name = credentials_->name;
  attempt.credentials = answer_challenge(credentials_->challenge,
                                         {.method = sip::name_of(pending.method),
                                          .uri = pending.uri,
                                          .user = user,
                                          .client_nonce = client_nonce,
                                          .nonce_count = ++credentials_->used},
                                         identity_.password);
}

void SipLine::try_request(Pending pending) {
  Attempt attempt;
  add_credentials(attempt, pending);
  ++pending.attempts;
  auto const bytes = pending.build(attempt);
  // Its user has given it up while the challenge was under way: no more of it, and that is its end.
  if (bytes.empty()) return pending.attempts > 1 ? hear(pending, {.status = 487}) : void();
  if (!flow_) return hear(pending, {.status = 503});
  auto const ticket = pending.ticket;
  auto const sent = flow_->client->send_request(
      flow_->target, bytes, [this, pending = std::move(pending)](edge::sip::Heard const& heard) mutable {
        hear(pending, outcome_of(heard));
        host_.stirred();
      });
  // What the tables cannot take is told to nobody: a phone has few requests, and its writer makes whole ones.
  if (sent) *ticket = *sent;
}

void SipLine::hear(Pending& pending, SipOutcome const& outcome) {
  bool const challenged = outcome.response != nullptr && (outcome.status == 401 || outcome.status == 407);
  if (challenged && take_challenge(*outcome.response, pending)) {
    pending.answered_challenge = true;
    return try_request(pending);
  }
  if (pending.handler) pending.handler(outcome);
}

// A second challenge after an answer means a wrong password, unless it says that only the nonce was too old.
bool SipLine::take_challenge(sip::MessageView const& response, Pending const& pending) {
  bool const proxy = response.status() == 407;
  std::vector<std::string_view> values;
  for (auto const value : response.all(proxy ? sip::HeaderName::proxy_authenticate : sip::HeaderName::www_authenticate))
    values.push_back(value);
  auto const challenge = choose_challenge(values);
  if (!challenge || pending.attempts >= most_attempts) return false;
  if (pending.answered_challenge && !sip::parse_challenge(*challenge)->stale) return false;
  credentials_ = Credentials{.challenge = std::string(*challenge),
                             .name = proxy ? sip::HeaderName::proxy_authorization : sip::HeaderName::authorization};
  return true;
}

}  // namespace reveille::sim::handset
