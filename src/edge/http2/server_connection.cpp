// HTTP/2 at the server (RFC 9113): a stream for each exchange.
#include "edge/http/served_connection.hpp"
#include "edge/http2/engine.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <utility>

namespace reveille::edge {
namespace {

using Steady = std::chrono::steady_clock;

class ServerConnection;

// Requests that are not complete yet may take that much of one connection, and one body more.
constexpr std::size_t most_arriving = std::size_t{1} << 20;
// With that much of answers unsent, a connection's further requests wait: a peer that does not read must not have an
// answer for each of its streams lie here.
constexpr std::size_t most_unsent = std::size_t{1} << 20;

// Lives as long as its exchange; deaf once the connection has let go of it.
class ServerStream final : public ResponseSink, public std::enable_shared_from_this<ServerStream> {
 public:
  ServerStream(ServerConnection& connection, std::int32_t id) : connection_(&connection), id_(id) {}

  void send(HttpResponse response) override;
  void refuse(int status) override;
  void begin(HttpResponse head) override;
  void write(std::string chunk, std::move_only_function<void()> drained) override;
  void end() override;
  void reset(std::uint32_t http2_error) override;
  void on_gone(std::move_only_function<void()> handler) override;
  bool is_gone() const override { return connection_ == nullptr; }

  // The connection's side.
  void let_go();
  [[nodiscard]] bool is_stalled(Steady::time_point now, Duration limit) const {
    return !pieces_.empty() && now - moved_ > limit;
  }
  ssize_t read_body(std::uint8_t* into, std::size_t room, std::uint32_t* flags);

  HttpRequest request;
  std::size_t header_size = 0;
  std::size_t arriving = 0;  // what it counts for while its request is not complete
  Steady::time_point began = Steady::now();
  bool is_request_complete = false;
  bool is_answered = false;

 private:
  friend class ServerConnection;
  struct Piece {
    std::string bytes = {};
    std::move_only_function<void()> drained = {};
  };

  void add_piece(Piece piece);

  ServerConnection* connection_;
  std::int32_t id_;
  std::deque<Piece> pieces_;
  std::size_t sent_of_front_ = 0;
  std::size_t unsent_ = 0;
  Steady::time_point moved_ = Steady::now();  // when a part of the body was handed on, or had to wait first
  bool is_body_complete_ = false;
  std::move_only_function<void()> gone_;
};

class ServerConnection final : public Http2Engine, public ServedConnection {
 public:
  explicit ServerConnection(Served served)
      : Http2Engine(Side::server, served.link,
                    Limits{.max_streams = served.settings->max_streams,
                           .header_list_size = static_cast<std::uint32_t>(served.settings->max_header),
                           .connection_window = served.settings->connection_window}),
        served_(std::move(served)) {}

  void begin(std::span<std::uint8_t const> first_bytes) { start(first_bytes); }

  // HttpConnection
  std::uint64_t id() const override { return served_.id; }
  bool is_http2() const override { return true; }
  void set_max_streams(std::uint32_t streams) override;
  void go_away(std::int64_t last_stream, std::string const& debug) override;
  void stall(std::chrono::milliseconds time) override { Http2Engine::stall(time); }
  void drop() override {
    link().reset();
    Http2Engine::end({.code = ErrorCode::closed, .ours = "dropped by us"});
  }
  void sweep(Steady::time_point now) override;
  void close() override { Http2Engine::end({.code = ErrorCode::closed, .ours = "the server stops"}); }

  bool has_closed() const override { return has_ended(); }

  // ServerStream
  void respond(ServerStream& stream, HttpResponse const& response, bool has_body);
  void resume(std::int32_t stream) {
    nghttp2_session_resume_data(session(), stream);
    wake();
  }
  void reset(std::int32_t stream, std::uint32_t error) {
    nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, stream, error);
    wake();
  }
  void count_unsent(std::size_t bytes) { unsent_ += bytes; }
  void count_sent(std::size_t bytes);
  boost::asio::any_io_executor executor() { return link().executor(); }
  [[nodiscard]] HttpServerSettings const& settings() const { return *served_.settings; }

 private:
  void on_headers_begin(std::int32_t stream) override;
  void on_header(std::int32_t stream, std::string_view name, std::string_view value) override;
  void on_headers_end(std::int32_t) override {}
  void on_data(std::int32_t stream, std::string_view bytes) override;
  void on_message_end(std::int32_t stream) override;
  void on_stream_closed(std::int32_t stream, std::uint32_t error) override;
  void on_ended(Error const& reason) override;

  ServerStream* stream_of(std::int32_t stream) {
    return static_cast<ServerStream*>(nghttp2_session_get_stream_user_data(session(), stream));
  }
  // Answers a request that will not reach the handler.
  void refuse(ServerStream& stream, int status) {
    settle(stream);
    stream.request.headers = {};
    stream.request.body = {};
    stream.refuse(status);
  }
  void count_arriving(ServerStream& stream, std::size_t bytes) {
    stream.arriving += bytes;
    arriving_ += bytes;
  }
  void hand_over(std::shared_ptr<ServerStream> const& stream);
  void take_waiting();
  void settle(ServerStream& stream) { arriving_ -= std::exchange(stream.arriving, 0); }

  Served served_;
  std::size_t arriving_ = 0;          // bytes of requests that are not complete
  std::size_t unsent_ = 0;            // bytes of bodies that have not left
  std::deque<std::int32_t> waiting_;  // streams of complete requests that wait for room
  bool take_posted_ = false;
  std::unordered_map<std::int32_t, std::shared_ptr<ServerStream>> streams_;
  std::vector<nghttp2_nv> fields_;
  Steady::time_point quiet_since_ = Steady::now();
  bool has_heard_request_ = false;
};

std::uint8_t* bytes_of(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<std::uint8_t const*>(text.data()));
}

ssize_t read_stream(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t room, std::uint32_t* flags,
                    nghttp2_data_source* source, void*) {
  return static_cast<ServerStream*>(source->ptr)->read_body(into, room, flags);
}

// ---- the stream

void ServerStream::add_piece(Piece piece) {
  unsent_ += piece.bytes.size();
  connection_->count_unsent(piece.bytes.size());
  pieces_.push_back(std::move(piece));
}

void ServerStream::send(HttpResponse response) {
  if (connection_ == nullptr || std::exchange(is_answered, true)) return;
  is_body_complete_ = true;
  set_length(response);
  bool const has_body = !response.body.empty() && request.method != "HEAD";
  if (has_body) add_piece({std::move(response.body), {}});
  moved_ = Steady::now();
  connection_->respond(*this, response, has_body);
}

void ServerStream::refuse(int status) {
  if (connection_ != nullptr) send(refusal_of(connection_->settings(), status));
}

void ServerStream::begin(HttpResponse head) {
  if (connection_ == nullptr || std::exchange(is_answered, true)) return;
  if (!head.body.empty()) add_piece({std::move(head.body), {}});
  moved_ = Steady::now();
  connection_->respond(*this, head, true);
}

void ServerStream::write(std::string chunk, std::move_only_function<void()> drained) {
  if (connection_ == nullptr) return;
  if (pieces_.empty()) moved_ = Steady::now();
  add_piece({std::move(chunk), std::move(drained)});
  if (unsent_ > max_unsent_body) return reset(NGHTTP2_ENHANCE_YOUR_CALM);
  connection_->resume(id_);
}

void ServerStream::end() {
  is_body_complete_ = true;
  if (connection_ != nullptr) connection_->resume(id_);
}

void ServerStream::reset(std::uint32_t http2_error) {
  if (connection_ != nullptr) connection_->reset(id_, http2_error);
}

void ServerStream::on_gone(std::move_only_function<void()> handler) {
  if (connection_ != nullptr) gone_ = std::move(handler);
}

void ServerStream::let_go() {
  bool const was_complete = is_answered && is_body_complete_ && pieces_.empty();
  connection_->count_sent(unsent_);
  connection_ = nullptr;
  pieces_.clear();
  auto gone = std::exchange(gone_, nullptr);
  if (gone && !was_complete) gone();
}

ssize_t ServerStream::read_body(std::uint8_t* into, std::size_t room, std::uint32_t* flags) {
  std::size_t used = 0;
  moved_ = Steady::now();
  while (!pieces_.empty() && used < room) {
    auto& front = pieces_.front();
    std::size_t const size = std::min(room - used, front.bytes.size() - sent_of_front_);
    std::memcpy(into + used, front.bytes.data() + sent_of_front_, size);
    used += size;
    sent_of_front_ += size;
    unsent_ -= size;
    connection_->count_sent(size);
    if (sent_of_front_ < front.bytes.size()) break;
    // Not from inside the session: the handler will want to write.
    if (front.drained) boost::asio::post(connection_->executor(), std::move(front.drained));
    pieces_.pop_front();
    sent_of_front_ = 0;
  }
  if (pieces_.empty() && is_body_complete_) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  } else if (used == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(used);
}

// ---- the connection

void ServerConnection::respond(ServerStream& stream, HttpResponse const& response, bool has_body) {
  std::string const status = std::to_string(response.status);
  fields_.clear();
  auto const add = [this](std::string_view name, std::string_view value) {
    fields_.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  };
  add(":status", status);
  add("date", http_date());
  for (auto const& field : response.headers) add(field.name, field.value);
  nghttp2_data_provider body{.source = {.ptr = &stream}, .read_callback = read_stream};
  nghttp2_submit_response(session(), stream.id_, fields_.data(), fields_.size(), has_body ? &body : nullptr);
  wake();
}

void ServerConnection::set_max_streams(std::uint32_t streams) {
  if (has_ended()) return;
  nghttp2_settings_entry const setting{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
  nghttp2_submit_settings(session(), NGHTTP2_FLAG_NONE, &setting, 1);
  wake();
}

void ServerConnection::go_away(std::int64_t last_stream, std::string const& debug) {
  if (has_ended()) return;
  std::int32_t const newest = nghttp2_session_get_last_proc_stream_id(session());
  std::int32_t const last = last_stream < 0 ? newest : std::min(newest, static_cast<std::int32_t>(last_stream));
  nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, bytes_of(debug), debug.size());
  wake();
}

void ServerConnection::sweep(Steady::time_point now) {
  auto const& settings = *served_.settings;
  for (auto const& [id, stream] : streams_) {
    bool const is_late = !stream->is_request_complete && now - stream->began > settings.request_time;
    if (is_late || stream->is_stalled(now, settings.stalled_after)) reset(id, NGHTTP2_CANCEL);
  }
  if (auto const since = writing_since(); since && now - *since > settings.stalled_after) return close();
  auto const limit = has_heard_request_ ? settings.idle_time : settings.first_request_time;
  if (streams_.empty() && now - quiet_since_ > limit) leave();
  // Asked to leave, and it does not.
  if (streams_.empty() && now - quiet_since_ > limit + settings.request_time) close();
}

void ServerConnection::on_headers_begin(std::int32_t id) {
  if (streams_.contains(id)) return;  // trailers
  has_heard_request_ = true;
  auto stream = std::make_shared<ServerStream>(*this, id);
  nghttp2_session_set_stream_user_data(session(), id, stream.get());
  streams_.emplace(id, std::move(stream));
}

void ServerConnection::on_header(std::int32_t id, std::string_view name, std::string_view value) {
  auto* stream = stream_of(id);
  if (stream == nullptr || stream->is_answered) return;
  if (arriving_ > most_arriving) return reset(id, NGHTTP2_ENHANCE_YOUR_CALM);
  // RFC 9113 §6.5.2: the size of a header list counts 32 bytes for each field.
  stream->header_size += name.size() + value.size() + 32;
  count_arriving(*stream, name.size() + value.size());
  if (stream->header_size > served_.settings->max_header) return refuse(*stream, 431);
  auto& request = stream->request;
  if (!name.starts_with(':')) {
    request.headers.add(std::string{name}, std::string{value});
  } else if (name == ":method") {
    request.method = value;
  } else if (name == ":authority") {
    request.authority = value;
  } else if (name == ":path") {
    auto const mark = std::min(value.find('?'), value.size());
    request.path = value.substr(0, mark);
    request.query = mark < value.size() ? value.substr(mark + 1) : std::string_view{};
  }
}

void ServerConnection::on_data(std::int32_t id, std::string_view bytes) {
  auto* stream = stream_of(id);
  if (stream == nullptr || stream->is_answered) return;
  if (stream->request.body.size() + bytes.size() > served_.settings->max_body) return refuse(*stream, 413);
  if (arriving_ + bytes.size() > most_arriving + served_.settings->max_body)
    return reset(id, NGHTTP2_ENHANCE_YOUR_CALM);
  count_arriving(*stream, bytes.size());
  stream->request.body += bytes;
}

void ServerConnection::on_message_end(std::int32_t id) {
  auto const found = streams_.find(id);
  if (found == streams_.end() || std::exchange(found->second->is_request_complete, true)) return;
  if (unsent_ > most_unsent || !waiting_.empty()) return waiting_.push_back(id);
  hand_over(found->second);
}

void ServerConnection::hand_over(std::shared_ptr<ServerStream> const& stream) {
  settle(*stream);
  if (stream->is_answered) return;
  auto request = std::move(stream->request);
  stream->request.method = request.method;  // what a HEAD needs later
  request.stream = stream->id_;
  request.remote = link().remote();
  request.client_identity = link().peer_name();
  request.connection = std::static_pointer_cast<ServerConnection>(shared_from_this());
  (*served_.handler)(std::move(request), Responder{stream});
}

// Called from inside the session, where no handler may be.
void ServerConnection::count_sent(std::size_t bytes) {
  unsent_ -= bytes;
  if (waiting_.empty() || unsent_ > most_unsent || std::exchange(take_posted_, true)) return;
  boost::asio::post(executor(), [self = std::static_pointer_cast<ServerConnection>(shared_from_this())] {
    self->take_posted_ = false;
    self->take_waiting();
  });
}

void ServerConnection::take_waiting() {
  while (!waiting_.empty() && unsent_ <= most_unsent && !has_ended()) {
    auto const stream = streams_.at(waiting_.front());
    waiting_.pop_front();
    hand_over(stream);
  }
}

void ServerConnection::on_stream_closed(std::int32_t id, std::uint32_t) {
  auto const found = streams_.find(id);
  if (found == streams_.end()) return;
  auto const stream = std::move(found->second);
  streams_.erase(found);
  if (streams_.empty()) quiet_since_ = Steady::now();
  std::erase(waiting_, id);
  settle(*stream);
  stream->let_go();
}

void ServerConnection::on_ended(Error const&) {
  waiting_.clear();
  for (auto const& [id, stream] : std::exchange(streams_, {})) stream->let_go();
  if (served_.on_closed) std::exchange(served_.on_closed, nullptr)();
}

}  // namespace

std::shared_ptr<ServedConnection> serve_http2(Served served, std::span<std::uint8_t const> first_bytes) {
  auto connection = std::make_shared<ServerConnection>(std::move(served));
  connection->begin(first_bytes);
  return connection;
}

}  // namespace reveille::edge
