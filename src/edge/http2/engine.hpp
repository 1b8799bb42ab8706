// Http2Engine: one HTTP/2 connection (RFC 9113): nghttp2's session over a Link.
//
// What a client and a server have in common: what nghttp2 wants to send is gathered into one buffer, one write is under
// way at a time, and the session is flushed once after each batch of bytes read; that is worth a factor of ten against
// a write for each frame. Derived classes get the session's events and submit to the session; after that they call
// wake().
// Lifetime: shared; lives while an operation is under way. on_ended() is called exactly once, and nothing after it.
// Threads: the link's.
#pragma once

#include "base/result.hpp"
#include "edge/link.hpp"

#include <boost/asio/steady_timer.hpp>
#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reveille::edge {

class Http2Engine : public std::enable_shared_from_this<Http2Engine> {
 public:
  enum class Side : std::uint8_t { client, server };
  struct Limits {
    std::uint32_t max_streams = 100;         // that the peer may open
    std::uint32_t header_list_size = 16384;  // announced; the derived class enforces it
    std::int32_t stream_window = 1 << 20;
    std::int32_t connection_window = 1 << 24;
  };

  Http2Engine(Http2Engine const&) = delete;
  Http2Engine& operator=(Http2Engine const&) = delete;
  virtual ~Http2Engine();

  [[nodiscard]] bool has_ended() const { return ended_; }
  // Neither reads nor writes for that long: what a frozen peer looks like.
  void stall(std::chrono::milliseconds time);
  // With GOAWAY and an orderly close once the last stream has ended.
  void leave();
  // At once.
  void end(Error reason);

 protected:
  Http2Engine(Side side, std::shared_ptr<Link> link, Limits limits);

  // Sends our SETTINGS and begins to read; `already_read` came before the engine did.
  void start(std::span<std::uint8_t const> already_read = {});
  void wake();

  [[nodiscard]] nghttp2_session* session() { return session_; }
  [[nodiscard]] Link& link() { return *link_; }
  [[nodiscard]] std::chrono::steady_clock::time_point last_heard() const { return last_heard_; }
  // Since when one write has been under way.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> writing_since() const {
    return writing_ ? std::optional(writing_since_) : std::nullopt;
  }
  [[nodiscard]] static std::string_view name_of(std::uint32_t http2_error);

  // The session's events. Requests and responses alike: headers, then data, then message_end; stream_closed comes last.
  virtual void on_headers_begin(std::int32_t stream) = 0;
  virtual void on_header(std::int32_t stream, std::string_view name, std::string_view value) = 0;
  virtual void on_headers_end(std::int32_t stream) = 0;
  virtual void on_data(std::int32_t stream, std::string_view bytes) = 0;
  virtual void on_message_end(std::int32_t stream) = 0;
  virtual void on_stream_closed(std::int32_t stream, std::uint32_t error) = 0;
  virtual void on_headers_sent(std::int32_t stream);
  virtual void on_settings();
  virtual void on_goaway(std::int32_t last_stream, std::uint32_t error, std::string_view debug);
  virtual void on_ping_answered();
  virtual void on_batch_end();  // all bytes of one read have been heard; what is submitted now leaves with the answers
  virtual void on_ended(Error const& reason) = 0;

 private:
  struct Callbacks;

  void read();
  void on_read(boost::system::error_code error, std::size_t size);
  void feed(std::span<std::uint8_t const> bytes);
  void flush();
  void gather();
  void finish_if_done();

  std::shared_ptr<Link> link_;
  nghttp2_session* session_ = nullptr;
  Limits limits_;
  boost::asio::steady_timer stall_timer_;
  std::chrono::steady_clock::time_point last_heard_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point writing_since_ = {};
  std::string out_;
  std::array<std::uint8_t, 16384> in_{};
  bool reading_ = false;
  bool writing_ = false;
  bool in_batch_ = false;
  bool wake_posted_ = false;
  bool stalled_ = false;
  bool ended_ = false;
};

}  // namespace reveille::edge
