#include "deliver/apns/sender.hpp"

#include "deliver/apns/answer.hpp"
#include "deliver/apns/connection.hpp"
#include "deliver/apns/provider_token.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace reveille::deliver::apns {
namespace {

namespace asio = boost::asio;
using model::ProviderAnswer;
using Verdict = model::ProviderVerdict;

constexpr std::size_t id_size = 10;
// How exactly give_up_at is kept.
constexpr std::chrono::milliseconds tick{50};
// After so many connections have left it unprocessed, its owner's schedule decides.
constexpr unsigned most_tries = 4;
// The calls' share of a connection's streams (B-TABLE-2), and of the room in the queue.
constexpr std::size_t share_of_calls = 10;

std::string host_of(SenderSettings const& settings) {
  if (!settings.host.empty()) return settings.host;
  return settings.environment == model::Environment::sandbox ? "api.sandbox.push.apple.com" : "api.push.apple.com";
}

class Pool final : public std::enable_shared_from_this<Pool> {
 public:
  Pool(asio::any_io_executor executor, Clock const& clock, SenderSettings settings, ProviderToken token,
       edge::Http2ClientOptions options)
      : executor_(executor), clock_(clock), settings_(std::move(settings)), token_(std::move(token)), timer_(executor) {
    for (std::size_t i = 0; i < std::max<std::size_t>(1, settings_.connections); ++i) {
      connections_.push_back(std::make_shared<PooledConnection>(executor, options));
    }
  }

  void start() {
    for (auto const& connection : connections_) {
      connection->start(
          [weak = weak_from_this()](Error const& trouble) {
            if (auto self = weak.lock()) self->on_change(trouble);
          },
          [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->on_room();
          });
    }
  }

  void when_room(std::function<void()> told) { tell_room_ = std::move(told); }

  void drain() {
    closed_ = true;
    timer_.cancel();
    for (auto const& connection : connections_) connection->drain();
    give_back_waiting();
  }

  void close() {
    closed_ = true;
    timer_.cancel();
    for (auto const& connection : connections_) connection->close();
    give_back_waiting();
  }

  void send(ApnsRequest request, Sender::Done done) {
    auto waiting = std::make_unique<Waiting>();
    waiting->kind = {std::move(request.topic), request.push_type, request.priority};
    waiting->is_call = request.push_class == model::PushClass::call;
    waiting->give_up_at = request.give_up_at;
    waiting->request = own_part(std::move(request), settings_.answer_within);
    waiting->done = std::move(done);
    if (closed_ || is_full(waiting->is_call)) {
      return give_back_later(std::move(waiting),
                             closed_ ? "the sender was closed" : "too many notifications wait for APNs");
    }
    queue_of(*waiting).push_back(std::move(waiting));
    pump();
    keep_time();
  }

  std::size_t streams() const {
    std::size_t all = 0;
    for (auto const& connection : connections_) all += connection->streams();
    return closed_ ? 0 : all;
  }

  SenderHealth health() const {
    SenderHealth out{.waiting = calls_.size() + others_.size(), .last_trouble = trouble_};
    for (auto const& connection : connections_) {
      out.connected += connection->is_ready() ? 1 : 0;
      out.in_flight += connection->in_flight();
      out.capacity += connection->capacity();
    }
    return out;
  }

 private:
  struct Waiting {
    Kind kind = {};
    bool is_call = false;
    edge::Http2Request request = {};  // with the connection while it is under way
    Instant give_up_at = {};
    Sender::Done done = {};
    unsigned tries = 0;
    // While it is under way.
    std::shared_ptr<Pool> pool = {};
    edge::Http2Client const* client = nullptr;
  };
  using Queue = std::deque<std::unique_ptr<Waiting>>;

  // A call on the message channel is a call, and a message on VoIP is none.
  [[nodiscard]] Queue& queue_of(Waiting const& waiting) { return waiting.is_call ? calls_ : others_; }

  [[nodiscard]] bool is_full(bool for_call) const {
    auto const reserved = for_call ? 0 : settings_.most_waiting / share_of_calls;
    return calls_.size() + others_.size() + reserved >= settings_.most_waiting;
  }

  static ProviderAnswer not_processed(std::string why) {
    return {.verdict = Verdict::not_processed, .reason = std::move(why)};
  }

  void on_change(Error const& trouble) {
    if (closed_) return;
    // Only our own words: the peer's may be anything.
    if (!trouble.ours.empty() && trouble.ours != trouble_) {
      spdlog::warn("apns: connection to {} ended: {}", host_of(settings_), trouble.ours);
    }
    trouble_ = trouble.ours;
    on_room();
  }

  void on_room() {
    pump();
    if (tell_room_) tell_room_();
  }

  // Not from inside send().
  void give_back_later(std::unique_ptr<Waiting> waiting, char const* why) {
    asio::post(executor_, [waiting = std::move(waiting), why] { waiting->done(not_processed(why)); });
  }

  void give_back_waiting() {
    for (auto* queue : {&calls_, &others_}) {
      for (auto& waiting : std::exchange(*queue, {})) waiting->done(not_processed("the sender was closed"));
    }
  }

  // The connection with most room, where one in `share` streams stays free; one in doubt only where there is no other.
  PooledConnection* roomiest(std::size_t share) {
    PooledConnection* best = nullptr;
    auto most = std::pair{false, std::size_t{0}};
    for (auto const& connection : connections_) {
      std::size_t const room = connection->capacity();
      std::size_t const reserved = share == 0 ? 0 : (room + connection->in_flight()) / share;
      auto const worth = std::pair{!connection->is_in_doubt(), room};
      if (room <= reserved || worth <= most) continue;
      best = connection.get();
      most = worth;
    }
    return best;
  }

  // Where streams are scarce, a tenth of them is none: one is left to calls all the same, if there are two.
  [[nodiscard]] bool has_stream_for_others() const {
    std::size_t free = 0;
    std::size_t all = 0;
    for (auto const& connection : connections_) {
      free += connection->capacity();
      all += connection->capacity() + connection->in_flight();
    }
    return free > 1 || (free == 1 && all == 1);
  }

  // Calls first; the others leave them a share of the streams.
  void pump() {
    pump(calls_, 0);
    pump(others_, share_of_calls);
  }

  void pump(Queue& queue, std::size_t share) {
    while (!queue.empty() && !closed_) {
      if (share > 0 && !has_stream_for_others()) return;
      auto* connection = roomiest(share);
      if (connection == nullptr) return;
      auto const now = clock_.now();
      if (connection->prepare(token_, now) == PooledConnection::Ready::no) continue;
      auto next = std::move(queue.front());
      queue.pop_front();
      if (next->give_up_at < now) {
        give_back_later(std::move(next), "its time ran out before a connection was free");
      } else {
        submit(*connection, std::move(next));
      }
    }
  }

  void submit(PooledConnection& connection, std::unique_ptr<Waiting> waiting) {
    ++waiting->tries;
    auto request = std::move(waiting->request);
    request.shared_headers = connection.common_fields(waiting->kind);
    waiting->pool = shared_from_this();
    waiting->client = &connection.client();
    // The closure is one pointer, so it costs no allocation.
    connection.client().submit(std::move(request), [waiting = std::move(waiting)](edge::Http2Reply reply) mutable {
      auto const pool = std::move(waiting->pool);
      pool->on_reply(std::move(waiting), reply);
    });
  }

  void on_reply(std::unique_ptr<Waiting> waiting, edge::Http2Reply& reply) {
    switch (reply.outcome) {
      case edge::Outcome::response: {
        auto read = read_answer(reply);
        if (read.connection == Connection::replace) replace(waiting->client);
        if (read.answer.verdict == Verdict::credential_expired) renew_token(waiting->client);
        return waiting->done(std::move(read.answer));
      }
      case edge::Outcome::unknown:
        return waiting->done({.verdict = Verdict::fate_unknown, .reason = std::move(reply.error.ours)});
      case edge::Outcome::unprocessed: return try_elsewhere(std::move(waiting), reply);
    }
    std::unreachable();
  }

  // RFC 9113 §8.7: what was provably not processed may be sent again, whatever it is.
  void try_elsewhere(std::unique_ptr<Waiting> waiting, edge::Http2Reply& reply) {
    bool const may = reply.request && !closed_ && waiting->tries < most_tries;
    if (!may || waiting->give_up_at <= clock_.now()) return waiting->done(not_processed(reply.error.ours));
    waiting->request = std::move(*reply.request);
    queue_of(*waiting).push_front(std::move(waiting));
    keep_time();
    // Not from inside the connection that just failed it.
    asio::post(executor_, [self = shared_from_this()] { self->pump(); });
  }

  void replace(edge::Http2Client const* client) {
    for (auto const& connection : connections_) {
      if (connection->is_on(client)) connection->replace();
    }
  }

  // The connection may not take another token so soon; a new one begins with it.
  void renew_token(edge::Http2Client const* client) {
    auto const now = clock_.now();
    token_.renew(now);
    for (auto const& connection : connections_) {
      if (connection->is_on(client) && connection->token_issued() != token_.issued_at(now)) connection->replace();
    }
  }

  // Ticks while something waits, so that nothing waits beyond its time.
  void keep_time() {
    if (ticking_ || closed_ || (calls_.empty() && others_.empty())) return;
    ticking_ = true;
    timer_.expires_after(tick);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      auto const self = weak.lock();
      if (error || !self) return;
      self->ticking_ = false;
      self->give_up_late(self->calls_);
      self->give_up_late(self->others_);
      self->pump();
      self->keep_time();
    });
  }

  void give_up_late(Queue& queue) {
    auto const now = clock_.now();
    auto const is_late = [now](auto const& waiting) { return waiting->give_up_at < now; };
    if (std::ranges::none_of(queue, is_late)) return;
    Queue kept;
    std::vector<std::unique_ptr<Waiting>> late;
    for (auto& waiting : queue) {
      if (is_late(waiting)) {
        late.push_back(std::move(waiting));
      } else {
        kept.push_back(std::move(waiting));
      }
    }
    queue = std::move(kept);
    auto const why = trouble_.empty() ? std::string{"no room on a connection in time"} : trouble_;
    for (auto const& waiting : late) waiting->done(not_processed(why));
  }

  asio::any_io_executor executor_;
  Clock const& clock_;
  SenderSettings settings_;
  ProviderToken token_;
  asio::steady_timer timer_;
  std::vector<std::shared_ptr<PooledConnection>> connections_;
  Queue calls_;
  Queue others_;
  std::function<void()> tell_room_;
  std::string trouble_;
  bool ticking_ = false;
  bool closed_ = false;
};

class PoolSender final : public Sender {
 public:
  explicit PoolSender(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) { pool_->start(); }
  ~PoolSender() override {
    pool_->when_room(nullptr);
    pool_->close();
  }
  void send(ApnsRequest request, Done done) override { pool_->send(std::move(request), std::move(done)); }
  std::size_t streams() const override { return pool_->streams(); }
  void when_room(std::function<void()> told) override { pool_->when_room(std::move(told)); }
  void drain() override { pool_->drain(); }
  SenderHealth health() const override { return pool_->health(); }

 private:
  std::shared_ptr<Pool> pool_;
};

}  // namespace

Result<std::unique_ptr<Sender>> Sender::open(asio::any_io_executor executor, Clock const& clock,
                                             SenderSettings settings) {
  if (settings.team.size() != id_size || settings.key_id.size() != id_size) {
    return failure(ErrorCode::configuration, "an APNs team and key id have 10 characters each");
  }
  auto key = crypto::Es256Key::from_pem(settings.key_pem.reveal());
  if (!key) return failure(ErrorCode::configuration, "the APNs key cannot be used: " + key.error().ours);
  auto tls = edge::make_client_tls({.ca_file = settings.ca_file, .alpn = {"h2"}});
  if (!tls) return std::unexpected(tls.error());
  auto const milliseconds = [](Duration time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time); };
  edge::Http2ClientOptions options{
      .destination = {.host = host_of(settings), .port = settings.port, .tls = std::move(*tls)},
      .wanted_fields = {"retry-after"},
      .ping_after = milliseconds(settings.ping_after),
      .ping_after_asking = milliseconds(settings.ping_after_asking),
      .ping_timeout = milliseconds(settings.pong_within)};
  ProviderToken token{std::move(*key), settings.team, settings.key_id};
  auto pool =
      std::make_shared<Pool>(std::move(executor), clock, std::move(settings), std::move(token), std::move(options));
  return std::make_unique<PoolSender>(std::move(pool));
}

}  // namespace reveille::deliver::apns
