// SipLine: one account on one flow: requests with credentials, and the fields that all requests of a phone share.
//
// A request is a builder, asked for the bytes of each attempt: first without credentials (or with those that the server
// took before), then with an answer to its challenge (RFC 3261 section 22, RFC 8760), once more when the nonce was
// stale. edge/sip runs the transactions. Lifetime: builders and handlers must hold no reference to what may go before
// the flow does; when it goes they are dropped, those of a request that is still unanswered having heard 503. Threads:
// one.
#pragma once

#include "base/random.hpp"
#include "sim/handset/digest_client.hpp"
#include "sim/handset/sip_host.hpp"
#include "wire/sip/status.hpp"
#include "wire/sip/writer.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sim::handset {

struct Attempt {
  sip::HeaderName credentials_name = sip::HeaderName::authorization;
  std::string credentials = {};  // empty: none

  void write_credentials(sip::MessageWriter& writer) const {
    if (!credentials.empty()) writer.header(credentials_name, credentials);
  }
};

// A whole request without Via. Empty bytes: it is not wanted any more.
using RequestBuilder = std::function<std::string(Attempt const&)>;

struct SipOutcome {
  int status = 0;                              // 408 where nobody answered, 503 where there is no way
  sip::MessageView const* response = nullptr;  // null in both of those cases

  [[nodiscard]] std::string reason() const {
    return std::string(response != nullptr ? response->reason() : sip::reason_of(status));
  }
};
// Hears every response; good during the call only.
using ResponseHandler = std::function<void(SipOutcome const&)>;
// Names a request's latest attempt.
using RequestTicket = std::shared_ptr<ClientTransactionHandle>;

class SipLine {
 public:
  SipLine(SipIdentity identity, SipHost& host, Random& random, Clock const& clock);

  [[nodiscard]] SipIdentity const& identity() const { return identity_; }
  [[nodiscard]] SipHost& host() { return host_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] Instant now() const { return clock_.now(); }

  void set_flow(SipFlowFacts const& facts) { flow_ = facts; }
  void clear_flow() { flow_.reset(); }
  [[nodiscard]] bool is_up() const { return flow_.has_value(); }
  // Whether requests to that URI go to whom the flow leads to (RFC 3261 section 8.1.2, RFC 3263): only those may take
  // it (RFC 5626 section 5.3 has the flow in the place of a look-up, not of the Route).
  [[nodiscard]] bool leads_to_peer(std::string_view uri) const;
  [[nodiscard]] bool is_secure() const { return flow_ && flow_->target.transport == sip::Transport::tls; }

  RequestTicket request(sip::Method method, std::string uri, RequestBuilder build, ResponseHandler handler);
  // RFC 3261 section 9.1, for an INVITE.
  void cancel(RequestTicket const& request);
  void respond(RequestHandle request, std::string response);
  // For an ACK to a 2xx, which is no transaction.
  void send_ack(std::string_view ack);

  [[nodiscard]] std::string new_tag() { return random_.hex(8); }
  [[nodiscard]] std::string from() const;
  [[nodiscard]] std::string contact_uri(std::string_view uri_parameters = {}) const;
  // The Contact of a dialog: nothing of push in it.
  [[nodiscard]] std::string contact() const;

 private:
  struct Credentials {
    std::string challenge = {};  // the header's value
    sip::HeaderName name = sip::HeaderName::authorization;
    std::uint32_t used = 0;
  };
  struct Pending {
    sip::Method method = sip::Method::other;
    std::string uri = {};
    RequestBuilder build = {};
    ResponseHandler handler = {};
    RequestTicket ticket = {};
    unsigned attempts = 0;
    bool answered_challenge = false;  // of this request, not with credentials of an earlier one
  };

  void add_credentials(Attempt& attempt, Pending const& pending);
  void try_request(Pending pending);
  void hear(Pending& pending, SipOutcome const& outcome);
  [[nodiscard]] bool take_challenge(sip::MessageView const& response, Pending const& pending);

  SipIdentity identity_;
  SipHost& host_;
  Random& random_;
  Clock const& clock_;
  std::optional<SipFlowFacts> flow_ = {};
  std::optional<Credentials> credentials_ = {};
};

}  // namespace reveille::sim::handset
