// Link: one TCP connection, with or without TLS, as a stream of bytes.
//
// Lifetime: shared; every operation under way keeps its link alive. After close() each outstanding operation ends with
// operation_aborted, and nothing more is called.
// Threads: the io_context's one thread. Callers have at most one read and one write under way.
// Errors: as Asio reports them; end_of_stream of TLS and of TCP both come as asio::error::eof.
#pragma once

#include "base/result.hpp"
#include "edge/tls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace reveille::edge {

class Link {
 public:
  using Done = std::move_only_function<void(boost::system::error_code, std::size_t)>;
  using Ready = std::move_only_function<void(boost::system::error_code)>;

  virtual ~Link() = default;

  // What has arrived, at most `into.size()` bytes. The buffer stays the caller's and must outlive the call.
  virtual void read_some(std::span<std::uint8_t> into, Done done) = 0;
  // Everything in `bytes`, which must stay unchanged until done.
  virtual void write(std::span<std::uint8_t const> bytes, Done done) = 0;
  // The TLS handshake as server; at once for a plain link.
  virtual void accept(Ready ready) = 0;
  // A link with TLS on the same connection, to be accept()ed (STARTTLS); this one is of no use any more. No read or
  // write may be under way. Null for a link that has TLS already.
  [[nodiscard]] virtual std::shared_ptr<Link> upgrade(TlsContext tls) = 0;
  // At once; unsent bytes are lost.
  virtual void close() = 0;
  // With a reset (RST) instead of an orderly end.
  virtual void reset() = 0;
  // Says goodbye (TLS close_notify, FIN), lets the peer read what was sent, then closes; within 2 s.
  virtual void close_gently() = 0;

  // What ALPN chose: "h2", "http/1.1", or nothing.
  [[nodiscard]] virtual std::string alpn() const = 0;
  // The common name of the verified certificate that the peer showed; empty without one.
  [[nodiscard]] virtual std::string peer_name() const = 0;
  // "192.0.2.1:4711", "[2001:db8::1]:4711"; empty when unknown.
  [[nodiscard]] virtual std::string remote() const = 0;
  // Our own end, in the same form.
  [[nodiscard]] virtual std::string local() const = 0;
  // The socket's descriptor, for options that Asio does not know; it stays the link's.
  [[nodiscard]] virtual int native_handle() = 0;
  [[nodiscard]] virtual boost::asio::any_io_executor executor() = 0;
};

// A connection that a listener accepted; TLS when `tls` is set.
[[nodiscard]] std::shared_ptr<Link> make_link(boost::asio::ip::tcp::socket socket, TlsContext tls);

struct Destination {
  std::string host = {};  // DNS name or IP address; also the name that the certificate must bear
  std::uint16_t port = 0;
  TlsContext tls = {};  // null: plain TCP
  std::chrono::milliseconds timeout{5000};
};

// Resolves the name anew, connects to the first address that answers, shakes hands and verifies; for an address no name
// server is waited for. `done` gets the link or unreachable, timed_out, denied (the certificate) or configuration (a
// host that is none); it is called once, never from inside this call.
void dial(boost::asio::any_io_executor executor, Destination destination,
          std::move_only_function<void(Result<std::shared_ptr<Link>>)> done);

}  // namespace reveille::edge
