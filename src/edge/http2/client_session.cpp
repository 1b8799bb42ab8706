#include "edge/http2/client_session.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace reveille::edge {
namespace {

std::uint8_t* bytes_of(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<std::uint8_t const*>(text.data()));
}

}  // namespace

void ClientExchange::finish(Outcome outcome, Error error) {
  if (!done) return;
  reply.outcome = outcome;
  reply.error = std::move(error);
  std::exchange(done, nullptr)(std::move(reply));
}

void ClientExchange::give_back(Error error) {
  reply.request = std::make_unique<Http2Request>(std::move(request));
  finish(Outcome::unprocessed, std::move(error));
}

ClientSession::ClientSession(std::shared_ptr<Link> link, Http2ClientOptions const& options, Listener& listener)
    : Http2Engine(Side::client, std::move(link), Limits{.max_streams = 0}),
      listener_(&listener),
      authority_(options.authority),
      max_streams_(options.max_streams),
      max_body_(options.max_body),
      wanted_fields_(options.wanted_fields),
      ping_after_(options.ping_after),
      ping_after_asking_(options.ping_after_asking),
      ping_timeout_(options.ping_timeout) {}

std::size_t ClientSession::capacity() const {
  if (!has_settings_ || is_leaving_ || has_ended()) return 0;
  auto* native = const_cast<ClientSession*>(this)->session();
  std::size_t const allowed = std::min<std::size_t>(
      max_streams_, nghttp2_session_get_remote_settings(native, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  return allowed > under_way_.size() ? allowed - under_way_.size() : 0;
}

bool ClientSession::has_room_for(std::size_t body) const {
  if (unsent_ == 0 || body == 0) return true;
  auto* native = const_cast<ClientSession*>(this)->session();
  auto const window = static_cast<std::size_t>(std::max(0, nghttp2_session_get_remote_window_size(native)));
  return unsent_ + body <= window;
}

ssize_t ClientSession::read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t room,
                                 std::uint32_t* flags, nghttp2_data_source* source, void* user) {
  auto& exchange = *static_cast<ClientExchange*>(source->ptr);
  auto const& body = exchange.request.body;
  std::size_t const size = std::min(room, body.size() - exchange.body_sent);
  std::memcpy(into, body.data() + exchange.body_sent, size);
  exchange.body_sent += size;
  static_cast<ClientSession*>(static_cast<Http2Engine*>(user))->unsent_ -= size;
  if (exchange.body_sent == body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

// The texts live in the exchange, or in this object, until the stream is closed: nghttp2 need not copy them.
void ClientSession::add_field(std::string_view name, std::string_view value, Indexing indexing) {
  std::uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  if (indexing == Indexing::never || (indexing == Indexing::name && has_sent_any_)) flags |= NGHTTP2_NV_FLAG_NO_INDEX;
  fields_.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), flags});
}

void ClientSession::gather_fields(Http2Request const& request) {
  fields_.clear();
  add_field(":method", request.method, Indexing::allowed);
  add_field(":scheme", "https", Indexing::allowed);
  add_field(":authority", authority_, Indexing::allowed);
  add_field(":path", request.path, Indexing::never);
  if (request.shared_headers) {
    for (auto const& field : *request.shared_headers) add_field(field.name, field.value, field.indexing);
  }
  for (auto const& field : request.headers) add_field(field.name, field.value, field.indexing);
}

void ClientSession::request(std::unique_ptr<ClientExchange> exchange) {
  gather_fields(exchange->request);
  nghttp2_data_provider body{.source = {.ptr = exchange.get()}, .read_callback = read_body};
  exchange->stream = nghttp2_submit_request(session(), nullptr, fields_.data(), fields_.size(),
                                            exchange->request.body.empty() ? nullptr : &body, exchange.get());
  if (exchange->stream < 0) {
    // Stream ids are used up (RFC 9113 §5.1.1), or memory is: either way this connection has done its work.
    is_leaving_ = true;
    goaway_ = {.code = ErrorCode::closed, .ours = nghttp2_strerror(exchange->stream)};
    return exchange->give_back(goaway_);
  }
  has_sent_any_ = true;
  unsent_ += exchange->request.body.size();
  exchange->slot = under_way_.size();
  under_way_.push_back(std::move(exchange));
  wake();
}

void ClientSession::drain() {
  is_leaving_ = true;
  if (goaway_.ours.empty()) goaway_ = {.code = ErrorCode::closed, .ours = "drained by us"};
  if (under_way_.empty()) leave();
}

ClientExchange* ClientSession::exchange_of(std::int32_t stream) {
  return static_cast<ClientExchange*>(nghttp2_session_get_stream_user_data(session(), stream));
}

std::unique_ptr<ClientExchange> ClientSession::taken(ClientExchange* exchange) {
  std::size_t const slot = exchange->slot;
  std::swap(under_way_[slot], under_way_.back());
  under_way_[slot]->slot = slot;
  auto out = std::move(under_way_.back());
  under_way_.pop_back();
  return out;
}

void ClientSession::on_headers_begin(std::int32_t) {}

void ClientSession::on_header(std::int32_t stream, std::string_view name, std::string_view value) {
  auto* exchange = exchange_of(stream);
  if (exchange == nullptr) return;
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), exchange->reply.status);
  } else if (wanted_fields_.empty() || std::ranges::find(wanted_fields_, name) != wanted_fields_.end()) {
    exchange->reply.headers.add(std::string{name}, std::string{value});
  }
}

void ClientSession::on_headers_end(std::int32_t stream) {
  auto* exchange = exchange_of(stream);
  // RFC 9113 §8.1: any number of 1xx may come before the response itself.
  if (exchange == nullptr || exchange->reply.status >= 200) return;
  exchange->reply.status = 0;
  exchange->reply.headers.clear();
}

void ClientSession::on_data(std::int32_t stream, std::string_view bytes) {
  auto* exchange = exchange_of(stream);
  if (exchange == nullptr || !exchange->done) return;
  if (exchange->reply.body.size() + bytes.size() > max_body_) {
    nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    return exchange->finish(Outcome::unknown, {.code = ErrorCode::too_large, .ours = "the response is too large"});
  }
  exchange->reply.body += bytes;
}

void ClientSession::on_message_end(std::int32_t stream) {
  auto* exchange = exchange_of(stream);
  if (exchange == nullptr) return;
  exchange->is_complete = true;
  // RFC 9113 §8.1: the server may have answered without the rest of the request, and may never give it a window. Of no
  // use any more, the rest would keep the stream.
  if (exchange->body_sent < exchange->request.body.size())
    nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  exchange->finish(Outcome::response);
}

void ClientSession::on_stream_closed(std::int32_t stream, std::uint32_t error) {
  auto* exchange = exchange_of(stream);
  if (exchange == nullptr) return;
  auto const ended = taken(exchange);
  unsent_ -= ended->request.body.size() - ended->body_sent;
  // RFC 9113 §8.7: nothing was processed of a stream refused, or above a GOAWAY's last; those come as REFUSED_STREAM.
  bool const untouched = !ended->was_sent || error == NGHTTP2_REFUSED_STREAM;
  auto const why = [error] { return "the stream was closed: " + std::string{name_of(error)}; };
  if (ended->done && untouched) ended->give_back({.code = ErrorCode::refused, .ours = why()});
  if (ended->done) ended->finish(Outcome::unknown, {.code = ErrorCode::closed, .ours = why()});
  if (listener_ != nullptr && !has_ended()) listener_->on_session_room();
  if (is_leaving_ && under_way_.empty()) leave();
}

void ClientSession::on_headers_sent(std::int32_t stream) {
  if (auto* exchange = exchange_of(stream)) exchange->was_sent = true;
}

void ClientSession::on_settings() {
  has_settings_ = true;
  if (listener_ != nullptr) listener_->on_session_change();
}

void ClientSession::on_goaway(std::int32_t last_stream, std::uint32_t error, std::string_view debug) {
  is_leaving_ = true;
  last_stream_ = std::min(last_stream_, last_stream);
  goaway_ = {.code = ErrorCode::closed,
             .ours = "the server said GOAWAY: " + std::string{name_of(error)},
             .theirs = std::string{debug.substr(0, 512)}};
  if (listener_ != nullptr) listener_->on_session_change();
  if (!has_ended() && under_way_.empty()) leave();
}

void ClientSession::on_ping_answered() {
  ping_under_way_ = false;
}

void ClientSession::on_batch_end() {
  if (listener_ != nullptr) listener_->on_session_room();
}

void ClientSession::ping(std::chrono::steady_clock::time_point now) {
  ping_under_way_ = true;
  pinged_at_ = now;
  nghttp2_submit_ping(session(), NGHTTP2_FLAG_NONE, nullptr);
  wake();
}

void ClientSession::sweep(std::chrono::steady_clock::time_point now) {
  bool any_overdue = false;
  for (std::size_t i = 0; i < under_way_.size() && !has_ended(); ++i) {
    auto& exchange = *under_way_[i];
    if (!exchange.done || exchange.deadline > now) continue;
    any_overdue = true;
    nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, exchange.stream, NGHTTP2_CANCEL);
    exchange.finish(exchange.was_sent ? Outcome::unknown : Outcome::unprocessed,
                    {.code = ErrorCode::timed_out, .ours = "no response in time"});
  }
  if (has_ended()) return;
  if (ping_under_way_ && now - pinged_at_ > ping_timeout_) {
    return end({.code = ErrorCode::timed_out, .ours = "the server answers no ping"});
  }
  // A response overdue, or silence, may mean that the whole connection is dead: the answer to a ping tells.
  auto const quiet = std::chrono::steady_clock::now() - last_heard();
  auto const limit = under_way_.empty() ? ping_after_ : std::min(ping_after_, ping_after_asking_);
  bool const is_quiet = quiet > limit && now - pinged_at_ > limit;
  if (!ping_under_way_ && (any_overdue || is_quiet)) ping(now);
  if (any_overdue) wake();
}

void ClientSession::on_ended(Error const& reason) {
  // Nothing comes after this; the handlers may ask for new requests, but not here.
  for (auto const& ended : std::exchange(under_way_, {})) {
    if (!ended->was_sent || ended->stream > last_stream_) {
      ended->give_back(reason);
    } else {
      ended->finish(Outcome::unknown, reason);
    }
  }
  if (listener_ != nullptr) listener_->on_session_ended(is_leaving_ ? goaway_ : reason);
}

}  // namespace reveille::edge
