// PooledConnection: one place in the sender's pool: a connection to APNs that is kept, replaced and made again.
//
// It dials at once, and again when its connection ends: at once where an established one said GOAWAY, after a doubling
// pause (100 ms to 10 s) where connecting fails, so that APNs does not take us for an attack. It knows which provider
// token its connection was given.
// Lifetime: shared; close() ends it. Threads: the executor's.
#pragma once

#include "base/instant.hpp"
#include "deliver/apns/provider_token.hpp"
#include "deliver/apns/request.hpp"
#include "edge/http2/client.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace reveille::deliver::apns {

// What the header fields of a request say that others say too.
struct Kind {
  std::string topic = {};
  PushType type = PushType::alert;
  Priority priority = Priority::immediate;

  bool operator==(Kind const&) const = default;
};

// The part of a request that is its own.
[[nodiscard]] edge::Http2Request own_part(ApnsRequest&& request, Duration answer_within);

class PooledConnection : public std::enable_shared_from_this<PooledConnection> {
 public:
  enum class Ready : std::uint8_t { yes, no };

  PooledConnection(boost::asio::any_io_executor executor, edge::Http2ClientOptions options)
      : executor_(executor), options_(std::move(options)), timer_(executor) {}

  // `on_change`: connected, or trouble (else an empty error); `on_room`: more requests could leave.
  void start(std::function<void(Error const&)> on_change, std::function<void()> on_room);
  void close();
  // No more requests, and no further connection; what is under way may still be answered.
  void drain();
  // No more requests on the present connection: dials another.
  void replace();

  [[nodiscard]] bool is_ready() const { return client_ && client_->state() == edge::Http2Client::State::ready; }
  [[nodiscard]] bool is_in_doubt() const { return client_ && client_->is_in_doubt(); }
  [[nodiscard]] std::size_t capacity() const { return client_ ? client_->capacity() : 0; }
  [[nodiscard]] std::size_t in_flight() const { return client_ ? client_->in_flight() : 0; }
  // Requests that can be under way at a time, with those on connections that are being left.
  [[nodiscard]] std::size_t streams() const;
  // Only while there is room.
  [[nodiscard]] edge::Http2Client& client() { return *client_; }
  [[nodiscard]] bool is_on(edge::Http2Client const* client) const { return client_.get() == client; }

  // Sees to the provider token before a request; `no` when the connection had to be replaced for it.
  [[nodiscard]] Ready prepare(ProviderToken& token, Instant now);
  // When the token that it uses was signed.
  [[nodiscard]] Instant token_issued() const { return issued_; }
  // The header fields that are the same for every request of one kind, until the next prepare().
  [[nodiscard]] std::shared_ptr<edge::HttpFields const> const& common_fields(Kind const& kind);

 private:
  struct CommonFields {
    Kind kind = {};
    std::shared_ptr<edge::HttpFields const> fields = {};
  };

  void dial();
  void dial_later();
  void on_client_change();

  boost::asio::any_io_executor executor_;
  edge::Http2ClientOptions options_;
  boost::asio::steady_timer timer_;
  std::function<void(Error const&)> on_change_;
  std::function<void()> on_room_;
  std::shared_ptr<edge::Http2Client> client_;
  std::vector<std::shared_ptr<edge::Http2Client>> leaving_;
  std::chrono::milliseconds pause_{0};
  std::chrono::steady_clock::time_point dialled_at_ = {};
  std::string authorization_;
  Instant issued_ = Instant::min();
  Instant first_used_ = Instant::min();
  std::vector<CommonFields> common_;
  bool was_ready_ = false;
  bool closed_ = false;
};

}  // namespace reveille::deliver::apns
