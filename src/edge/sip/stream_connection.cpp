#include "edge/sip/stream_connection.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace reveille::edge::sip {
namespace {

using Event = wire::StreamFramer::Event;
using boost::system::error_code;

}  // namespace

StreamConnection::StreamConnection(StreamReceiver& receiver, WheelDriver& driver, Limits const& limits, Source source,
                                   Opened opened)
    : receiver_(&receiver),
      driver_(&driver),
      limits_(limits),
      source_(std::move(source)),
      framer_(opened == Opened::accepted ? wire::StreamFramer::Side::server : wire::StreamFramer::Side::client),
      heard_at_(driver.now()),
      is_known_(opened == Opened::dialled) {
  watch();
}

void StreamConnection::accept(std::shared_ptr<Link> link, Places::Place place, Places::Place stranger) {
  link_ = std::move(link);
  place_.emplace(std::move(place));
  stranger_.emplace(std::move(stranger));
  link_->accept([self = shared_from_this()](error_code error) {
    if (self->has_ended_) return;
    if (error) return self->close();
    self->begin(self->link_);
  });
}

void StreamConnection::welcome() {
  if (has_ended_ || is_known_) return;
  is_known_ = true;
  stranger_.reset();
  watch();
}

void StreamConnection::begin(std::shared_ptr<Link> link) {
  if (has_ended_) return link->close();
  link_ = std::move(link);
  local_ = link_->local();
  has_link_ = true;
  heard_at_ = spoke_at_ = driver_->now();
  watch();
  read();
  write();
}

void StreamConnection::read() {
  // A peer that does not read what it asked for is not heard until it does.
  is_holding_ = queued() > limits_.write_queue / 2;
  if (is_holding_) return;
  link_->read_some(buffer_, [self = shared_from_this()](error_code error, std::size_t size) {
    if (self->has_ended_ || self->is_parting_) return;
    if (error) return self->close();
    self->take(size);
    if (!self->has_ended_ && !self->is_parting_) self->read();
  });
}

void StreamConnection::take(std::size_t size) {
  heard_at_ = driver_->now();
  bool const had_begun = framer_.kept() > 0;
  framer_.feed({reinterpret_cast<char*>(buffer_.data()), size});
  wire::MessageView message;
  bool whole = false;
  for (Event event = framer_.next(message); event != Event::need_more; event = framer_.next(message)) {
    whole = true;
    if (!take_one(event, message) || has_ended_ || is_parting_) return;
  }
  has_spoken_ = has_spoken_ || whole;
  if (framer_.kept() > 0 && (!had_begun || whole)) message_since_ = heard_at_;
  watch();
}

bool StreamConnection::take_one(Event event, wire::MessageView const& message) {
  switch (event) {
    case Event::message:
      spoke_at_ = heard_at_;
      receiver_->on_stream_message(message, source_);
      return true;
    case Event::ping: return send(wire::keep_alive_pong);
    case Event::pong:
    case Event::need_more: return true;
    case Event::broken:
    case Event::fatal:
      receiver_->on_broken_message(message, framer_.error(), source_);
      if (event == Event::broken) return true;
      spdlog::debug("sip: a peer does not speak SIP, closing: {}", framer_.error().reason);
      close_after_writing();
      return false;
  }
  std::unreachable();
}

bool StreamConnection::send(std::string_view bytes) {
  if (has_ended_ || is_parting_) return false;
  if (queued() + bytes.size() > limits_.write_queue) {
    spdlog::info("sip: a peer does not read, closing: {} bytes wait", queued());
    close();
    return false;
  }
  queued_ += bytes;
  write();
  return true;
}

void StreamConnection::write() {
  if (!has_link_ || !writing_.empty() || queued_.empty()) return;
  std::swap(writing_, queued_);
  writing_since_ = driver_->now();
  watch();
  auto const* bytes = reinterpret_cast<std::uint8_t const*>(writing_.data());
  link_->write({bytes, writing_.size()}, [self = shared_from_this()](error_code error, std::size_t) {
    self->writing_.clear();
    if (self->has_ended_) return;
    if (error) return self->close();
    self->written();
  });
}

void StreamConnection::written() {
  // An idle connection holds no buffers.
  if (queued_.empty()) writing_.shrink_to_fit();
  write();
  if (is_holding_ && !is_parting_) read();
  if (!is_parting_ || !writing_.empty()) return watch();
  end();
  link_->close_gently();
}

Instant StreamConnection::deadline() const {
  if (!has_link_) return heard_at_ + limits_.handshake;
  Instant at = is_known_ && has_spoken_ ? heard_at_ + limits_.idle : spoke_at_ + limits_.first_message;
  if (framer_.kept() > 0) at = std::min(at, message_since_ + limits_.whole_message);
  if (!writing_.empty()) at = std::min(at, writing_since_ + limits_.stalled_write);
  return at;
}

void StreamConnection::watch() {
  driver_->wheel().arm(timer_, *this, deadline());
  driver_->turn();
}

void StreamConnection::on_timer(WheelTimer&, Instant) {
  spdlog::debug("sip: closing a connection that is too slow or silent");
  close();
}

// Tells the owner, once.
void StreamConnection::end() {
  if (std::exchange(has_ended_, true)) return;
  driver_->wheel().disarm(timer_);
  place_.reset();
  stranger_.reset();
  boost::asio::post(driver_->executor(), [self = shared_from_this()] {
    if (self->receiver_ != nullptr) self->receiver_->on_closed(self->source_.flow);
  });
}

void StreamConnection::close() {
  if (has_ended_) return;
  end();
  if (link_ != nullptr) link_->close();
}

void StreamConnection::close_after_writing() {
  if (has_ended_ || is_parting_) return;
  if (!has_link_) return close();
  is_parting_ = true;
  if (writing_.empty()) written();
}

void StreamConnection::abandon() {
  receiver_ = nullptr;
  close();
  driver_ = nullptr;
}

}  // namespace reveille::edge::sip
