// ClientSession: the requests under way on one established HTTP/2 connection. Http2Client's inner half.
//
// Lifetime: shared, as Http2Engine's. The listener must outlive it or be taken away with forget_listener().
// Threads: the link's.
#pragma once

#include "edge/http2/client.hpp"
#include "edge/http2/engine.hpp"

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <limits>
#include <memory>
#include <vector>

namespace reveille::edge {

// One request from submit() to its outcome.
struct ClientExchange {
  Http2Request request = {};
  Http2Client::Done done = {};
  Http2Reply reply = {};
  std::chrono::steady_clock::time_point deadline = {};
  std::size_t body_sent = 0;
  std::size_t slot = 0;
  std::int32_t stream = 0;
  bool was_sent = false;     // its HEADERS were handed to the socket
  bool is_complete = false;  // the response's END_STREAM has come

  // Ends it; whatever comes later for its stream goes nowhere.
  void finish(Outcome outcome, Error error = {});
  // Ends it as unprocessed and gives the request back. Not while the session may still read its texts.
  void give_back(Error error);
};

class ClientSession final : public Http2Engine {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_session_change() = 0;  // SETTINGS came, or GOAWAY
    virtual void on_session_room() = 0;    // requests have ended: more may start
    virtual void on_session_ended(Error const&) = 0;
  };

  ClientSession(std::shared_ptr<Link> link, Http2ClientOptions const& options, Listener& listener);

  void begin() { start(); }
  void forget_listener() { listener_ = nullptr; }

  [[nodiscard]] bool has_settings() const { return has_settings_; }
  [[nodiscard]] bool is_leaving() const { return is_leaving_; }
  [[nodiscard]] Error const& goaway() const { return goaway_; }
  [[nodiscard]] bool awaits_pong() const { return ping_under_way_; }
  [[nodiscard]] std::size_t in_flight() const { return under_way_.size(); }
  [[nodiscard]] std::size_t capacity() const;
  // Whether the peer's window has room for a body of that size beside those that are on their way. A body that is cut
  // for want of room goes on when all others have gone, which under a steady load is never; so none is cut, but for one
  // that has the connection to itself.
  [[nodiscard]] bool has_room_for(std::size_t body) const;

  void request(std::unique_ptr<ClientExchange> exchange);
  // No request may follow.
  void drain();
  // Ends what is overdue, and pings where it is time to. `now` is of the clock that the deadlines are of.
  void sweep(std::chrono::steady_clock::time_point now);

 private:
  void on_headers_begin(std::int32_t stream) override;
  void on_header(std::int32_t stream, std::string_view name, std::string_view value) override;
  void on_headers_end(std::int32_t stream) override;
  void on_data(std::int32_t stream, std::string_view bytes) override;
  void on_message_end(std::int32_t stream) override;
  void on_stream_closed(std::int32_t stream, std::uint32_t error) override;
  void on_headers_sent(std::int32_t stream) override;
  void on_settings() override;
  void on_goaway(std::int32_t last_stream, std::uint32_t error, std::string_view debug) override;
  void on_ping_answered() override;
  void on_batch_end() override;
  void on_ended(Error const& reason) override;

  ClientExchange* exchange_of(std::int32_t stream);
  std::unique_ptr<ClientExchange> taken(ClientExchange* exchange);
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t room, std::uint32_t* flags,
                           nghttp2_data_source* source, void* user);
  void gather_fields(Http2Request const& request);
  void add_field(std::string_view name, std::string_view value, Indexing indexing);
  void ping(std::chrono::steady_clock::time_point now);

  Listener* listener_;
  std::string authority_;
  std::size_t max_streams_;
  std::size_t max_body_;
  std::vector<std::string> wanted_fields_;
  std::size_t unsent_ = 0;  // bytes of the bodies under way that have not left
  std::chrono::milliseconds ping_after_;
  std::chrono::milliseconds ping_after_asking_;
  std::chrono::milliseconds ping_timeout_;
  std::vector<std::unique_ptr<ClientExchange>> under_way_;
  std::vector<nghttp2_nv> fields_;
  Error goaway_ = {};
  std::chrono::steady_clock::time_point pinged_at_ = {};
  std::int32_t last_stream_ = std::numeric_limits<std::int32_t>::max();
  bool ping_under_way_ = false;
  bool has_settings_ = false;
  bool is_leaving_ = false;
  bool has_sent_any_ = false;
};

}  // namespace reveille::edge
