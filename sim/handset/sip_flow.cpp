// Flows over UDP, TCP and TLS.
#include "sim/handset/sip_flow.hpp"

#include "wire/sip/stream_framer.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <charconv>
#include <deque>

namespace reveille::sim::handset {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds keep_alive_interval{25};
constexpr std::chrono::seconds pong_wait{10};

SipFlowFacts facts_of(sip::Transport transport, std::string const& local) {
  auto const colon = local.rfind(':');
  SipFlowFacts facts{.transport = transport, .host = local.substr(0, colon)};
  std::from_chars(local.data() + colon + 1, local.data() + local.size(), facts.port);
  return facts;
}

}  // namespace

// Every operation under way holds its connection; a connection that ended calls nothing more.
class SipFlow::Connection : public std::enable_shared_from_this<SipFlow::Connection> {
 public:
  Connection(asio::any_io_executor const& executor, Radio& radio, SipServer server, SipFlowEvents events)
      : executor_(executor), radio_(radio), server_(std::move(server)), events_(std::move(events)), timer_(executor) {}
  virtual ~Connection() = default;

  virtual void start() = 0;
  virtual void send(std::string bytes) = 0;
  void end() {
    ended_ = true;
    events_ = {};
    timer_.cancel();
    close();
  }

 protected:
  virtual void close() = 0;
  // The callback may destroy the flow: it is called last.
  void lose(std::string const& why) {
    if (ended_) return;
    auto const lost = std::move(events_.lost);
    end();
    if (lost) lost(why);
  }

  asio::any_io_executor executor_;
  Radio& radio_;
  SipServer server_;
  SipFlowEvents events_;
  asio::steady_timer timer_;
  bool ended_ = false;
};

class SipFlow::StreamConnection final : public Connection {
 public:
  using Connection::Connection;

  void start() override {
    edge::dial(executor_, server_.destination,
               [this, self = shared_from_this()](Result<std::shared_ptr<edge::Link>> link) {
                 if (ended_) {
                   if (link) (*link)->close();
                   return;
                 }
                 if (!link) return lose(link.error().ours);
                 link_ = std::move(*link);
                 radio_.add(link_);
                 read();
                 keep_alive();
                 events_.up(facts_of(server_.transport, link_->local()));
               });
  }

  void send(std::string bytes) override {
    if (!link_ || ended_) return;
    unsent_.push_back(std::move(bytes));
    if (unsent_.size() == 1) write();
  }

 private:
  void close() override { radio_.close(link_); }

  void write() {
    auto const& bytes = unsent_.front();
    link_->write({reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size()},
                 [this, self = shared_from_this()](error_code error, std::size_t) {
                   if (ended_) return;
                   if (error) return lose("writing failed: " + error.message());
                   unsent_.pop_front();
                   if (!unsent_.empty()) write();
                 });
  }

  void read() {
    link_->read_some(buffer_, [this, self = shared_from_this()](error_code error, std::size_t size) {
      if (ended_) return;
      if (error) return lose("the server closed the connection: " + error.message());
      framer_.feed({reinterpret_cast<char*>(buffer_.data()), size});
      take_messages();
      if (!ended_) read();
    });
  }

  void take_messages() {
    using Event = sip::StreamFramer::Event;
    sip::MessageView view;
    while (!ended_) {
      switch (framer_.next(view)) {
        case Event::need_more: return;
        case Event::message: events_.message(sip::Message(view)); break;
        case Event::broken: break;  // a phone has nothing to say to it
        case Event::ping: send(std::string(sip::keep_alive_pong)); break;
        case Event::pong: pong_due_ = false; break;
        case Event::fatal: return lose("the server sent what is not SIP");
      }
    }
  }

  void keep_alive() {
    timer_.expires_after(keep_alive_interval);
    timer_.async_wait([this, self = shared_from_this()](error_code error) {
      if (error || ended_) return;
      pong_due_ = true;
      send(std::string(sip::keep_alive_ping));
      await_pong();
    });
  }

  void await_pong() {
    timer_.expires_after(pong_wait);
    timer_.async_wait([this, self = shared_from_this()](error_code error) {
      if (error || ended_) return;
      if (pong_due_) return lose("the server does not answer keep-alives");
      keep_alive();
    });
  }

  std::shared_ptr<edge::Link> link_ = {};
  std::array<std::uint8_t, 16384> buffer_ = {};
  sip::StreamFramer framer_{sip::StreamFramer::Side::client};
  std::deque<std::string> unsent_ = {};
  bool pong_due_ = false;
};

class SipFlow::DatagramConnection final : public Connection {
 public:
  DatagramConnection(asio::any_io_executor const& executor, Radio& radio, SipServer server, SipFlowEvents events)
      : Connection(executor, radio, std::move(server), std::move(events)),
        resolver_(executor),
        socket_(std::make_shared<udp::socket>(executor)) {}

  void start() override {
    resolver_.async_resolve(
        server_.destination.host, std::to_string(server_.destination.port), udp::resolver::numeric_service,
        [this, self = shared_from_this()](error_code error, udp::resolver::results_type addresses) {
          if (ended_) return;
          if (!error) error = connect(addresses);
          if (error) return lose("no socket to the server: " + error.message());
          radio_.add(socket_);
          read();
          keep_alive();
          auto const local = socket_->local_endpoint();
          events_.up({.transport = sip::Transport::udp, .host = local.address().to_string(), .port = local.port()});
        });
  }

  void send(std::string bytes) override {
    if (ended_ || !socket_->is_open()) return;
    auto const kept = std::make_shared<std::string>(std::move(bytes));
    socket_->async_send(asio::buffer(*kept), [self = shared_from_this(), kept](error_code, std::size_t) {});
  }

 private:
  void close() override { radio_.close(socket_); }

  error_code connect(udp::resolver::results_type const& addresses) {
    error_code error = asio::error::host_not_found;
    for (auto const& address : addresses) {
      // A name like localhost has addresses of both families, and a UDP connect always succeeds: IPv4 is what we serve.
      if (!address.endpoint().address().is_v4() && addresses.size() > 1) continue;
      socket_->open(address.endpoint().protocol(), error);
      if (!error) socket_->connect(address.endpoint(), error);
      if (!error) return {};
      error_code ignored;
      socket_->close(ignored);
    }
    return error;
  }

  void read() {
    socket_->async_receive(asio::buffer(buffer_),
                           [this, self = shared_from_this()](error_code error, std::size_t size) {
                             if (ended_) return;
                             if (error == asio::error::connection_refused)
                               return lose("nobody listens at the server's port");
                             if (error) return lose("receiving failed: " + error.message());
                             sip::MessageView view;
                             if (sip::parse_datagram({buffer_.data(), size}, view)) events_.message(sip::Message(view));
                             if (!ended_) read();
                           });
  }

  void keep_alive() {
    timer_.expires_after(keep_alive_interval);
    timer_.async_wait([this, self = shared_from_this()](error_code error) {
      if (error || ended_) return;
      send(std::string(sip::keep_alive_ping));
      keep_alive();
    });
  }

  udp::resolver resolver_;
  std::shared_ptr<udp::socket> socket_;
  std::array<char, 65536> buffer_ = {};
};

SipFlow::SipFlow(asio::any_io_executor executor, Radio& radio, SipServer const& server, SipFlowEvents events) {
  if (server.transport == sip::Transport::udp)
    connection_ = std::make_shared<DatagramConnection>(executor, radio, server, std::move(events));
  else
    connection_ = std::make_shared<StreamConnection>(executor, radio, server, std::move(events));
  connection_->start();
}

SipFlow::~SipFlow() {
  connection_->end();
}

void SipFlow::send(std::string bytes) {
  connection_->send(std::move(bytes));
}

}  // namespace reveille::sim::handset
