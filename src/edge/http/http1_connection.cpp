// HTTP/1.1 at the server (RFC 9112): one exchange after the other, over Beast's parser.
//
// While an exchange is under way one more read waits, so that we notice when the peer goes; what it brings (a pipelined
// request) is kept, up to one buffer, until its turn.
#include "edge/http/served_connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <optional>
#include <utility>

namespace reveille::edge {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;
using Parser = http::request_parser<http::string_body>;

class Http1Connection;

// The response of one exchange. Deaf once the connection has let go of it.
class Http1Exchange final : public ResponseSink {
 public:
  explicit Http1Exchange(Http1Connection& connection) : connection_(&connection) {}

  void send(HttpResponse response) override;
  void refuse(int status) override;
  void begin(HttpResponse head) override;
  void write(std::string chunk, std::move_only_function<void()> drained) override;
  void end() override;
  void reset(std::uint32_t http2_error) override;
  void on_gone(std::move_only_function<void()> handler) override {
    if (connection_ != nullptr) gone_ = std::move(handler);
  }
  bool is_gone() const override { return connection_ == nullptr; }

  void let_go(bool peer_is_gone) {
    connection_ = nullptr;
    auto gone = std::exchange(gone_, nullptr);
    if (gone && peer_is_gone) gone();
  }

  bool is_head = false;  // a HEAD request: no body is sent
  bool keeps_alive = true;
  bool may_chunk = true;  // HTTP/1.0 knows no chunks: the body ends with the connection
  bool has_begun = false;

 private:
  Http1Connection* connection_;
  std::move_only_function<void()> gone_;
};

class Http1Connection final : public ServedConnection, public std::enable_shared_from_this<Http1Connection> {
 public:
  explicit Http1Connection(Served served) : served_(std::move(served)), stall_timer_(served_.link->executor()) {}

  void begin(std::span<std::uint8_t const> first_bytes) {
    pending_.assign(first_bytes.begin(), first_bytes.end());
    next_request();
    parse();
    read();
  }

  std::uint64_t id() const override { return served_.id; }
  bool is_http2() const override { return false; }
  void set_max_streams(std::uint32_t) override {}
  void go_away(std::int64_t, std::string const&) override {
    if (exchange_) {
      exchange_->keeps_alive = false;
    } else {
      finish();
    }
  }
  void stall(std::chrono::milliseconds time) override;
  void drop() override {
    served_.link->reset();
    ended();
  }
  void close() override {
    served_.link->close();
    ended();
  }
  void sweep(Steady::time_point now) override;
  bool has_closed() const override { return ended_; }

  // Http1Exchange
  void queue(std::string bytes, std::move_only_function<void()> drained = {});
  void response_complete();
  [[nodiscard]] std::size_t unsent() const { return unsent_; }
  [[nodiscard]] HttpServerSettings const& settings() const { return *served_.settings; }

 private:
  struct Piece {
    std::string bytes = {};
    std::move_only_function<void()> drained = {};
  };

  void next_request();
  void read();
  void on_read(error_code error, std::size_t size);
  void parse();
  void expect_continue();
  void dispatch();
  HttpRequest take_request();
  void refuse(error_code error);
  void write_next();
  void on_written(error_code error);
  void finish();
  void ended();

  Served served_;
  boost::asio::steady_timer stall_timer_;
  std::optional<Parser> parser_;
  std::array<std::uint8_t, 8192> in_{};
  std::vector<std::uint8_t> pending_;  // arrived, not yet parsed
  std::shared_ptr<Http1Exchange> exchange_;
  std::deque<Piece> out_;
  std::size_t unsent_ = 0;
  Steady::time_point since_ = Steady::now();
  Steady::time_point writing_since_ = {};
  bool has_heard_request_ = false;
  bool has_said_continue_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool stalled_ = false;
  bool finishing_ = false;
  bool ended_ = false;
};

// A field's value may not break out of its line, whoever made it.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (char const c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  out.append("\r\n");
}

std::string head_of(HttpResponse const& response) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out.append(reason_phrase(response.status)).append("\r\n");
  append_field(out, "date", http_date());
  for (auto const& field : response.headers) append_field(out, field.name, field.value);
  return out;
}

std::string chunk_of(std::string const& bytes) {
  std::array<char, 20> size{};
  int const digits = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return std::string{size.data(), static_cast<std::size_t>(digits)} + bytes + "\r\n";
}

// RFC 9112 §6.1, §6.3: where another coding is the last one, or HTTP/1.0 has any, nobody knows where the request ends;
// and we know no coding but chunked. The parser lets them pass. Section 3.2: one Host field, no less and no more.
bool is_well_framed(Parser const& parser) {
  auto const& head = parser.get();
  bool const is_new = head.version() >= 11;
  if (is_new && head.count(http::field::host) != 1) return false;
  auto const codings = head.count(http::field::transfer_encoding);
  return codings == 0 ||
         (is_new && codings == 1 && boost::beast::iequals(head[http::field::transfer_encoding], "chunked"));
}

// ---- the exchange

void Http1Exchange::send(HttpResponse response) {
  if (connection_ == nullptr || std::exchange(has_begun, true)) return;
  set_length(response);
  if (!keeps_alive) response.headers.set("connection", "close");
  std::string out = head_of(response) + "\r\n";
  if (!is_head) out += response.body;
  connection_->queue(std::move(out));
  connection_->response_complete();
}

void Http1Exchange::refuse(int status) {
  if (connection_ != nullptr) send(refusal_of(connection_->settings(), status));
}

void Http1Exchange::begin(HttpResponse head) {
  if (connection_ == nullptr || std::exchange(has_begun, true)) return;
  keeps_alive = keeps_alive && may_chunk;
  if (may_chunk) head.headers.set("transfer-encoding", "chunked");
  if (!keeps_alive) head.headers.set("connection", "close");
  connection_->queue(head_of(head) + "\r\n");
  if (!head.body.empty()) write(std::move(head.body), {});
}

void Http1Exchange::write(std::string chunk, std::move_only_function<void()> drained) {
  if (connection_ == nullptr || is_head || chunk.empty()) return;
  if (connection_->unsent() + chunk.size() > max_unsent_body) return connection_->drop();
  connection_->queue(may_chunk ? chunk_of(chunk) : std::move(chunk), std::move(drained));
}

void Http1Exchange::end() {
  if (connection_ == nullptr) return;
  if (may_chunk && !is_head) connection_->queue("0\r\n\r\n");
  connection_->response_complete();
}

void Http1Exchange::reset(std::uint32_t) {
  if (connection_ != nullptr) connection_->drop();
}

// ---- the connection

void Http1Connection::next_request() {
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(static_cast<std::uint32_t>(served_.settings->max_header));
  parser_->body_limit(served_.settings->max_body);
  has_said_continue_ = false;
  since_ = Steady::now();
}

// Reads on, also while an exchange is under way, but then not further than one buffer ahead.
void Http1Connection::read() {
  bool const is_waiting = exchange_ || unsent_ > max_unsent_answers;
  if (reading_ || ended_ || stalled_ || finishing_ || (is_waiting && pending_.size() >= in_.size())) return;
  reading_ = true;
  served_.link->read_some(
      in_, [self = shared_from_this()](error_code error, std::size_t size) { self->on_read(error, size); });
}

void Http1Connection::on_read(error_code error, std::size_t size) {
  reading_ = false;
  if (ended_ || finishing_) return;
  if (error) return close();
  pending_.insert(pending_.end(), in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(size));
  parse();
  read();
}

// A peer that does not read its answers gets no more of them.
void Http1Connection::parse() {
  while (unsent_ <= max_unsent_answers && !exchange_ && !pending_.empty() && !ended_ && !finishing_) {
    if (!parser_->got_some()) since_ = Steady::now();
    error_code error;
    std::size_t const used = parser_->put(boost::asio::buffer(pending_), error);
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(used));
    if (error == http::error::need_more) {
      if (pending_.size() > served_.settings->max_header) return refuse(http::error::header_limit);
      return expect_continue();
    }
    if (error) return refuse(error);
    if (parser_->is_header_done() && !is_well_framed(*parser_)) return refuse(http::error::bad_transfer_encoding);
    if (parser_->is_done()) return dispatch();
    if (used == 0 || pending_.empty()) return expect_continue();
  }
}

// RFC 9110 §10.1.1: the client waits for a word before it sends its body.
void Http1Connection::expect_continue() {
  if (!parser_->is_header_done() || std::exchange(has_said_continue_, true)) return;
  auto const expect = parser_->get()[http::field::expect];
  if (boost::beast::iequals(expect, "100-continue")) queue("HTTP/1.1 100 Continue\r\n\r\n");
}

HttpRequest Http1Connection::take_request() {
  auto message = parser_->release();
  HttpRequest request;
  request.method = std::string{message.method_string()};
  std::string const target{message.target()};
  auto const mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = mark < target.size() ? target.substr(mark + 1) : std::string{};
  for (auto const& field : message) {
    std::string name{field.name_string()};
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers.add(std::move(name), std::string{field.value()});
  }
  request.body = std::move(message.body());
  request.remote = served_.link->remote();
  request.client_identity = served_.link->peer_name();
  request.connection = shared_from_this();
  return request;
}

void Http1Connection::dispatch() {
  has_heard_request_ = true;
  exchange_ = std::make_shared<Http1Exchange>(*this);
  exchange_->keeps_alive = parser_->keep_alive();
  exchange_->may_chunk = parser_->get().version() >= 11;
  exchange_->is_head = parser_->get().method() == http::verb::head;
  (*served_.handler)(take_request(), Responder{exchange_});
}

void Http1Connection::refuse(error_code error) {
  int const status = error == http::error::header_limit ? 431 : error == http::error::body_limit ? 413 : 400;
  exchange_ = std::make_shared<Http1Exchange>(*this);
  exchange_->keeps_alive = false;
  exchange_->refuse(status);
}

void Http1Connection::queue(std::string bytes, std::move_only_function<void()> drained) {
  if (ended_) return;
  unsent_ += bytes.size();
  out_.push_back({std::move(bytes), std::move(drained)});
  write_next();
}

void Http1Connection::write_next() {
  if (writing_ || stalled_ || ended_ || out_.empty()) return;
  writing_ = true;
  writing_since_ = Steady::now();
  auto const& bytes = out_.front().bytes;
  std::span const view{reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size()};
  served_.link->write(view, [self = shared_from_this()](error_code error, std::size_t) { self->on_written(error); });
}

void Http1Connection::on_written(error_code error) {
  writing_ = false;
  if (ended_) return;
  if (error) return close();
  auto done = std::move(out_.front());
  out_.pop_front();
  unsent_ -= done.bytes.size();
  if (done.drained) done.drained();
  if (ended_) return;
  if (out_.empty() && finishing_) return finish();
  write_next();
  parse();
  read();
}

// The next request may come; or this was the last.
void Http1Connection::response_complete() {
  auto const done = std::exchange(exchange_, nullptr);
  if (!done) return;
  done->let_go(false);
  if (!done->keeps_alive) return finish();
  next_request();
  boost::asio::post(served_.link->executor(), [self = shared_from_this()] {
    if (self->ended_) return;
    self->parse();
    self->read();
  });
}

void Http1Connection::sweep(Steady::time_point now) {
  auto const& settings = *served_.settings;
  if (writing_ && now - writing_since_ > settings.stalled_after) return close();
  if (exchange_ || !parser_) return;
  auto const limit = parser_->got_some()  ? settings.request_time
                     : has_heard_request_ ? settings.idle_time
                                          : settings.first_request_time;
  if (now - since_ > limit + (finishing_ ? settings.request_time : Duration::zero())) close();
}

void Http1Connection::stall(std::chrono::milliseconds time) {
  stalled_ = true;
  stall_timer_.expires_after(time);
  stall_timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->ended_) return;
    self->stalled_ = false;
    self->write_next();
    self->read();
  });
}

// Ends in order once everything is written.
void Http1Connection::finish() {
  finishing_ = true;
  if (!out_.empty() || ended_) return;
  served_.link->close_gently();
  ended();
}

void Http1Connection::ended() {
  if (std::exchange(ended_, true)) return;
  auto const keep = shared_from_this();
  stall_timer_.cancel();
  if (auto const exchange = std::exchange(exchange_, nullptr)) exchange->let_go(true);
  if (served_.on_closed) std::exchange(served_.on_closed, nullptr)();
}

}  // namespace

std::shared_ptr<ServedConnection> serve_http1(Served served, std::span<std::uint8_t const> first_bytes) {
  auto connection = std::make_shared<Http1Connection>(std::move(served));
  connection->begin(first_bytes);
  return connection;
}

}  // namespace reveille::edge
