// SipLine: one account on one flow: requests with credentials, and the fields that all requests of a phone share.
//
// A request is a builder, asked for the bytes of each attempt: first without credentials (or with those that the server
// took before), then with an answer to its challenge (RFC 3261 section 22, RFC 8760), once more when the nonce was
// stale. Lifetime: builders and handlers must hold no reference to what may go before the line's forget(). Threads:
// one. Pure.
#pragma once

#include "base/random.hpp"
#include "sim/handset/digest_client.hpp"
#include "sim/handset/sip_host.hpp"
#include "sim/handset/sip_transactions.hpp"
#include "wire/sip/writer.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sim::handset {

struct Attempt {
  std::string via = {};
  std::string branch = {};
  sip::HeaderName credentials_name = sip::HeaderName::authorization;
  std::string credentials = {};  // empty: none

  void write_credentials(sip::MessageWriter& writer) const {
    if (!credentials.empty()) writer.header(credentials_name, credentials);
  }
};

// Empty bytes: the request is not wanted any more.
using RequestBuilder = std::function<std::string(Attempt const&)>;

class SipLine {
 public:
  SipLine(SipIdentity identity, SipHost& host, Random& random, SipTransactions::RequestHandler on_request);

  [[nodiscard]] SipIdentity const& identity() const { return identity_; }
  [[nodiscard]] SipHost& host() { return host_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] SipTransactions& transactions() { return transactions_; }
  [[nodiscard]] SipTransactions const& transactions() const { return transactions_; }

  void set_flow(SipFlowFacts const& facts);
  void clear_flow() { flow_.reset(); }
  [[nodiscard]] bool is_up() const { return flow_.has_value(); }
  [[nodiscard]] bool is_secure() const { return flow_ && flow_->transport == sip::Transport::tls; }

  void request(sip::Method method, std::string uri, RequestBuilder build, Instant now, ResponseHandler handler);

  // For an ACK, which is no transaction.
  [[nodiscard]] Attempt fresh_attempt() { return begin_attempt(); }
  [[nodiscard]] std::string new_tag() { return random_.hex(8); }
  [[nodiscard]] std::string from() const;
  [[nodiscard]] std::string contact_uri(std::string_view uri_parameters = {}) const;
  // The Contact of a dialog: nothing of push in it.
  [[nodiscard]] std::string contact() const;

 private:
  struct Credentials {
    Challenge challenge = {};
    sip::HeaderName name = sip::HeaderName::authorization;
    std::uint32_t used = 0;
  };
  struct Pending {
    sip::Method method = sip::Method::other;
    std::string uri = {};
    RequestBuilder build = {};
    ResponseHandler handler = {};
    unsigned attempts = 0;
    bool answered_challenge = false;  // of this request, not with credentials of an earlier one
  };

  [[nodiscard]] Attempt begin_attempt();
  void add_credentials(Attempt& attempt, Pending const& pending);
  void try_request(Pending pending, Instant now);
  [[nodiscard]] bool take_challenge(sip::MessageView const& response, Pending const& pending);

  SipIdentity identity_;
  SipHost& host_;
  Random& random_;
  std::optional<SipFlowFacts> flow_ = {};
  std::optional<Credentials> credentials_ = {};
  SipTransactions transactions_;
};

}  // namespace reveille::sim::handset
