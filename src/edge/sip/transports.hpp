// Transports: the SIP sockets of one thread, listening and dialled, and the flows over them (RFC 3261 section 18,
// RFC 3581, RFC 5626's notion of a flow).
//
// What:     each message goes up with its Source, its topmost Via marked with where it came from. A flow is a live
//           connection, or a pair of a UDP socket and a remote address that somebody asked for with flow_of.
// Lifetime: closed by close() or the destructor; outstanding handlers know. A flow that ends is told once by
// on_flow_lost. Limits:   Limits. UDP flows beyond their number push out the one that was longest unused, and tell.
// Errors:   of listening only. Threads: the io_context's one thread.
#pragma once

#include "base/result.hpp"
#include "edge/places.hpp"
#include "edge/sip/message_sender.hpp"
#include "edge/sip/slot_map.hpp"
#include "edge/sip/stream_connection.hpp"
#include "edge/sip/stream_listener.hpp"
#include "edge/sip/udp_socket.hpp"
#include "edge/tls.hpp"

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace reveille::edge::sip {

class MessageReceiver {
 public:
  virtual void on_message(wire::MessageView const& message, Source const& source) = 0;
  // A request that is broken but can be answered.
  virtual void on_broken(wire::MessageView const& message, wire::ParseError const& error, Source const& source) = 0;
  virtual void on_flow_lost(FlowHandle flow) = 0;

 protected:
  ~MessageReceiver() = default;
};

struct TransportCounts {
  std::size_t connections = 0;
  std::size_t udp_flows = 0;
  std::size_t queued_bytes = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // over a limit
  std::uint64_t broken = 0;   // messages that are none
  std::uint64_t dropped_datagrams = 0;
  std::uint64_t accept_pauses = 0;
};

class Transports final : public MessageSender, private DatagramReceiver, private StreamReceiver {
 public:
  Transports(boost::asio::io_context& context, WheelDriver& driver, Limits const& limits, std::uint16_t thread);
  Transports(Transports const&) = delete;
  Transports& operator=(Transports const&) = delete;
  ~Transports();

  // Before anything listens.
  void set_receiver(MessageReceiver& receiver) { receiver_ = &receiver; }

  // `public_host` is what Via and Record-Route name in place of the address, without a port; a listener at every
  // address needs one.
  [[nodiscard]] Result<Address> listen(wire::Transport transport, Address const& local, TlsContext tls = {},
                                       std::string const& public_host = {});
  void close();

  // What a user agent has in the place of listeners (OutboundFlow): a connection that was dialled, as a flow; and a UDP
  // socket connected to one remote, which hears of nobody else and is lost when ICMP says that nobody listens there.
  [[nodiscard]] Target adopt(wire::Transport transport, std::shared_ptr<Link> link);
  struct Connected {
    Target target = {};  // with the flow
    Address local = {};
  };
  [[nodiscard]] Result<Connected> connect_udp(Address const& remote);

  [[nodiscard]] std::optional<FlowHandle> send(Target const& target, std::string_view bytes) override;
  [[nodiscard]] std::string_view sent_by(Target const& target) const override;

  // The flow of that message: its connection; for UDP the pair of socket and address, made when it is new.
  [[nodiscard]] FlowHandle flow_of(Source const& source);
  // Where the flow leads; nothing when it is lost.
  [[nodiscard]] std::optional<Target> target_of_flow(FlowHandle flow) const;
  void close_flow(FlowHandle flow);
  // Whoever is at the other end of that flow has proved who he is: his connection counts among strangers no longer.
  void welcome(FlowHandle flow);
  // When the last byte came on a connection, or when it began; nothing for any other flow.
  [[nodiscard]] std::optional<Instant> heard_at(FlowHandle flow) const;
  // The descriptors of all sockets but those that listen for connections.
  [[nodiscard]] std::vector<int> native_handles();
  [[nodiscard]] TransportCounts counts() const;

 private:
  struct UdpPeer {
    Address remote = {};
    boost::asio::ip::address local = {};
    std::uint16_t socket = 0;
    bool operator==(UdpPeer const&) const = default;
  };
  struct UdpPeerHash {
    std::size_t operator()(UdpPeer const& peer) const noexcept {
      return std::hash<Address>{}(peer.remote) ^ peer.socket;
    }
  };
  struct UdpFlow {
    UdpPeer peer = {};
    std::list<FlowHandle>::iterator use = {};  // its place in uses_, latest first
  };
  using Flow = std::variant<std::shared_ptr<StreamConnection>, UdpFlow>;
  struct OtherEnd {
    wire::Transport transport = wire::Transport::tcp;
    Address remote = {};
    bool operator==(OtherEnd const&) const = default;
  };
  struct OtherEndHash {
    std::size_t operator()(OtherEnd const& to) const noexcept {
      return std::hash<Address>{}(to.remote) ^ static_cast<std::size_t>(to.transport);
    }
  };
  struct Listener {
    wire::Transport transport = wire::Transport::tcp;
    std::string sent_by = {};
    std::shared_ptr<StreamListener> stream = {};
    std::unique_ptr<UdpSocket> datagrams = {};
  };

  void on_datagram(std::span<char> bytes, Address const& remote, boost::asio::ip::address const& local,
                   std::uint16_t socket) override;
  void on_refused(std::uint16_t socket) override;
  void on_stream_message(wire::MessageView const& message, Source const& source) override;
  void on_broken_message(wire::MessageView const& message, wire::ParseError const& error,
                         Source const& source) override;
  void on_closed(FlowHandle flow) override;

  // The private bases, named here for makers that cannot see them.
  DatagramReceiver& receiver_of_datagrams() { return *this; }
  StreamReceiver& receiver_of_streams() { return *this; }

  // RFC 3261 section 18.2.1 and RFC 3581 section 4; the message itself when it needs no mark.
  void hand_up(wire::MessageView const& message, Source const& source);
  void accept(boost::asio::ip::tcp::socket socket, Address const& remote, wire::Transport transport,
              TlsContext const& tls);
  [[nodiscard]] std::optional<FlowHandle> send_on(FlowHandle flow, std::string_view bytes);
  // RFC 3261 section 18.1.1: on the connection that stands already, whoever opened it.
  [[nodiscard]] std::optional<FlowHandle> find_or_dial_and_send(Target const& target, std::string_view bytes);
  [[nodiscard]] std::optional<FlowHandle> dial_to(Target const& target);
  [[nodiscard]] StreamConnection* connection_of(FlowHandle flow) const;
  [[nodiscard]] UdpSocket* udp_socket(std::uint16_t number) const;
  void push_out_oldest_udp_flow();

  boost::asio::io_context& context_;
  WheelDriver& driver_;
  Limits const& limits_;
  MessageReceiver* receiver_ = nullptr;
  std::vector<Listener> listeners_ = {};
  SlotMap<Flow, FlowTag> flows_;
  std::unordered_map<UdpPeer, FlowHandle, UdpPeerHash> udp_flows_ = {};
  std::list<FlowHandle> uses_ = {};
  std::unordered_map<OtherEnd, FlowHandle, OtherEndHash> by_other_end_ = {};  // connections, accepted and dialled
  Places accepted_;
  Places dialled_;           // whoever registers names the port: a few for one address
  Places strangers_;         // accepted, and nobody has signed in there
  std::string marked_ = {};  // the message under way, with its Via marked
  std::string via_ = {};
  TransportCounts counts_ = {};
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace reveille::edge::sip
