#include "edge/http2/client.hpp"

#include "edge/http2/client_session.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace reveille::edge {
namespace {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

// How exactly timeouts are kept.
constexpr std::chrono::milliseconds tick{50};
// A tick that comes so late tells that this process did not run.
constexpr std::chrono::milliseconds pause_of_the_machine{500};

class Connection final : public Http2Client,
                         public ClientSession::Listener,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::any_io_executor executor, Http2ClientOptions options, std::function<void()> on_change,
             std::function<void()> on_room)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        on_change_(std::move(on_change)),
        on_room_(std::move(on_room)),
        timer_(executor_) {
    if (options_.authority.empty()) {
      auto const& destination = options_.destination;
      bool const is_ipv6 = destination.host.find(':') != std::string::npos;
      options_.authority =
          (is_ipv6 ? "[" + destination.host + "]" : destination.host) + ":" + std::to_string(destination.port);
    }
  }

  ~Connection() override {
    if (!session_) return;
    session_->forget_listener();
    session_->end({.code = ErrorCode::closed, .ours = "the client was dropped"});
  }

  void start() {
    dial(executor_, options_.destination, [weak = weak_from_this()](Result<std::shared_ptr<Link>> link) {
      if (auto self = weak.lock()) {
        self->on_dialled(std::move(link));
      } else if (link) {
        (*link)->close();
      }
    });
  }

  void submit(Http2Request request, Done done) override {
    auto exchange = std::make_unique<ClientExchange>();
    exchange->deadline = running_time() + request.timeout;
    exchange->request = std::move(request);
    exchange->done = std::move(done);
    if (state_ == State::closed || state_ == State::draining) return refuse(std::move(exchange), reason_);
    if (queue_.empty() && capacity() > 0 && session_->has_room_for(exchange->request.body.size())) {
      session_->request(std::move(exchange));
    } else if (queue_.size() < options_.max_queued) {
      queue_.push_back(std::move(exchange));
    } else {
      refuse(std::move(exchange), {.code = ErrorCode::busy, .ours = "too many requests wait for this connection"});
    }
    keep_time();
  }

  State state() const override { return state_; }
  bool is_in_doubt() const override { return session_ && session_->awaits_pong(); }
  Error const& state_reason() const override { return reason_; }
  std::size_t capacity() const override {
    if (state_ != State::ready) return 0;
    std::size_t const room = session_->capacity();
    if (room <= queue_.size() || !has_room_for_next()) return 0;
    return room - queue_.size();
  }
  std::size_t in_flight() const override { return session_ ? session_->in_flight() : 0; }
  std::size_t queued() const override { return queue_.size(); }

  void drain() override {
    if (state_ == State::connecting) return close();
    if (state_ != State::ready) return;
    session_->drain();
    on_session_change();
  }

  void close() override {
    Error reason{.code = ErrorCode::closed, .ours = "closed by us"};
    if (session_) {
      session_->end(reason);
    } else {
      become_closed(reason);
    }
  }

 private:
  void on_dialled(Result<std::shared_ptr<Link>> link) {
    if (state_ == State::closed) {
      if (link) (*link)->close();
      return;
    }
    if (!link) return become_closed(link.error());
    if (options_.destination.tls && (*link)->alpn() != "h2") {
      (*link)->close();
      return become_closed({.code = ErrorCode::unsupported, .ours = "the server does not speak HTTP/2"});
    }
    session_ = std::make_shared<ClientSession>(std::move(*link), options_, *this);
    dialled_at_ = running_time();
    session_->begin();
    keep_time();
  }

  void on_session_change() override {
    auto const keep = shared_from_this();
    if (state_ == State::closed) return;
    if (session_->is_leaving()) {
      state_ = State::draining;
      reason_ = session_->goaway();
      refuse_queue();
    } else if (session_->has_settings()) {
      state_ = State::ready;
      on_session_room();
    }
    if (on_change_) on_change_();
  }

  void on_session_room() override {
    while (state_ == State::ready && !queue_.empty() && session_->capacity() > 0 && has_room_for_next()) {
      auto next = std::move(queue_.front());
      queue_.pop_front();
      session_->request(std::move(next));
    }
    if (on_room_ && capacity() > 0) on_room_();
  }

  [[nodiscard]] bool has_room_for_next() const {
    return queue_.empty() || session_->has_room_for(queue_.front()->request.body.size());
  }

  void on_session_ended(Error const& reason) override { become_closed(reason); }

  void become_closed(Error const& reason) {
    if (state_ == State::closed) return;
    auto const keep = shared_from_this();
    state_ = State::closed;
    reason_ = reason;
    timer_.cancel();
    refuse_queue();
    if (on_change_) std::exchange(on_change_, nullptr)();
  }

  void refuse_queue() {
    for (auto& waiting : std::exchange(queue_, {})) waiting->give_back(reason_);
  }

  void refuse(std::unique_ptr<ClientExchange> exchange, Error reason) {
    asio::post(executor_, [exchange = std::move(exchange), reason = std::move(reason)]() mutable {
      exchange->give_back(std::move(reason));
    });
  }

  // Deadlines go by the time during which this thread ran: what has arrived while it did not is yet to be read.
  [[nodiscard]] Steady::time_point running_time() const { return Steady::now() - lost_; }

  void count_lost_time() {
    auto const late = Steady::now() - timer_.expiry();
    if (late > pause_of_the_machine) lost_ += late;
  }

  // RFC 9113 §3.4: they are the first that a server sends.
  [[nodiscard]] bool waits_for_settings() const { return session_ && state_ == State::connecting; }

  // One timer: every tick while an answer is awaited, else when the next ping may be due.
  void keep_time() {
    bool const is_busy =
        in_flight() + queue_.size() > 0 || waits_for_settings() || (session_ && session_->awaits_pong());
    if (timer_runs_ && (timer_is_quick_ || !is_busy)) return;
    timer_runs_ = true;
    timer_is_quick_ = is_busy;
    timer_.expires_after(is_busy ? tick : options_.ping_after);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      auto const self = weak.lock();
      if (!error && self) self->on_tick();
    });
  }

  void on_tick() {
    timer_runs_ = false;
    if (state_ == State::closed) return;
    count_lost_time();
    auto const now = running_time();
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      auto& waiting = queue_[i];
      if (waiting->deadline > now) continue;
      auto const overdue = std::move(waiting);
      queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i--));
      overdue->finish(Outcome::unprocessed,
                      {.code = ErrorCode::timed_out, .ours = "no room on the connection in time"});
    }
    if (waits_for_settings() && now - dialled_at_ > options_.destination.timeout)
      return session_->end({.code = ErrorCode::timed_out, .ours = "the server accepts connections, and says nothing"});
    if (session_) session_->sweep(now);
    if (state_ != State::closed) keep_time();
  }

  asio::any_io_executor executor_;
  Http2ClientOptions options_;
  std::function<void()> on_change_;
  std::function<void()> on_room_;
  asio::steady_timer timer_;
  std::shared_ptr<ClientSession> session_;
  std::deque<std::unique_ptr<ClientExchange>> queue_;
  State state_ = State::connecting;
  Error reason_;
  Steady::duration lost_{0};
  Steady::time_point dialled_at_ = {};
  bool timer_runs_ = false;
  bool timer_is_quick_ = false;
};

}  // namespace

std::shared_ptr<Http2Client> Http2Client::connect(asio::any_io_executor executor, Http2ClientOptions options,
                                                  std::function<void()> on_change, std::function<void()> on_room) {
  auto connection =
      std::make_shared<Connection>(std::move(executor), std::move(options), std::move(on_change), std::move(on_room));
  connection->start();
  return connection;
}

}  // namespace reveille::edge
