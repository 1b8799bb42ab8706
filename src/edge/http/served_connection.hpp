// What HttpServer and its two kinds of connection agree on. Inside of the HTTP server only.
#pragma once

#include "edge/http/exchange.hpp"
#include "edge/http/server.hpp"
#include "edge/link.hpp"
#include "edge/places.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace reveille::edge {

// A stream's body that its peer does not read may grow to this.
inline constexpr std::size_t max_unsent_body = 1 << 20;
// With that much unsent, an HTTP/1.1 connection takes up no further request.
inline constexpr std::size_t max_unsent_answers = std::size_t{256} * 1024;

// Everything that a connection is given; the settings and the handler outlive it (they are shared).
struct Served {
  std::shared_ptr<Link> link = {};
  Places::Place place;
  std::shared_ptr<HttpServerSettings const> settings = {};
  std::shared_ptr<HttpServer::Handler const> handler = {};
  std::uint64_t id = 0;
  std::function<void()> on_closed = {};  // called once
};

[[nodiscard]] inline HttpResponse refusal_of(HttpServerSettings const& settings, int status) {
  return settings.refusal ? settings.refusal(status) : HttpResponse{.status = status};
}

// RFC 9110 §8.6: a 204 has no length.
inline void set_length(HttpResponse& response) {
  if (response.status != 204) response.headers.set("content-length", std::to_string(response.body.size()));
}

class ServedConnection : public HttpConnection {
 public:
  // Ends what takes too long. Called about once a second.
  virtual void sweep(std::chrono::steady_clock::time_point now) = 0;
  virtual void close() = 0;
  [[nodiscard]] virtual bool has_closed() const = 0;
};

// Both begin with the bytes that were read to recognise them.
[[nodiscard]] std::shared_ptr<ServedConnection> serve_http1(Served served, std::span<std::uint8_t const> first_bytes);
[[nodiscard]] std::shared_ptr<ServedConnection> serve_http2(Served served, std::span<std::uint8_t const> first_bytes);

// RFC 9110 §5.6.7: "Tue, 24 Nov 2026 04:05:06 GMT", of this second.
[[nodiscard]] std::string const& http_date();

}  // namespace reveille::edge
