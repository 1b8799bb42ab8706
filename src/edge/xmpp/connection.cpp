#include "edge/xmpp/connection.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

namespace reveille::edge {
namespace {

using namespace xmpp;
using boost::system::error_code;

constexpr auto goodbye_wait = 5s;                             // for the last bytes to leave
constexpr auto taking_wait = 2s;                              // between looks at a peer that takes slowly
constexpr std::size_t most_at_once = std::size_t{64} * 1024;  // a slow reader of that much is no stalled one

std::span<std::uint8_t const> bytes_of(std::string const& text) {
  return {reinterpret_cast<std::uint8_t const*>(text.data()), text.size()};
}

}  // namespace

XmppConnection::XmppConnection(std::shared_ptr<XmppHouse> house, std::shared_ptr<Link> link, Security security,
                               Seat seat)
    : house_(std::move(house)),
      link_(std::move(link)),
      seat_(std::move(seat)),
      stream_(house_->settings.stream, *house_->random, security, house_->clock->now()),
      timer_(link_->executor()) {}

void XmppConnection::begin(Security security) {
  watch_deadline();
  if (security == Security::plain) return read();
  shaking_ = true;
  link_->accept([self = shared_from_this()](error_code error) {
    self->shaking_ = false;
    if (error) return self->lose();
    self->read();
  });
}

void XmppConnection::read() {
  if (reading_ || shaking_ || gone_ || stream_.is_finished() || stream_.waits()) return;
  // A peer that does not read what it asked for is not heard until it does.
  if (queued_bytes() > house_->settings.most_queued_bytes / 2) return;
  reading_ = true;
  link_->read_some(buffer_, [self = shared_from_this()](error_code error, std::size_t size) {
    self->reading_ = false;
    if (self->gone_) return;
    if (error) return self->lose();
    self->perform(self->stream_.on_bytes({reinterpret_cast<char const*>(self->buffer_.data()), size},
                                         self->house_->clock->now()));
  });
}

// Events may give orders, whose actions come behind those under way.
void XmppConnection::perform(StreamActions actions) {
  for (auto& action : actions) {
    if (auto const* write = std::get_if<action::Write>(&action)) ordered_bytes_ += write->bytes.size();
    actions_.push_back(std::move(action));
  }
  if (performing_) return;
  performing_ = true;
  // One stanza may be longer than what may wait; a peer for whom others wait already gets no such one.
  auto const before = queued_bytes();
  bool const had_room = before <= enough_bytes();
  auto const self = shared_from_this();
  while (!actions_.empty()) {
    auto action = std::move(actions_.front());
    actions_.pop_front();
    std::visit([this](auto& one) { act(one); }, action);
  }
  performing_ = false;
  note_request();
  if (stream_.is_bound()) seat_.signing_in.reset();
  bool const grew = queued_bytes() > before;
  if (grew && queued_bytes() > house_->settings.most_queued_bytes && !had_room && !ended_) return lose();
  flush();
  watch_deadline();
  read();
}

void XmppConnection::act(action::Write& write) {
  ordered_bytes_ -= write.bytes.size();
  waiting_ += write.bytes;
}

void XmppConnection::act(action::StartTls&) {
  wants_tls_ = true;
}

void XmppConnection::act(action::StartSasl& start) {
  sasl_ = std::make_unique<ScramServer>(*house_->credentials, house_->secret);
  sasl_->start(start.mechanism, start.initial, start.domain, [weak = weak_from_this()](SaslAnswer answer) {
    if (auto const self = weak.lock()) self->on_sasl(std::move(answer));
  });
}

void XmppConnection::act(action::ContinueSasl& more) {
  on_sasl(sasl_ ? sasl_->proceed(more.response) : SaslFailure{.condition = SaslError::malformed_request});
}

void XmppConnection::act(action::AbortSasl&) {
  sasl_.reset();
}

void XmppConnection::on_sasl(SaslAnswer answer) {
  perform(stream_.on_sasl(answer, house_->clock->now()));
}

void XmppConnection::act(action::RequestBind& bind) {
  sasl_.reset();
  known_above_ = true;
  if (house_->events) house_->events->on_bind_requested(seat_.handle, stream_.address(), bind.resource);
}

void XmppConnection::act(action::RequestEnable& enable) {
  if (house_->events) house_->events->on_enable_requested(seat_.handle, enable.resume);
}

void XmppConnection::act(action::RequestResume& resume) {
  sasl_.reset();
  known_above_ = true;
  if (house_->events) house_->events->on_resume_requested(seat_.handle, stream_.address(), resume.previous, resume.h);
}

void XmppConnection::act(action::Deliver& deliver) {
  if (house_->events) house_->events->on_stanza(seat_.handle, std::move(deliver.stanza));
}

void XmppConnection::act(action::Acknowledged& acknowledged) {
  if (house_->events) house_->events->on_acknowledged(seat_.handle, acknowledged.h);
}

void XmppConnection::act(action::StateChanged& changed) {
  if (house_->events) house_->events->on_client_state(seat_.handle, changed.state);
}

void XmppConnection::act(action::ModeChanged& changed) {
  if (house_->events) house_->events->on_mode(seat_.handle, changed.mode);
}

// What was written leaves first; a peer that is lost or does not read is not waited for.
void XmppConnection::act(action::Finish& finish) {
  ended_ = finish.why;
  sasl_.reset();
  timer_.cancel();
  if (known_above_ && house_->events) house_->events->on_ended(seat_.handle, finish.why);
  if (finish.why == StreamEnd::lost || finish.why == StreamEnd::overdue || shaking_) return let_go();
  timer_.expires_after(goodbye_wait);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->let_go();
  });
}

void XmppConnection::flush() {
  if (writing_ || shaking_ || gone_) return;
  if (waiting_.empty()) {
    if (wants_tls_) return shake_hands();
    if (ended_) {
      link_->close_gently();
      gone_ = true;
      let_go();
    }
    return;
  }
  writing_ = true;
  writing_since_ = house_->clock->now();
  leaving_ = std::exchange(waiting_, {});
  if (leaving_.size() > most_at_once) {
    waiting_ = leaving_.substr(most_at_once);
    leaving_.resize(most_at_once);
  }
  link_->write(bytes_of(leaving_),
               [self = shared_from_this()](error_code error, std::size_t) { self->on_written(error); });
}

void XmppConnection::on_written(error_code error) {
  writing_ = false;
  auto const size = std::exchange(leaving_, {}).size();
  if (gone_) return;
  if (error) return lose();
  note_leaving(size);
  flush();
  if (wants_room_ && !ended_ && queued_bytes() <= enough_bytes()) {
    wants_room_ = false;
    if (house_->events) house_->events->on_room(seat_.handle);
  }
  watch_deadline();
  read();
}

bool XmppConnection::has_room() {
  wants_room_ = queued_bytes() + ordered_bytes_ > enough_bytes();
  return !wants_room_;
}

// A request that was just asked stands at the end of what is queued.
void XmppConnection::note_request() {
  if (std::exchange(requests_, stream_.requests_made()) == stream_.requests_made()) return;
  request_at_ = left_ + queued_bytes();
}

// B-MODE-4: the answer is waited for from when the request has left.
void XmppConnection::note_leaving(std::size_t size) {
  bool const asked = left_ < request_at_;
  left_ += size;
  if (!asked || left_ < request_at_) return;
  stream_.wait_for_acknowledgement(house_->clock->now() + house_->settings.stream.requests.wait);
  (void)peer_takes_on();
}

// What the kernel still holds has not left either: a peer that takes it, however slowly, is not a silent one.
bool XmppConnection::peer_takes_on() {
  int held = 0;
  if (::ioctl(link_->native_handle(), SIOCOUTQ, &held) != 0) held = 0;
  auto const taken = left_ - std::min(left_, static_cast<std::uint64_t>(std::max(held, 0)));
  return std::exchange(taken_, taken) < taken && held > 0;
}

void XmppConnection::shake_hands() {
  wants_tls_ = false;
  auto secured = link_->upgrade(house_->settings.tls);
  if (!secured) return lose();
  link_ = std::move(secured);
  shaking_ = true;
  link_->accept([self = shared_from_this()](error_code error) {
    self->shaking_ = false;
    if (self->gone_) return;
    if (error) return self->lose();
    self->perform(self->stream_.on_tls(self->house_->clock->now()));
  });
}

void XmppConnection::lose() {
  if (gone_) return;
  perform(stream_.on_lost());
  if (!gone_) let_go();
}

void XmppConnection::drop() {
  known_above_ = false;
  let_go();
}

std::optional<Instant> XmppConnection::deadline() const {
  bool const asked = stream_.is_bound() && left_ < request_at_;
  auto at = asked ? std::nullopt : stream_.deadline();
  if (writing_) at = std::min(at.value_or(Instant::max()), writing_since_ + house_->settings.stalled_after);
  return at;
}

// A timer that is set for an earlier moment stays: deadlines move on with every stanza, and the timer need not.
void XmppConnection::watch_deadline() {
  auto const at = deadline();
  if (ended_ || gone_ || !at || (watched_ && *watched_ <= *at)) return;
  watched_ = at;
  timer_.expires_after(std::max(Duration{}, *at - house_->clock->now()));
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    auto const self = weak.lock();
    if (error || !self || self->gone_ || self->ended_) return;
    self->watched_.reset();
    self->on_time();
  });
}

void XmppConnection::on_time() {
  auto const now = house_->clock->now();
  if (writing_ && now >= writing_since_ + house_->settings.stalled_after) return lose();
  auto const due = deadline();
  if (due && now >= *due && stream_.is_overdue(now) && peer_takes_on())
    stream_.wait_for_acknowledgement(now + taking_wait);
  if (stream_.is_bound() && left_ < request_at_) return watch_deadline();
  perform(stream_.on_deadline(now));
}

void XmppConnection::let_go() {
  timer_.cancel();
  seat_.signing_in.reset();
  if (!std::exchange(gone_, true)) link_->close();
  if (house_->forget) house_->forget(seat_.handle);
}

}  // namespace reveille::edge
