#include "deliver/apns/connection.hpp"

#include <algorithm>
#include <utility>

namespace reveille::deliver::apns {
namespace {

using State = edge::Http2Client::State;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{10'000};
// A connection that lived less says nothing good about the next.
constexpr std::chrono::seconds steady_life{10};
constexpr std::size_t most_common = 64;
constexpr std::string_view device_path = "/3/device/";

}  // namespace

void PooledConnection::start(std::function<void(Error const&)> on_change, std::function<void()> on_room) {
  on_change_ = std::move(on_change);
  on_room_ = std::move(on_room);
  dial();
}

void PooledConnection::close() {
  closed_ = true;
  on_change_ = nullptr;
  on_room_ = nullptr;
  timer_.cancel();
  for (auto const& client : std::exchange(leaving_, {})) client->close();
  if (auto const client = std::exchange(client_, nullptr)) client->close();
}

void PooledConnection::drain() {
  closed_ = true;
  on_change_ = nullptr;
  on_room_ = nullptr;
  timer_.cancel();
  if (client_) client_->drain();
}

std::size_t PooledConnection::streams() const {
  std::size_t all = capacity() + in_flight();
  for (auto const& client : leaving_) all += client->in_flight();
  return all;
}

void PooledConnection::dial() {
  if (closed_) return;
  was_ready_ = false;
  issued_ = Instant::min();
  common_.clear();
  dialled_at_ = Steady::now();
  client_ = edge::Http2Client::connect(
      executor_, options_,
      [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->on_client_change();
      },
      [weak = weak_from_this()] {
        auto const self = weak.lock();
        if (self && self->on_room_) self->on_room_();
      });
}

// The pause starts at nothing after a connection that lasted, and doubles with each that did not.
void PooledConnection::dial_later() {
  bool const lasted = was_ready_ && Steady::now() - dialled_at_ > steady_life;
  auto const pause = lasted ? std::chrono::milliseconds{0} : pause_;
  pause_ = lasted ? first_pause : std::clamp(pause_ * 2, first_pause, longest_pause);
  timer_.expires_after(pause);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto const self = weak.lock();
    if (!error && self) self->dial();
  });
}

void PooledConnection::on_client_change() {
  if (closed_) return;
  std::erase_if(leaving_, [](auto const& client) { return client->state() == State::closed; });
  if (!client_) return;
  Error trouble;
  switch (client_->state()) {
    case State::connecting: return;
    case State::ready: was_ready_ = true; break;
    case State::draining:
      trouble = client_->state_reason();
      leaving_.push_back(std::exchange(client_, nullptr));
      dial_later();
      break;
    case State::closed:
      trouble = client_->state_reason();
      client_ = nullptr;
      dial_later();
      break;
  }
  if (on_change_) on_change_(trouble);
}

void PooledConnection::replace() {
  if (!client_ || client_->state() != State::ready) return;
  client_->drain();  // on_client_change() does the rest
}

PooledConnection::Ready PooledConnection::prepare(ProviderToken& token, Instant now) {
  auto const wanted = token.issued_at(now);
  auto const step = issued_ == Instant::min() ? TokenStep::renew : next_token_step(issued_, first_used_, wanted, now);
  switch (step) {
    case TokenStep::keep: return Ready::yes;
    case TokenStep::renew:
      authorization_ = token.authorization(now);
      issued_ = wanted;
      first_used_ = now;
      common_.clear();
      return Ready::yes;
    case TokenStep::replace_connection: replace(); return Ready::no;
  }
  std::unreachable();
}

std::shared_ptr<edge::HttpFields const> const& PooledConnection::common_fields(Kind const& kind) {
  for (auto const& known : common_) {
    if (known.kind == kind) return known.fields;
  }
  if (common_.size() >= most_common) common_.clear();
  auto fields = std::make_shared<edge::HttpFields>();
  fields->add("authorization", authorization_, edge::Indexing::never);
  fields->add("apns-topic", kind.topic);
  fields->add("apns-push-type", std::string{name_of(kind.type)});
  fields->add("apns-priority", std::to_string(static_cast<int>(kind.priority)));
  return common_.emplace_back(kind, std::move(fields)).fields;
}

edge::Http2Request own_part(ApnsRequest&& request, Duration answer_within) {
  edge::Http2Request out{.path = {},
                         .body = std::move(request.payload),
                         .timeout = std::chrono::duration_cast<std::chrono::milliseconds>(answer_within)};
  out.path.reserve(device_path.size() + request.token.size());
  out.path.append(device_path).append(request.token);
  // Apple: these three are indexed once, for their names, and not after that.
  out.headers.reserve(3);
  if (!request.apns_id.empty()) out.headers.add("apns-id", std::move(request.apns_id), edge::Indexing::name);
  if (request.expiration) {
    out.headers.add("apns-expiration", std::to_string(*request.expiration), edge::Indexing::name);
  }
  if (!request.collapse_id.empty()) {
    out.headers.add("apns-collapse-id", std::move(request.collapse_id), edge::Indexing::name);
  }
  return out;
}

}  // namespace reveille::deliver::apns
