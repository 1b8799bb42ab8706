#include "edge/http2/engine.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace reveille::edge {

using boost::system::error_code;

namespace {

// Four TLS records: more gave no gain.
constexpr std::size_t write_batch = 65536;

std::string_view view(std::uint8_t const* bytes, std::size_t size) {
  return {reinterpret_cast<char const*>(bytes), size};
}

}  // namespace

struct Http2Engine::Callbacks {
  static Http2Engine& engine(void* user) { return *static_cast<Http2Engine*>(user); }
  static int verdict(void* user) { return engine(user).ended_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0; }

  static int begin_headers(nghttp2_session*, nghttp2_frame const* frame, void* user) {
    engine(user).on_headers_begin(frame->hd.stream_id);
    return verdict(user);
  }

  static int header(nghttp2_session*, nghttp2_frame const* frame, std::uint8_t const* name, std::size_t name_size,
                    std::uint8_t const* value, std::size_t value_size, std::uint8_t, void* user) {
    engine(user).on_header(frame->hd.stream_id, view(name, name_size), view(value, value_size));
    return verdict(user);
  }

  static int data(nghttp2_session*, std::uint8_t, std::int32_t stream, std::uint8_t const* bytes, std::size_t size,
                  void* user) {
    engine(user).on_data(stream, view(bytes, size));
    return verdict(user);
  }

  static int frame_received(nghttp2_session*, nghttp2_frame const* frame, void* user) {
    auto& self = engine(user);
    bool const acknowledges = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: self.on_headers_end(frame->hd.stream_id); [[fallthrough]];
      case NGHTTP2_DATA:
        if (!self.ended_ && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self.on_message_end(frame->hd.stream_id);
        break;
      case NGHTTP2_SETTINGS:
        if (!acknowledges) self.on_settings();
        break;
      case NGHTTP2_PING:
        if (acknowledges) self.on_ping_answered();
        break;
      case NGHTTP2_GOAWAY:
        self.on_goaway(frame->goaway.last_stream_id, frame->goaway.error_code,
                       view(frame->goaway.opaque_data, frame->goaway.opaque_data_len));
        break;
      default: break;  // the session has handled it; frames of unknown types are ignored (RFC 9113 §5.5)
    }
    return verdict(user);
  }

  static int frame_sent(nghttp2_session*, nghttp2_frame const* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS) engine(user).on_headers_sent(frame->hd.stream_id);
    return 0;
  }

  static int stream_closed(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
    engine(user).on_stream_closed(stream, error);
    return 0;
  }

  static nghttp2_session_callbacks* all() {
    static nghttp2_session_callbacks* const callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      if (nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc{};
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
      return made;
    }();
    return callbacks;
  }
};

Http2Engine::Http2Engine(Side side, std::shared_ptr<Link> link, Limits limits)
    : link_(std::move(link)), limits_(limits), stall_timer_(link_->executor()) {
  int const made = side == Side::client ? nghttp2_session_client_new(&session_, Callbacks::all(), this)
                                        : nghttp2_session_server_new(&session_, Callbacks::all(), this);
  if (made != 0) throw std::bad_alloc{};
}

Http2Engine::~Http2Engine() {
  nghttp2_session_del(session_);
}

void Http2Engine::on_headers_sent(std::int32_t) {}
void Http2Engine::on_settings() {}
void Http2Engine::on_goaway(std::int32_t, std::uint32_t, std::string_view) {}
void Http2Engine::on_ping_answered() {}
void Http2Engine::on_batch_end() {}

std::string_view Http2Engine::name_of(std::uint32_t http2_error) {
  return nghttp2_http2_strerror(http2_error);
}

void Http2Engine::start(std::span<std::uint8_t const> already_read) {
  std::array<nghttp2_settings_entry, 4> const settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits_.stream_window)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits_.header_list_size},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, limits_.connection_window);
  if (already_read.empty()) {
    flush();
  } else {
    feed(already_read);
  }
  read();
}

// Reads on unless something forbids it; one read at a time.
void Http2Engine::read() {
  if (reading_ || stalled_ || ended_) return;
  reading_ = true;
  link_->read_some(in_,
                   [self = shared_from_this()](error_code error, std::size_t size) { self->on_read(error, size); });
}

void Http2Engine::on_read(error_code error, std::size_t size) {
  reading_ = false;
  if (ended_) return;
  if (error) return end({.code = ErrorCode::closed, .ours = "the peer closed the connection: " + error.message()});
  last_heard_ = std::chrono::steady_clock::now();
  feed(std::span{in_}.first(size));
  read();
}

void Http2Engine::feed(std::span<std::uint8_t const> bytes) {
  in_batch_ = true;
  auto const used = nghttp2_session_mem_recv(session_, bytes.data(), bytes.size());
  if (!ended_) on_batch_end();
  in_batch_ = false;
  if (ended_) return;
  if (used < 0) {
    flush();  // the session's GOAWAY, as far as one write takes it
    return end({.code = ErrorCode::malformed, .ours = nghttp2_strerror(static_cast<int>(used))});
  }
  flush();
}

void Http2Engine::wake() {
  if (in_batch_ || writing_ || wake_posted_ || ended_) return;
  wake_posted_ = true;
  boost::asio::post(link_->executor(), [self = shared_from_this()] {
    self->wake_posted_ = false;
    self->flush();
  });
}

void Http2Engine::gather() {
  out_.clear();
  while (out_.size() < write_batch) {
    std::uint8_t const* bytes = nullptr;
    auto const size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) break;
    out_ += view(bytes, static_cast<std::size_t>(size));
  }
}

void Http2Engine::flush() {
  if (writing_ || stalled_ || ended_ || in_batch_) return;
  in_batch_ = true;  // callbacks during the gathering need no wake
  gather();
  in_batch_ = false;
  if (ended_) return;
  if (out_.empty()) return finish_if_done();
  writing_ = true;
  writing_since_ = std::chrono::steady_clock::now();
  std::span const bytes{reinterpret_cast<std::uint8_t const*>(out_.data()), out_.size()};
  link_->write(bytes, [self = shared_from_this()](error_code error, std::size_t) {
    self->writing_ = false;
    if (self->ended_) return;
    if (error) {
      return self->end({.code = ErrorCode::closed, .ours = "cannot write: " + error.message()});
    }
    self->flush();
  });
}

void Http2Engine::finish_if_done() {
  if (nghttp2_session_want_read(session_) != 0 || nghttp2_session_want_write(session_) != 0) return;
  auto const keep = shared_from_this();
  ended_ = true;
  stall_timer_.cancel();
  link_->close_gently();
  on_ended({.code = ErrorCode::closed, .ours = "the connection has ended in order"});
}

void Http2Engine::stall(std::chrono::milliseconds time) {
  stalled_ = true;
  stall_timer_.expires_after(time);
  stall_timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->ended_) return;
    self->stalled_ = false;
    self->flush();
    self->read();
  });
}

void Http2Engine::leave() {
  if (ended_) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  wake();
}

void Http2Engine::end(Error reason) {
  if (std::exchange(ended_, true)) return;
  auto const keep = shared_from_this();
  stall_timer_.cancel();
  link_->close();
  on_ended(reason);
}

}  // namespace reveille::edge
