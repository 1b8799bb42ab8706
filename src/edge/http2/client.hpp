// Http2Client: one HTTP/2 connection to a server, with many requests under way (RFC 9113).
//
// It dials (verified TLS, ALPN h2), waits for the server's SETTINGS, and from then on keeps as many requests under way
// as they allow, following every later change; the rest waits in a bounded queue. It never reconnects: its owner makes
// another one. Each request ends exactly once with an outcome that says whether the server can have acted on it:
//   response     it answered;
//   unprocessed  provably not: never sent, refused, or above the last stream that a GOAWAY names;
//   unknown      sent, and then the connection or the time ended.
// Lifetime: shared; drop it after close(). Handlers are called on the executor's thread, never from inside submit().
// Threads: one. Errors: in Http2Reply::error and state_reason().
#pragma once

#include "base/result.hpp"
#include "edge/http/message.hpp"
#include "edge/link.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace reveille::edge {

struct Http2Request {
  std::string method = "POST";
  std::string path = "/";
  HttpFields headers = {};
  // Fields that many requests share, sent before `headers`; may be null.
  std::shared_ptr<HttpFields const> shared_headers = {};
  std::string body = {};
  // From submit() to the outcome, waiting in the queue included.
  std::chrono::milliseconds timeout{10'000};
};

enum class Outcome : std::uint8_t { response, unprocessed, unknown };

struct Http2Reply {
  Outcome outcome = Outcome::unknown;
  int status = 0;
  HttpFields headers = {};
  std::string body = {};
  Error error = {};  // why there is no response
  // The request itself, given back for another try where it was left unprocessed; null after a time-out.
  std::unique_ptr<Http2Request> request = {};
};

struct Http2ClientOptions {
  Destination destination = {};
  std::string authority = {};      // empty: host:port of the destination
  std::size_t max_streams = 1000;  // ours; the server's may be lower
  std::size_t max_queued = 10'000;
  std::size_t max_body = 1 << 20;               // of a response
  std::vector<std::string> wanted_fields = {};  // of a response; empty: all. The others cost nothing
  // Nothing heard for that long: with no request under way, and with one. The second is how soon a connection that is
  // dead without a reset is found out; it costs pings for as long as answers take.
  std::chrono::milliseconds ping_after{600'000};
  std::chrono::milliseconds ping_after_asking{600'000};
  std::chrono::milliseconds ping_timeout{5'000};  // without an answer for that long, the connection ends
};

class Http2Client {
 public:
  enum class State : std::uint8_t { connecting, ready, draining, closed };
  using Done = std::move_only_function<void(Http2Reply)>;

  // `on_change` is called after each change of state, and of capacity() by SETTINGS; `on_room` when requests have ended
  // and others could start.
  [[nodiscard]] static std::shared_ptr<Http2Client> connect(boost::asio::any_io_executor executor,
                                                            Http2ClientOptions options,
                                                            std::function<void()> on_change = {},
                                                            std::function<void()> on_room = {});
  virtual ~Http2Client() = default;

  virtual void submit(Http2Request request, Done done) = 0;

  [[nodiscard]] virtual State state() const = 0;
  // It has been asked for a sign of life, and gave none yet.
  [[nodiscard]] virtual bool is_in_doubt() const = 0;
  // Why it drains or has closed.
  [[nodiscard]] virtual Error const& state_reason() const = 0;
  // Requests that could leave at once.
  [[nodiscard]] virtual std::size_t capacity() const = 0;
  [[nodiscard]] virtual std::size_t in_flight() const = 0;
  [[nodiscard]] virtual std::size_t queued() const = 0;

  // Takes no more requests, and closes when the last one under way has ended.
  virtual void drain() = 0;
  // At once: requests under way end as `unknown`, waiting ones as `unprocessed`.
  virtual void close() = 0;
};

}  // namespace reveille::edge
