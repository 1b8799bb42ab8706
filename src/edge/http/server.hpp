// HttpServer: HTTP/1.1 and HTTP/2 on one port, chosen by ALPN; without TLS, HTTP/1.1 (RFC 9112, RFC 9113).
//
// A client that offers no ALPN is recognised by its first bytes; a server of HTTP/2 only closes a connection that
// begins otherwise (RFC 9113 section 3.4). Every limit is enforced: header size (431), body size (413), bodies under
// way on one HTTP/2 connection, time for the handshake, to the first request, for a whole request, idle time, a peer
// that does not read, connections (further ones are closed at once), streams. Lifetime: stop() or the destructor closes
// the listener and every connection; responders that are still held become deaf. Threads: the io_context's one thread.
// Errors: open() fails with configuration (address not to be had, port in use), with a sentence that says what to do.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "edge/http/exchange.hpp"
#include "edge/places.hpp"
#include "edge/tls.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace reveille::edge {

enum class HttpVersions : std::uint8_t { all, http2_only };

struct HttpServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  TlsContext tls = {};     // null: plain. Give it the ALPN list {"h2", "http/1.1"}
  HttpVersions versions = HttpVersions::all;
  Places::Limits connections = {.in_all = 10'000, .of_address = 2'000};
  std::size_t max_header = 16'384;
  std::size_t max_body = 1 << 20;
  std::uint32_t max_streams = 250;           // of one HTTP/2 connection, in its first SETTINGS
  std::int32_t connection_window = 1 << 24;  // HTTP/2: bytes of requests that may be on their way, at least 65535
  Duration handshake_time = 10s;
  Duration first_request_time = 30s;
  Duration request_time = 30s;   // from a request's first byte to its last
  Duration stalled_after = 20s;  // a peer that reads nothing of what is written to it
  Duration idle_time = 10min;    // with no exchange under way
  // What is said where no handler says anything: 400 (no HTTP), 413, 431, 500 (the handler gave no answer). None: the
  // status alone.
  std::function<HttpResponse(int status)> refusal = {};
};

class HttpServer {
 public:
  using Handler = std::function<void(HttpRequest, Responder)>;

  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> open(boost::asio::io_context& io,
                                                                HttpServerSettings settings, Handler handler);
  virtual ~HttpServer() = default;

  // Where it listens: "127.0.0.1:8443".
  [[nodiscard]] virtual std::string address() const = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;

  // Accepts no more, and lets the exchanges under way end: HTTP/2 connections hear GOAWAY.
  virtual void drain() = 0;
  virtual void stop() = 0;
};

}  // namespace reveille::edge
