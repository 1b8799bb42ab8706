#include "edge/sip/transports.hpp"

#include "edge/link.hpp"
#include "edge/sip/remote.hpp"
#include "edge/sip/transaction_key.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace reveille::edge::sip {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using wire::Transport;

// Whether the topmost Via already says where the message came from (RFC 3261 section 18.2.1): an address equal to the
// source's, and no wish for rport (RFC 3581).
bool needs_no_mark(wire::Via const& via, Address const& remote) {
  if (via.wants_rport() || via.received() || via.host_kind == wire::HostKind::name) return false;
  boost::system::error_code error;
  auto const ip = asio::ip::make_address(via.host, error);
  return !error && ip == remote.ip;
}

}  // namespace

Transports::Transports(asio::io_context& context, WheelDriver& driver, Limits const& limits, std::uint16_t thread)
    : context_(context),
      driver_(driver),
      limits_(limits),
      flows_(thread),
      accepted_({.in_all = limits.connections, .of_address = limits.connections_per_address}),
      dialled_({.in_all = limits.connections, .of_address = limits.dialled_per_address}),
      strangers_({.in_all = limits.strangers, .of_address = limits.strangers_per_address}) {}

Transports::~Transports() {
  close();
}

Result<Address> Transports::listen(Transport transport, Address const& local, TlsContext tls,
                                   std::string const& public_host) {
  Listener listener{.transport = transport};
  Result<Address> bound = local;
  if (transport == Transport::udp) {
    auto const number = static_cast<std::uint16_t>(listeners_.size());
    listener.datagrams = std::make_unique<UdpSocket>(context_, receiver_of_datagrams(), number);
    bound = listener.datagrams->open(local);
  } else {
    listener.stream = std::make_shared<StreamListener>(
        context_, [this, transport, tls = std::move(tls)](tcp::socket socket, Address const& remote) {
          accept(std::move(socket), remote, transport, tls);
        });
    bound = listener.stream->open(local);
  }
  if (!bound) return bound;
  listener.sent_by = public_host.empty() ? format_address(*bound) : format_host_port(public_host, bound->port);
  listeners_.push_back(std::move(listener));
  return bound;
}

void Transports::close() {
  for (auto& listener : listeners_) {
    if (listener.stream) listener.stream->close();
    if (listener.datagrams) listener.datagrams->close();
  }
  for (auto const flow : flows_.names())
    if (auto* connection = std::get_if<std::shared_ptr<StreamConnection>>(flows_.find(flow))) (*connection)->abandon();
}

UdpSocket* Transports::udp_socket(std::uint16_t number) const {
  if (number < listeners_.size() && listeners_[number].datagrams) return listeners_[number].datagrams.get();
  auto const any = std::ranges::find_if(listeners_, [](auto const& one) { return one.datagrams != nullptr; });
  return any == listeners_.end() ? nullptr : any->datagrams.get();
}

std::string_view Transports::sent_by(Target const& target) const {
  if (target.transport == Transport::udp && target.socket < listeners_.size() && listeners_[target.socket].datagrams)
    return listeners_[target.socket].sent_by;
  auto const same = std::ranges::find(listeners_, target.transport, &Listener::transport);
  if (same != listeners_.end()) return same->sent_by;
  // Nothing listens for that transport: an answer comes back on the connection itself.
  if (auto const* const connection = connection_of(target.flow); connection != nullptr && !connection->local().empty())
    return connection->local();
  return listeners_.empty() ? std::string_view{"localhost"} : std::string_view{listeners_.front().sent_by};
}

void Transports::on_datagram(std::span<char> bytes, Address const& remote, asio::ip::address const& local,
                             std::uint16_t socket) {
  Source const source{.transport = Transport::udp, .remote = remote, .socket = socket, .local = local};
  wire::MessageView message;
  auto const parsed = wire::parse_datagram(bytes, message);
  if (parsed) return hand_up(message, source);
  if (parsed.error().fault == wire::ParseFault::keep_alive) return;
  on_broken_message(message, parsed.error(), source);
}

void Transports::on_refused(std::uint16_t socket) {
  for (auto const& [peer, flow] : udp_flows_)
    if (peer.socket == socket) return close_flow(flow);
}

void Transports::on_stream_message(wire::MessageView const& message, Source const& source) {
  hand_up(message, source);
}

void Transports::on_broken_message(wire::MessageView const& message, wire::ParseError const& error,
                                   Source const& source) {
  ++counts_.broken;
  if (error.answerable == wire::Answerable::yes && error.status != 0) receiver_->on_broken(message, error, source);
}

void Transports::hand_up(wire::MessageView const& message, Source const& source) {
  if (message.is_response()) return receiver_->on_message(message, source);
  std::string_view const first = top_via_text(message);
  auto const via = wire::parse_via(first);
  if (!via || needs_no_mark(*via, source.remote)) return receiver_->on_message(message, source);
  std::string const ip = format_ip(source.remote.ip);
  via_.clear();
  wire::append_received(via_, first, *via, {.address = ip, .port = source.remote.port});
  wire::MessageView marked;
  if (message.replaced(marked_, first, via_, marked)) receiver_->on_message(marked, source);
}

void Transports::accept(tcp::socket socket, Address const& remote, Transport transport, TlsContext const& tls) {
  auto place = accepted_.take(remote.ip);
  auto stranger = strangers_.take(remote.ip);
  if (flows_.size() - udp_flows_.size() >= limits_.connections || !place || !stranger) {
    ++counts_.refused;
    return;
  }
  ++counts_.accepted;
  auto const flow = flows_.reserve();
  Source source{.transport = transport, .remote = remote, .flow = flow};
  auto connection = std::make_shared<StreamConnection>(receiver_of_streams(), driver_, limits_, source,
                                                       StreamConnection::Opened::accepted);
  flows_.place(flow, connection);
  by_other_end_[{.transport = transport, .remote = remote}] = flow;
  connection->accept(make_link(std::move(socket), tls), std::move(*place), std::move(*stranger));
}

void Transports::welcome(FlowHandle flow) {
  if (auto* const connection = connection_of(flow)) connection->welcome();
}

void Transports::on_closed(FlowHandle flow) {
  auto* const found = flows_.find(flow);
  if (found == nullptr) return;
  if (auto const* connection = std::get_if<std::shared_ptr<StreamConnection>>(found)) {
    auto const source = (*connection)->source();
    auto const known = by_other_end_.find({.transport = source.transport, .remote = source.remote});
    if (known != by_other_end_.end() && known->second == flow) by_other_end_.erase(known);
  }
  flows_.erase(flow);
  receiver_->on_flow_lost(flow);
}

std::optional<FlowHandle> Transports::send(Target const& target, std::string_view bytes) {
  if (!target.flow.empty()) return send_on(target.flow, bytes);
  if (target.transport != Transport::udp) return find_or_dial_and_send(target, bytes);
  auto* const socket = udp_socket(target.socket);
  if (socket == nullptr) return {};
  // FIXME: RFC 3261 18.1.1: a request of more than 1300 bytes goes over a congestion-controlled transport.
  socket->send(target.remote, bytes, target.local);
  return FlowHandle{};
}

std::optional<FlowHandle> Transports::send_on(FlowHandle flow, std::string_view bytes) {
  auto* const found = flows_.find(flow);
  if (found == nullptr) return {};
  if (auto* const connection = std::get_if<std::shared_ptr<StreamConnection>>(found)) {
    auto const kept = *connection;
    return kept->send(bytes) ? std::optional{flow} : std::nullopt;
  }
  auto const& peer = std::get<UdpFlow>(*found).peer;
  auto* const socket = udp_socket(peer.socket);
  if (socket == nullptr) return {};
  socket->send(peer.remote, bytes, peer.local);
  return FlowHandle{};
}

std::optional<FlowHandle> Transports::find_or_dial_and_send(Target const& target, std::string_view bytes) {
  auto const known = by_other_end_.find({.transport = target.transport, .remote = target.remote});
  auto const flow = known != by_other_end_.end() ? std::optional{known->second} : dial_to(target);
  return flow ? send_on(*flow, bytes) : std::nullopt;
}

std::optional<FlowHandle> Transports::dial_to(Target const& target) {
  // Who is known by an address only has no certificate that could be verified: TLS goes over connections that stand.
  if (target.transport != Transport::tcp || flows_.size() - udp_flows_.size() >= limits_.connections) {
    spdlog::debug("sip: no connection to {} over {}, and none can be opened", format_address(target.remote),
                  wire::name_of(target.transport));
    return {};
  }
  auto place = dialled_.take(target.remote.ip);
  if (!place) return {};
  auto const flow = flows_.reserve();
  Source source{.transport = target.transport, .remote = target.remote, .flow = flow};
  auto connection = std::make_shared<StreamConnection>(receiver_of_streams(), driver_, limits_, source,
                                                       StreamConnection::Opened::dialled);
  connection->keep(std::move(*place));
  flows_.place(flow, connection);
  by_other_end_[{.transport = target.transport, .remote = target.remote}] = flow;
  // FIXME: RFC 3263: a host is dialled by the address found already.
  Destination destination{.host = target.remote.ip.to_string(), .port = target.remote.port};
  dial(context_.get_executor(), std::move(destination), [connection](Result<std::shared_ptr<Link>> link) {
    if (link) return connection->begin(std::move(*link));
    spdlog::info("sip: cannot connect: {}", link.error().ours);
    connection->close();
  });
  return flow;
}

Target Transports::adopt(Transport transport, std::shared_ptr<Link> link) {
  Source const source{
      .transport = transport, .remote = parse_address(link->remote()).value_or(Address{}), .flow = flows_.reserve()};
  auto connection = std::make_shared<StreamConnection>(receiver_of_streams(), driver_, limits_, source,
                                                       StreamConnection::Opened::dialled);
  flows_.place(source.flow, connection);
  connection->begin(std::move(link));
  return target_of(source);
}

Result<Transports::Connected> Transports::connect_udp(Address const& remote) {
  Listener listener{.transport = Transport::udp};
  auto const number = static_cast<std::uint16_t>(listeners_.size());
  listener.datagrams = std::make_unique<UdpSocket>(context_, receiver_of_datagrams(), number);
  auto const local = listener.datagrams->connect(remote);
  if (!local) return std::unexpected(local.error());
  listener.sent_by = format_address(*local);
  listeners_.push_back(std::move(listener));
  auto const flow = flow_of({.transport = Transport::udp, .remote = remote, .socket = number});
  return Connected{.target = *target_of_flow(flow), .local = *local};
}

StreamConnection* Transports::connection_of(FlowHandle flow) const {
  auto const* const found = flows_.find(flow);
  auto const* const connection = found == nullptr ? nullptr : std::get_if<std::shared_ptr<StreamConnection>>(found);
  return connection == nullptr ? nullptr : connection->get();
}

std::optional<Instant> Transports::heard_at(FlowHandle flow) const {
  auto const* const connection = connection_of(flow);
  return connection == nullptr ? std::nullopt : std::optional{connection->heard_at()};
}

std::vector<int> Transports::native_handles() {
  std::vector<int> all;
  for (auto const& listener : listeners_)
    if (listener.datagrams) all.push_back(listener.datagrams->native_handle());
  for (auto const flow : flows_.names())
    if (auto* const connection = connection_of(flow)) all.push_back(connection->native_handle());
  std::erase(all, -1);
  return all;
}

FlowHandle Transports::flow_of(Source const& source) {
  if (source.transport != Transport::udp) return source.flow;
  UdpPeer const peer{.remote = source.remote, .local = source.local, .socket = source.socket};
  if (auto const known = udp_flows_.find(peer); known != udp_flows_.end()) {
    auto& flow = std::get<UdpFlow>(*flows_.find(known->second));
    uses_.splice(uses_.begin(), uses_, flow.use);
    return known->second;
  }
  if (udp_flows_.size() >= limits_.udp_flows) push_out_oldest_udp_flow();
  auto const handle = flows_.reserve();
  uses_.push_front(handle);
  flows_.place(handle, UdpFlow{.peer = peer, .use = uses_.begin()});
  udp_flows_.emplace(peer, handle);
  return handle;
}

void Transports::push_out_oldest_udp_flow() {
  if (!uses_.empty()) close_flow(uses_.back());
}

std::optional<Target> Transports::target_of_flow(FlowHandle flow) const {
  auto const* const found = flows_.find(flow);
  if (found == nullptr) return {};
  if (auto const* const connection = std::get_if<std::shared_ptr<StreamConnection>>(found))
    return target_of((*connection)->source());
  auto const& peer = std::get<UdpFlow>(*found).peer;
  return Target{
      .transport = Transport::udp, .remote = peer.remote, .flow = flow, .socket = peer.socket, .local = peer.local};
}

void Transports::close_flow(FlowHandle flow) {
  auto* const found = flows_.find(flow);
  if (found == nullptr) return;
  if (auto const* const connection = std::get_if<std::shared_ptr<StreamConnection>>(found)) {
    auto const kept = *connection;
    return kept->close_after_writing();
  }
  auto const udp = std::get<UdpFlow>(*found);
  udp_flows_.erase(udp.peer);
  uses_.erase(udp.use);
  flows_.erase(flow);
  asio::post(context_, [this, flow, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) receiver_->on_flow_lost(flow);
  });
}

TransportCounts Transports::counts() const {
  TransportCounts counts = counts_;
  counts.udp_flows = udp_flows_.size();
  counts.connections = flows_.size() - udp_flows_.size();
  for (auto const flow : flows_.names())
    if (auto const* const connection = std::get_if<std::shared_ptr<StreamConnection>>(flows_.find(flow)))
      counts.queued_bytes += (*connection)->queued();
  for (auto const& listener : listeners_) {
    if (listener.datagrams) counts.dropped_datagrams += listener.datagrams->dropped();
    if (listener.stream) counts.accept_pauses += listener.stream->pauses();
  }
  return counts;
}

}  // namespace reveille::edge::sip
