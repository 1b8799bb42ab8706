// SipHost: what the SIP side of the app asks of everything around it. The app implements it over sockets; a test, over
// lists. Calls come from the app's thread only.
#pragma once

#include "base/secret.hpp"
#include "edge/sip/client_transactions.hpp"
#include "edge/sip/server_transactions.hpp"
#include "sim/handset/os_rules.hpp"
#include "wire/sdp/offer_answer.hpp"
#include "wire/sip/via.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sim::handset {

// The media of one call: sockets, and who plays and hears what.
class MediaPort {
 public:
  virtual ~MediaPort() = default;  // the sound stops
  [[nodiscard]] virtual sdp::LocalMedia const& local() const = 0;
  // Begins, or goes on under a new agreement.
  virtual void agree(sdp::Session const& ours, sdp::Session const& theirs) = 0;
};

struct MediaWish {
  std::string call = {};  // for its events
  std::string peer = {};
  bool video = false;
  sdp::Security security = sdp::Security::none;
  unsigned peer_tone = 0;  // of an offer; not to be played
};

class SipHost {
 public:
  virtual ~SipHost() = default;
  // A new flow in the place of the old one, to the first node ("host:port", TLS) that takes it; without nodes, to the
  // server that the phone was told of. SipAgent::on_flow_up or on_flow_lost follows, never from inside this call.
  virtual void open_flow(std::vector<std::string> nodes) = 0;
  // The node that the flow leads to does not serve this phone: the next one, where there is one.
  virtual void try_next_node() = 0;
  // The addresses of a host name; none where it has none. May block.
  [[nodiscard]] virtual std::vector<boost::asio::ip::address> addresses_of(std::string const& name) = 0;
  // Something came from the flow: next_deadline() may be another.
  virtual void stirred() = 0;
  virtual void emit(std::string_view event, boost::json::object fields) = 0;
  virtual void tell_os(OsInput input) = 0;
  // Null where no socket can be had.
  [[nodiscard]] virtual std::unique_ptr<MediaPort> open_media(MediaWish const& wish) = 0;
};

// A flow that stands: where it leads, who we are on it, and the tables that run its transactions.
struct SipFlowFacts {
  edge::sip::Target target = {};
  std::string dialled = {};  // the name or address that was dialled
  std::string host = {};
  std::uint16_t port = 0;
  edge::sip::ClientTransactions* client = nullptr;
  edge::sip::ServerTransactions* server = nullptr;
};

struct SipIdentity {
  std::string address = {};  // juliet@localhost
  std::string display_name = {};
  Secret password = {};
  std::string instance = {};
  std::string push_parameters = {};     // of the Contact URI, each with its semicolon; empty without push
  std::string contact_parameters = {};  // of the Contact field, likewise
  std::chrono::seconds expires{3600};
  bool shows_call_screen = true;
  bool offers_srtp = true;  // where the signalling is TLS

  [[nodiscard]] std::string user() const { return address.substr(0, address.find('@')); }
  [[nodiscard]] std::string domain() const { return address.substr(address.find('@') + 1); }
};

}  // namespace reveille::sim::handset
