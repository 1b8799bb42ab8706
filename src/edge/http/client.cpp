#include "edge/http/client.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace reveille::edge {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_failures{200};
constexpr std::chrono::milliseconds most_patience{10'000};
// The next ping unanswered after so long a life is no sign of slowness.
constexpr std::chrono::seconds steady_life{30};

enum class Attempt : std::uint8_t { first, second };

}  // namespace

struct HttpClient::State : std::enable_shared_from_this<HttpClient::State> {
  State(boost::asio::any_io_executor on, Http2ClientOptions with) : executor(std::move(on)), options(std::move(with)) {}

  [[nodiscard]] bool is_usable() const {
    return connection &&
           (connection->state() == Http2Client::State::connecting || connection->state() == Http2Client::State::ready);
  }

  // Whether the last attempt to connect failed so recently that another would be rude.
  [[nodiscard]] bool must_wait() const { return Steady::now() - failed_at < between_failures; }

  void connect() {
    auto const previous = std::exchange(connection, nullptr);
    connected_at = Steady::now();
    auto with = options;
    with.ping_timeout = patience;
    connection = Http2Client::connect(executor, std::move(with), [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->on_change();
    });
    // The previous one still ends what it has under way.
    if (previous && previous->state() == Http2Client::State::draining) leaving = previous;
  }

  void on_change() {
    if (!connection) return;
    if (connection->state() == Http2Client::State::ready) was_ready = true;
    if (connection->state() != Http2Client::State::closed) return;
    auto const& reason = connection->state_reason();
    if (!std::exchange(was_ready, false)) {
      failed_at = Steady::now();
      failure_reason = reason;
      return;
    }
    bool const was_slow = reason.code == ErrorCode::timed_out && Steady::now() - connected_at < steady_life;
    patience = was_slow ? std::min(patience * 2, most_patience) : options.ping_timeout;
  }

  void send(Http2Request request, Http2Client::Done done, Attempt attempt) {
    if (!is_usable()) {
      if (must_wait() || is_ending) return fail(std::move(done));
      connect();
    }
    auto const deadline = Steady::now() + request.timeout;
    connection->submit(std::move(request), [self = shared_from_this(), deadline, attempt,
                                            done = std::move(done)](Http2Reply reply) mutable {
      bool const may_repeat = attempt == Attempt::first && reply.outcome == Outcome::unprocessed &&
                              !self->is_usable() && !self->must_wait() && !self->is_ending;
      auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now());
      if (!may_repeat || left.count() <= 0) return done(std::move(reply));
      reply.request->timeout = left;
      self->send(std::move(*reply.request), std::move(done), Attempt::second);
    });
  }

  void fail(Http2Client::Done done) {
    boost::asio::post(executor, [reason = failure_reason, done = std::move(done)]() mutable {
      done({.outcome = Outcome::unprocessed, .error = std::move(reason)});
    });
  }

  void end() {
    is_ending = true;
    auto const open = std::exchange(connection, nullptr);
    auto const old = std::exchange(leaving, nullptr);
    if (open) open->close();
    if (old) old->close();
  }

  boost::asio::any_io_executor executor;
  Http2ClientOptions options;
  std::shared_ptr<Http2Client> connection;
  std::shared_ptr<Http2Client> leaving;
  std::chrono::milliseconds patience = options.ping_timeout;
  Steady::time_point connected_at = {};
  Steady::time_point failed_at = {};
  Error failure_reason = {.code = ErrorCode::unreachable, .ours = "the server cannot be reached"};
  bool was_ready = false;
  bool is_ending = false;
};

HttpClient::HttpClient(boost::asio::any_io_executor executor, Http2ClientOptions options)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {}

HttpClient::~HttpClient() {
  state_->end();
}

void HttpClient::close() {
  state_->end();
}

void HttpClient::request(Http2Request request, Http2Client::Done done) {
  state_->send(std::move(request), std::move(done), Attempt::first);
}

bool HttpClient::is_connected() const {
  return state_->connection && state_->connection->state() == Http2Client::State::ready;
}

}  // namespace reveille::edge
