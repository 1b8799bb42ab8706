#include "edge/xmpp/server.hpp"

#include "edge/listening.hpp"
#include "edge/xmpp/connection.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <utility>
#include <vector>

namespace reveille::edge {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace xmpp;

constexpr auto accept_pause = 100ms;

struct Slot {
  std::shared_ptr<XmppConnection> connection = {};
  std::uint32_t generation = 0;
};

struct Listener {
  tcp::acceptor acceptor;
  Security security = Security::plain;
};

}  // namespace

struct XmppServer::Shared : std::enable_shared_from_this<XmppServer::Shared> {
  explicit Shared(XmppServerSettings const& settings)
      : connections(settings.connections), strangers(settings.signing_in) {}

  asio::io_context* io = nullptr;
  std::shared_ptr<XmppHouse> house = std::make_shared<XmppHouse>();
  std::vector<Slot> slots = {};
  std::vector<std::uint32_t> free_slots = {};
  std::vector<std::shared_ptr<Listener>> listeners = {};
  Places connections;
  Places strangers;  // have not signed in
  bool stopped = false;

  std::shared_ptr<XmppConnection> find(StreamHandle handle) const {
    if (handle.slot >= slots.size() || handle.empty()) return nullptr;
    auto const& slot = slots[handle.slot];
    return slot.generation == handle.generation ? slot.connection : nullptr;
  }

  template <class Order>
  void tell(StreamHandle handle, Order order) const {
    if (auto const connection = find(handle)) connection->tell(std::move(order));
  }

  StreamHandle reserve() {
    if (free_slots.empty()) {
      slots.emplace_back();
      free_slots.push_back(static_cast<std::uint32_t>(slots.size() - 1));
    }
    auto const slot = free_slots.back();
    free_slots.pop_back();
    auto const generation = ++slots[slot].generation;
    return {.thread = house->settings.thread, .slot = slot, .generation = generation};
  }

  void forget(StreamHandle handle) {
    if (!find(handle)) return;
    slots[handle.slot].connection.reset();
    free_slots.push_back(handle.slot);
  }

  void welcome(tcp::socket socket, Security security) {
    // Too many: the connection is closed at once, so that those who are here are served.
    error_code gone;
    auto const remote = socket.remote_endpoint(gone).address();
    if (gone) return;
    auto place = connections.take(remote);
    auto signing_in = strangers.take(remote);
    if (!place || !signing_in) return;
    auto link = make_link(std::move(socket), security == Security::tls ? house->settings.tls : nullptr);
    auto const handle = reserve();
    auto const connection = std::make_shared<XmppConnection>(
        house, std::move(link), security,
        XmppConnection::Seat{.handle = handle, .place = std::move(*place), .signing_in = std::move(signing_in)});
    slots[handle.slot].connection = connection;
    connection->begin(security);
  }

  void accept(std::shared_ptr<Listener> const& listener) {
    listener->acceptor.async_accept([self = shared_from_this(), listener](error_code error, tcp::socket socket) {
      if (self->stopped || error == asio::error::operation_aborted || error == asio::error::bad_descriptor) return;
      if (!error) {
        self->welcome(std::move(socket), listener->security);
        return self->accept(listener);
      }
      // Out of file descriptors, most likely: trying again at once would only burn the processor.
      auto pause = std::make_shared<asio::steady_timer>(*self->io, accept_pause);
      pause->async_wait([self, listener, pause](error_code) {
        if (!self->stopped) self->accept(listener);
      });
    });
  }

  void close_listeners() {
    stopped = true;
    error_code ignored;
    for (auto const& listener : listeners) listener->acceptor.close(ignored);
    listeners.clear();
  }
};

XmppServer::XmppServer(asio::io_context& io, XmppServerSettings settings, Clock const& clock, Random& random,
                       StreamEvents& events, ScramCredentials& credentials)
    : shared_(std::make_shared<Shared>(settings)) {
  shared_->io = &io;
  auto& house = *shared_->house;
  house.settings = std::move(settings);
  house.clock = &clock;
  house.random = &random;
  house.events = &events;
  house.credentials = &credentials;
  house.secret = Secret{random.hex(32)};
  house.forget = [weak = std::weak_ptr(shared_)](StreamHandle handle) {
    if (auto const shared = weak.lock()) shared->forget(handle);
  };
}

XmppServer::~XmppServer() {
  shared_->close_listeners();
  shared_->house->events = nullptr;
  for (auto const& slot : std::exchange(shared_->slots, {}))
    if (slot.connection) slot.connection->drop();
}

Result<std::uint16_t> XmppServer::listen(std::string const& address, std::uint16_t port, Security security) {
  error_code error;
  auto const ip = asio::ip::make_address(address, error);
  if (error) return failure(ErrorCode::configuration, "'" + address + "' is not an IP address");
  tcp::endpoint const endpoint{ip, port};
  auto listener = std::make_shared<Listener>(Listener{.acceptor = tcp::acceptor{*shared_->io}, .security = security});
  auto& acceptor = listener->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  auto const local = error ? tcp::endpoint{} : acceptor.local_endpoint(error);
  if (error) return cannot_listen(address + ":" + std::to_string(port), error);
  shared_->listeners.push_back(listener);
  shared_->accept(listener);
  return local.port();
}

void XmppServer::drain() {
  shared_->close_listeners();
  auto const slots = shared_->slots;
  for (auto const& slot : slots)
    if (slot.connection)
      slot.connection->tell([](ClientStream& stream, Instant) { return stream.close(StreamError::system_shutdown); });
}

void XmppServer::set_acknowledgement_wait(Duration wait) {
  shared_->house->settings.stream.requests.wait = wait;
}

void XmppServer::bound(StreamHandle stream, std::string_view resource) {
  shared_->tell(stream, [=](ClientStream& one, Instant now) { return one.bound(resource, now); });
}

void XmppServer::refuse_bind(StreamHandle stream, StanzaError condition) {
  shared_->tell(stream, [=](ClientStream& one, Instant now) { return one.bind_refused(condition, now); });
}

void XmppServer::enabled(StreamHandle stream, Enabled const& enabled) {
  shared_->tell(stream, [&](ClientStream& one, Instant now) { return one.enabled(enabled, now); });
}

void XmppServer::resumed(StreamHandle stream, ClientStream::Continuation const& state) {
  shared_->tell(stream, [&](ClientStream& one, Instant now) { return one.resumed(state, now); });
}

void XmppServer::fail_management(StreamHandle stream, Failed const& failed) {
  shared_->tell(stream, [&](ClientStream& one, Instant now) { return one.management_failed(failed, now); });
}

void XmppServer::send(StreamHandle stream, std::string_view stanza) {
  shared_->tell(stream, [=](ClientStream& one, Instant now) { return one.send(stanza, now); });
}

void XmppServer::handled(StreamHandle stream, std::uint32_t count) {
  shared_->tell(stream, [=](ClientStream& one, Instant now) { return one.handled(count, now); });
}

void XmppServer::close(StreamHandle stream) {
  shared_->tell(stream, [](ClientStream& one, Instant) { return one.close(); });
}

void XmppServer::close(StreamHandle stream, Element const& stream_error) {
  shared_->tell(stream, [&](ClientStream& one, Instant) { return one.close(stream_error); });
}

bool XmppServer::has_room(StreamHandle stream) const {
  auto const connection = shared_->find(stream);
  return connection && connection->has_room();
}

std::size_t XmppServer::connections() const {
  return shared_->connections.taken();
}

}  // namespace reveille::edge
