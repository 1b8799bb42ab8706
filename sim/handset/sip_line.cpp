// One account on one flow.
#include "sim/handset/sip_line.hpp"

#include "wire/sip/name_address.hpp"

#include <vector>

namespace reveille::sim::handset {

namespace {

constexpr unsigned most_attempts = 3;

std::string_view transport_parameter(sip::Transport transport) {
  if (transport == sip::Transport::tls) return ";transport=tls";
  return transport == sip::Transport::tcp ? ";transport=tcp" : "";
}

}  // namespace

SipLine::SipLine(SipIdentity identity, SipHost& host, Random& random, SipTransactions::RequestHandler on_request)
    : identity_(std::move(identity)),
      host_(host),
      random_(random),
      transactions_([this](std::string const& bytes) { host_.send(bytes); }, std::move(on_request)) {}

void SipLine::set_flow(SipFlowFacts const& facts) {
  flow_ = facts;
  transactions_.set_reliability(facts.transport == sip::Transport::udp ? sip::Reliability::unreliable
                                                                       : sip::Reliability::reliable);
}

void SipLine::request(sip::Method method, std::string uri, RequestBuilder build, Instant now, ResponseHandler handler) {
  try_request({.method = method, .uri = std::move(uri), .build = std::move(build), .handler = std::move(handler)}, now);
}

std::string SipLine::from() const {
  return sip::format_name_address(identity_.display_name, "sip:" + identity_.address);
}

std::string SipLine::contact_uri(std::string_view uri_parameters) const {
  std::string uri = "sip:" + identity_.user() + '@' + (flow_ ? flow_->host : "0.0.0.0") + ':' +
                    std::to_string(flow_ ? flow_->port : 0);
  uri += transport_parameter(flow_ ? flow_->transport : sip::Transport::udp);
  return uri += uri_parameters;
}

std::string SipLine::contact() const {
  return '<' + contact_uri() + ">;+sip.instance=\"<urn:uuid:" + identity_.instance + ">\"";
}

Attempt SipLine::begin_attempt() {
  Attempt attempt{.branch = std::string(sip::branch_cookie) + random_.hex(10)};
  auto const transport = flow_ ? flow_->transport : sip::Transport::udp;
  attempt.via = "SIP/2.0/" + std::string(sip::name_of(transport)) + ' ' + (flow_ ? flow_->host : "0.0.0.0") + ':' +
                std::to_string(flow_ ? flow_->port : 0) + ";branch=" + attempt.branch + ";rport";
  return attempt;
}

void SipLine::add_credentials(Attempt& attempt, Pending const& pending) {
  if (!credentials_ || credentials_->challenge.nonce.empty()) return;
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

void SipLine::try_request(Pending pending, Instant now) {
  auto attempt = begin_attempt();
  add_credentials(attempt, pending);
  ++pending.attempts;
  auto bytes = pending.build(attempt);
  if (bytes.empty()) return;
  auto handler = [this, pending](SipOutcome const& outcome) mutable {
    bool const challenged = outcome.response != nullptr && (outcome.status == 401 || outcome.status == 407);
    if (challenged && take_challenge(*outcome.response, pending)) {
      pending.answered_challenge = true;
      return try_request(pending, outcome.now);
    }
    if (pending.handler) pending.handler(outcome);
  };
  auto refused = handler;
  if (!transactions_.request(std::move(bytes), now, std::move(handler))) refused({.status = 400, .now = now});
}

// A second challenge after an answer means a wrong password, unless it says that only the nonce was too old.
bool SipLine::take_challenge(sip::MessageView const& response, Pending const& pending) {
  bool const proxy = response.status() == 407;
  std::vector<std::string_view> values;
  for (auto const value : response.all(proxy ? sip::HeaderName::proxy_authenticate : sip::HeaderName::www_authenticate))
    values.push_back(value);
  auto challenge = choose_challenge(values);
  if (!challenge || pending.attempts >= most_attempts) return false;
  if (pending.answered_challenge && !challenge->stale) return false;
  credentials_ = Credentials{.challenge = std::move(*challenge),
                             .name = proxy ? sip::HeaderName::proxy_authorization : sip::HeaderName::authorization};
  return true;
}

}  // namespace reveille::sim::handset
