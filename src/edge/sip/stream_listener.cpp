#include "edge/sip/stream_listener.hpp"

#include "edge/listening.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace reveille::edge::sip {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds pause_time{100};

// The connection was gone before we took it: that is no trouble of ours.
bool is_of_the_peer(error_code error) {
  return error == asio::error::connection_aborted || error == asio::error::connection_reset ||
         error == asio::error::interrupted || error == asio::error::try_again;
}

}  // namespace

StreamListener::StreamListener(asio::io_context& context, Accepted accepted)
    : acceptor_(context), timer_(context), accepted_(std::move(accepted)) {}

Result<Address> StreamListener::open(Address const& local) {
  error_code error;
  if (acceptor_.open(local.tcp().protocol(), error); !error) {
    error_code ignored;
    acceptor_.set_option(asio::socket_base::reuse_address(true), ignored);
    acceptor_.bind(local.tcp(), error);
  }
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen("TCP " + format_address(local), error);
  accept();
  return Address::of(acceptor_.local_endpoint());
}

void StreamListener::close() {
  error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel();
  accepted_ = nullptr;
}

void StreamListener::accept() {
  acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
    if (!self->accepted_) return;
    if (error && !is_of_the_peer(error)) return self->pause(error);
    if (!error) {
      error_code gone;
      auto const remote = socket.remote_endpoint(gone);
      if (!gone) self->accepted_(std::move(socket), Address::of(remote));
    }
    if (self->accepted_) self->accept();
  });
}

void StreamListener::pause(error_code error) {
  if (pauses_++ == 0) spdlog::warn("sip: cannot accept connections for a moment: {}", error.message());
  timer_.expires_after(pause_time);
  timer_.async_wait([self = shared_from_this()](error_code stopped) {
    if (!stopped && self->accepted_) self->accept();
  });
}

}  // namespace reveille::edge::sip
