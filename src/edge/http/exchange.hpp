// HttpRequest and Responder: one exchange as a handler sees it, whichever HTTP version carries it.
//
// The handler gets a whole request and a Responder, which it may keep: the answer may come much later, from anywhere on
// the same thread. A Responder answers once, in one piece with send(), or as a stream: begin(), write()…, end(). When
// the peer goes away first, on_gone() is called and what is said afterwards goes nowhere. A Responder dropped without
// an answer says 500, in the words of the server's settings.
// Lifetime: may outlive the connection and the server. Threads: the server's one thread.
#pragma once

#include "edge/http/message.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace reveille::edge {

// The connection that a request came on. Its controls serve servers that are strict about HTTP itself.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  // Different for each connection of a server.
  [[nodiscard]] virtual std::uint64_t id() const = 0;
  [[nodiscard]] virtual bool is_http2() const = 0;
  // HTTP/2: a new SETTINGS_MAX_CONCURRENT_STREAMS. HTTP/1.1: nothing.
  virtual void set_max_streams(std::uint32_t streams) = 0;
  // HTTP/2: GOAWAY with this last stream (at most the newest one; negative: the newest one) and debug text; streams
  // above it are forgotten, and the connection ends after the others. HTTP/1.1: ends after the response under way.
  virtual void go_away(std::int64_t last_stream, std::string const& debug) = 0;
  // Neither reads nor writes for that long.
  virtual void stall(std::chrono::milliseconds time) = 0;
  // With a TCP reset, at once.
  virtual void drop() = 0;
};

struct HttpRequest {
  std::string method = {};
  std::string path = {};       // as sent, without the query
  std::string query = {};      // as sent, without the question mark
  std::string authority = {};  // HTTP/2's :authority; empty where the client sent `host` instead
  HttpFields headers = {};     // lower-case names, in the order received, duplicates kept
  std::string body = {};
  std::string remote = {};           // "192.0.2.1:4711"
  std::string client_identity = {};  // the common name of a verified client certificate
  std::int64_t stream = 0;           // HTTP/2: the stream's id
  std::shared_ptr<HttpConnection> connection = {};
};

// What a Responder speaks to.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void send(HttpResponse response) = 0;
  // Says this status in the server's own words.
  virtual void refuse(int status) { send({.status = status}); }
  virtual void begin(HttpResponse head) = 0;
  virtual void write(std::string chunk, std::move_only_function<void()> drained) = 0;
  virtual void end() = 0;
  virtual void reset(std::uint32_t http2_error) = 0;
  virtual void on_gone(std::move_only_function<void()> handler) = 0;
  [[nodiscard]] virtual bool is_gone() const = 0;
};

class Responder {
 public:
  Responder() = default;
  explicit Responder(std::shared_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&& other) noexcept {
    abandon();
    sink_ = std::move(other.sink_);
    has_begun_ = other.has_begun_;
    return *this;
  }
  Responder(Responder const&) = delete;
  Responder& operator=(Responder const&) = delete;
  ~Responder() { abandon(); }

  void send(HttpResponse response) {
    if (auto sink = std::exchange(sink_, nullptr)) sink->send(std::move(response));
  }

  // The status and header fields of a response whose body follows in pieces; head.body is its first piece.
  void begin(HttpResponse head) {
    has_begun_ = true;
    if (sink_) sink_->begin(std::move(head));
  }
  // `drained` is called when the piece has been handed on towards the peer, so that a slow reader slows its writer.
  // More than 1 MB not handed on ends the exchange.
  void write(std::string chunk, std::move_only_function<void()> drained = {}) {
    if (sink_) sink_->write(std::move(chunk), std::move(drained));
  }
  void end() {
    if (auto sink = std::exchange(sink_, nullptr)) sink->end();
  }

  // HTTP/2: RST_STREAM with this error code (RFC 9113 section 7). HTTP/1.1: closes the connection.
  void reset(std::uint32_t http2_error) {
    if (auto sink = std::exchange(sink_, nullptr)) sink->reset(http2_error);
  }

  // The handler is called at most once, when the peer goes away before the answer is complete.
  void on_gone(std::move_only_function<void()> handler) {
    if (sink_) sink_->on_gone(std::move(handler));
  }
  [[nodiscard]] bool is_gone() const { return !sink_ || sink_->is_gone(); }

 private:
  void abandon() {
    if (!sink_) return;
    if (has_begun_) {
      end();
    } else {
      std::exchange(sink_, nullptr)->refuse(500);
    }
  }

  std::shared_ptr<ResponseSink> sink_;
  bool has_begun_ = false;
};

}  // namespace reveille::edge
