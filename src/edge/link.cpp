#include "edge/link.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <vector>

namespace reveille::edge {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds goodbye_time{2};
// RFC 8305 §8, "Connection Attempt Delay".
constexpr std::chrono::milliseconds before_next_address{250};
constexpr std::size_t goodbye_bytes = std::size_t{1} << 20;

std::string text_of(tcp::endpoint const& endpoint) {
  auto const address = endpoint.address();
  auto const text = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return text + ":" + std::to_string(endpoint.port());
}

std::string address_of(tcp::socket const& socket) {
  error_code error;
  auto const remote = socket.remote_endpoint(error);
  return error ? std::string{} : text_of(remote);
}

std::string common_name(SSL const* connection) {
  std::unique_ptr<X509, decltype(&X509_free)> const certificate{SSL_get1_peer_certificate(connection), X509_free};
  if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return {};
  std::array<char, 256> name{};
  int const size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                                             static_cast<int>(name.size()));
  return size > 0 ? std::string{name.data(), static_cast<std::size_t>(size)} : std::string{};
}

// TLS ends with "stream truncated" where a peer closes TCP without close_notify. Above, framing tells whether
// something is missing, so both are an end.
error_code plain_end(error_code error) {
  return error == asio::ssl::error::stream_truncated ? error_code{asio::error::eof} : error;
}

template <class Stream>
class StreamLink final : public Link, public std::enable_shared_from_this<StreamLink<Stream>> {
  static constexpr bool is_tls = !std::is_same_v<Stream, tcp::socket>;

 public:
  StreamLink(tcp::socket socket, TlsContext tls)
    requires is_tls
      : tls_(std::move(tls)), stream_(std::move(socket), *tls_), remote_(address_of(lowest())) {
    set_options();
  }
  explicit StreamLink(tcp::socket socket)
    requires(!is_tls)
      : stream_(std::move(socket)), remote_(address_of(lowest())) {
    set_options();
  }

  void read_some(std::span<std::uint8_t> into, Done done) override {
    stream_.async_read_some(asio::buffer(into.data(), into.size()),
                            [self = this->shared_from_this(), done = std::move(done)](
                                error_code error, std::size_t size) mutable { done(plain_end(error), size); });
  }

  void write(std::span<std::uint8_t const> bytes, Done done) override {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [self = this->shared_from_this(), done = std::move(done)](
                          error_code error, std::size_t size) mutable { done(plain_end(error), size); });
  }

  void accept(Ready ready) override {
    if constexpr (is_tls) {
      stream_.async_handshake(
          asio::ssl::stream_base::server,
          [self = this->shared_from_this(), ready = std::move(ready)](error_code error) mutable { ready(error); });
    } else {
      asio::post(lowest().get_executor(),
                 [self = this->shared_from_this(), ready = std::move(ready)]() mutable { ready(error_code{}); });
    }
  }

  void connect_tls(Ready ready)
    requires is_tls
  {
    stream_.async_handshake(asio::ssl::stream_base::client, [self = this->shared_from_this(), ready = std::move(ready)](
                                                                error_code error) mutable { ready(error); });
  }

  std::shared_ptr<Link> upgrade(TlsContext tls) override {
    if constexpr (is_tls) {
      return nullptr;
    } else {
      return make_link(std::move(stream_), std::move(tls));
    }
  }

  void close() override {
    error_code ignored;
    lowest().close(ignored);
  }

  void reset() override {
    error_code ignored;
    lowest().set_option(asio::socket_base::linger(true, 0), ignored);
    lowest().close(ignored);
  }

  void close_gently() override {
    if (!lowest().is_open()) return;
    auto timer = std::make_shared<asio::steady_timer>(lowest().get_executor(), goodbye_time);
    timer->async_wait([self = this->shared_from_this()](error_code) { self->close(); });
    if constexpr (is_tls) {
      stream_.async_shutdown([self = this->shared_from_this(), timer](error_code error) {
        // A peer that was still speaking: what it said lies unread.
        if (error) return self->drain_to_end(timer);
        timer->cancel();
      });
    } else {
      drain_to_end(timer);
    }
  }

  std::string alpn() const override {
    if constexpr (is_tls) {
      return alpn_of(const_cast<Stream&>(stream_).native_handle());
    } else {
      return {};
    }
  }

  std::string peer_name() const override {
    if constexpr (is_tls) {
      return common_name(const_cast<Stream&>(stream_).native_handle());
    } else {
      return {};
    }
  }

  std::string remote() const override { return remote_; }
  std::string local() const override {
    error_code error;
    auto const endpoint = const_cast<StreamLink*>(this)->lowest().local_endpoint(error);
    return error ? std::string{} : text_of(endpoint);
  }
  int native_handle() override { return lowest().native_handle(); }
  asio::any_io_executor executor() override { return lowest().get_executor(); }
  Stream& stream() { return stream_; }

 private:
  tcp::socket& lowest() {
    if constexpr (is_tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void set_options() {
    error_code ignored;
    lowest().set_option(tcp::no_delay{true}, ignored);
    lowest().set_option(asio::socket_base::keep_alive{true}, ignored);
  }

  // Reads and forgets until the peer closes: a close with bytes unread would reset what the peer has yet to read. One
  // that goes on and on is not waited for.
  void drain_to_end(std::shared_ptr<asio::steady_timer> timer) {
    error_code ignored;
    lowest().shutdown(tcp::socket::shutdown_send, ignored);
    drain(std::move(timer), goodbye_bytes);
  }

  void drain(std::shared_ptr<asio::steady_timer> timer, std::size_t most) {
    lowest().async_read_some(asio::buffer(drained_),
                             [self = this->shared_from_this(), timer, most](error_code error, std::size_t size) {
                               if (error || size >= most) {
                                 timer->cancel();
                               } else {
                                 self->drain(timer, most - size);
                               }
                             });
  }

  TlsContext tls_;
  Stream stream_;
  std::string remote_;
  std::array<char, 512> drained_{};
};

using PlainLink = StreamLink<tcp::socket>;
using TlsLink = StreamLink<asio::ssl::stream<tcp::socket>>;

// RFC 8305 §4: the families take turns, so that one that leads nowhere does not come first with all its addresses.
std::vector<tcp::endpoint> in_turns(tcp::resolver::results_type const& found) {
  std::vector<tcp::endpoint> first;
  std::vector<tcp::endpoint> other;
  for (auto const& entry : found) {
    auto const is_first = first.empty() || first.front().protocol() == entry.endpoint().protocol();
    (is_first ? first : other).push_back(entry.endpoint());
  }
  for (std::size_t i = 0; i < other.size(); ++i)
    first.insert(first.begin() + static_cast<std::ptrdiff_t>(std::min(2 * i + 1, first.size())), other[i]);
  return first;
}

// The first of some addresses that answers (RFC 8305 §5): while one is silent, the next is tried beside it.
class Connecting : public std::enable_shared_from_this<Connecting> {
 public:
  using Done = std::move_only_function<void(error_code, tcp::socket)>;

  Connecting(asio::any_io_executor executor, std::vector<tcp::endpoint> addresses, Done done)
      : addresses_(std::move(addresses)), done_(std::move(done)), timer_(std::move(executor)) {}

  void try_next() {
    if (!done_ || next_ == addresses_.size()) return;
    auto const socket = attempts_.emplace_back(std::make_shared<tcp::socket>(timer_.get_executor()));
    socket->async_connect(addresses_[next_++],
                          [self = shared_from_this(), socket](error_code error) { self->on_tried(error, *socket); });
    timer_.expires_after(before_next_address);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->try_next();
    });
  }

  void cancel() {
    done_ = nullptr;
    timer_.cancel();
    error_code ignored;
    for (auto const& socket : attempts_) socket->close(ignored);
  }

 private:
  void on_tried(error_code error, tcp::socket& socket) {
    if (!done_) return;
    if (error && ++failed_ < addresses_.size()) return try_next();
    auto done = std::exchange(done_, nullptr);
    auto connected = std::move(socket);
    cancel();
    done(error, std::move(connected));
  }

  std::vector<tcp::endpoint> addresses_;
  Done done_;
  asio::steady_timer timer_;
  std::vector<std::shared_ptr<tcp::socket>> attempts_;
  std::size_t next_ = 0;
  std::size_t failed_ = 0;
};

// One attempt to connect: resolve, connect, shake hands; a timer closes whatever step is under way.
class Dialling : public std::enable_shared_from_this<Dialling> {
 public:
  Dialling(asio::any_io_executor executor, Destination destination,
           std::move_only_function<void(Result<std::shared_ptr<Link>>)> done)
      : destination_(std::move(destination)), done_(std::move(done)), resolver_(executor), timer_(executor) {}

  void start() {
    timer_.expires_after(destination_.timeout);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->on_timeout();
    });
    auto const service = std::to_string(destination_.port);
    // Asio resolves one name after the other: behind a name whose servers are silent an address would wait, too.
    error_code is_name;
    auto const address = asio::ip::make_address(destination_.host, is_name);
    if (!is_name) {
      tcp::endpoint const endpoint{address, destination_.port};
      return on_resolved({}, tcp::resolver::results_type::create(endpoint, destination_.host, service));
    }
    resolver_.async_resolve(destination_.host, service, tcp::resolver::numeric_service,
                            [self = shared_from_this()](error_code error, tcp::resolver::results_type addresses) {
                              self->on_resolved(error, std::move(addresses));
                            });
  }

 private:
  void on_resolved(error_code error, tcp::resolver::results_type addresses) {
    if (!done_) return;
    if (error) return fail(ErrorCode::unreachable, "cannot resolve", error);
    // The timer keeps this alive.
    connecting_ = std::make_shared<Connecting>(timer_.get_executor(), in_turns(addresses),
                                               [weak = weak_from_this()](error_code failed, tcp::socket socket) {
                                                 if (auto const self = weak.lock())
                                                   self->on_connected(failed, std::move(socket));
                                               });
    connecting_->try_next();
  }

  void on_connected(error_code error, tcp::socket socket) {
    if (!done_) return;
    if (error) return fail(ErrorCode::unreachable, "cannot connect to", error);
    if (!destination_.tls) return succeed(std::make_shared<PlainLink>(std::move(socket)));
    tls_link_ = std::make_shared<TlsLink>(std::move(socket), destination_.tls);
    if (!expect_host(tls_link_->stream().native_handle(), destination_.host)) {
      return fail(ErrorCode::configuration, "not a host name or address:", {});
    }
    tls_link_->connect_tls([self = shared_from_this()](error_code failed) { self->on_shaken(failed); });
  }

  void on_shaken(error_code error) {
    if (!done_) return;
    if (!error) return succeed(std::move(tls_link_));
    auto* connection = tls_link_->stream().native_handle();
    long const verdict = SSL_get_verify_result(connection);
    if (verdict != X509_V_OK) {
      return finish(failure(ErrorCode::denied, "the certificate of " + destination_.host +
                                                   " does not verify: " + X509_verify_cert_error_string(verdict)));
    }
    fail(ErrorCode::unreachable, "no TLS with", error);
  }

  void on_timeout() {
    if (!done_) return;
    fail(ErrorCode::timed_out, "no connection in time to", asio::error::timed_out);
  }

  void fail(ErrorCode code, std::string const& what, error_code error) {
    finish(failure(code, what + " " + destination_.host + ":" + std::to_string(destination_.port) +
                             (error ? ": " + error.message() : "")));
  }

  void succeed(std::shared_ptr<Link> link) { finish(std::move(link)); }

  void finish(Result<std::shared_ptr<Link>> result) {
    auto done = std::exchange(done_, nullptr);
    timer_.cancel();
    resolver_.cancel();
    if (connecting_) connecting_->cancel();
    if (tls_link_ && !result) tls_link_->close();
    tls_link_.reset();
    done(std::move(result));
  }

  Destination destination_;
  std::move_only_function<void(Result<std::shared_ptr<Link>>)> done_;
  tcp::resolver resolver_;
  std::shared_ptr<Connecting> connecting_;
  asio::steady_timer timer_;
  std::shared_ptr<TlsLink> tls_link_;
};

}  // namespace

std::shared_ptr<Link> make_link(tcp::socket socket, TlsContext tls) {
  if (tls) return std::make_shared<TlsLink>(std::move(socket), std::move(tls));
  return std::make_shared<PlainLink>(std::move(socket));
}

void dial(asio::any_io_executor executor, Destination destination,
          std::move_only_function<void(Result<std::shared_ptr<Link>>)> done) {
  std::make_shared<Dialling>(std::move(executor), std::move(destination), std::move(done))->start();
}

}  // namespace reveille::edge
