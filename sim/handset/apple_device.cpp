// HTTP/1.1 to Apple's simulator: one POST, and one response that never ends.
#include "sim/handset/apple_device.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json.hpp>

#include <array>

namespace reveille::sim::handset {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using boost::system::error_code;

namespace {

constexpr std::size_t longest_line = 65536;
constexpr std::chrono::seconds answer_time{10};
constexpr std::chrono::seconds reconnect_after{1};

std::string request_text(std::string_view method, std::string const& path, std::string const& host,
                         std::string const& body) {
  std::string out = std::string(method) + ' ' + path + " HTTP/1.1\r\nHost: " + host + "\r\n";
  if (!body.empty()) out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return out + "\r\n" + body;
}

// One request on a connection of its own. The body is handed over as it comes; `ended` is called once, with the status
// (0: none came) and the reason.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  std::function<void()> on_begin = [] {};
  std::function<void(std::string_view)> on_body = [](std::string_view) {};
  std::function<void(int status, std::string const& why)> on_end = [](int, std::string const&) {};

  explicit Exchange(asio::any_io_executor const& executor) : executor_(executor), timer_(executor) {
    parser_.body_limit(boost::none);
    parser_.eager(true);
  }

  void start(edge::Destination const& destination, std::string request) {
    request_ = std::move(request);
    timer_.expires_after(answer_time);
    timer_.async_wait([this, self = shared_from_this()](error_code error) {
      if (!error) finish("no answer in time");
    });
    edge::dial(executor_, destination, [this, self = shared_from_this()](Result<std::shared_ptr<edge::Link>> link) {
      if (!link) return finish(link.error().ours);
      link_ = std::move(*link);
      if (ended_) return link_->close();
      link_->write({reinterpret_cast<std::uint8_t const*>(request_.data()), request_.size()},
                   [this, again = shared_from_this()](error_code error, std::size_t) {
                     if (error) return finish(error.message());
                     read();
                   });
    });
  }

  void cancel() {
    ended_ = true;
    timer_.cancel();
    if (link_) link_->close();
  }

 private:
  void read() {
    if (ended_) return;
    link_->read_some(bytes_, [this, self = shared_from_this()](error_code error, std::size_t size) {
      if (ended_) return;
      if (error) return finish("the connection ended: " + error.message());
      take({reinterpret_cast<char const*>(bytes_.data()), size});
    });
  }

  void take(std::string_view bytes) {
    auto const room = buffer_.prepare(bytes.size());
    bytes.copy(static_cast<char*>(room.data()), bytes.size());
    buffer_.commit(bytes.size());
    error_code error;
    while (buffer_.size() > 0 && !parser_.is_done()) {
      auto const used = parser_.put(buffer_.data(), error);
      buffer_.consume(used);
      if (error == http::error::need_more)
        error = {};
      else if (error)
        return finish("not HTTP: " + error.message());
      if (used == 0) break;
    }
    if (parser_.is_header_done() && !std::exchange(begun_, true)) {
      if (parser_.get().result_int() == 200) timer_.cancel();  // from here on, silence is no fault
      on_begin();
    }
    auto body = std::exchange(parser_.get().body(), {});
    if (!body.empty()) on_body(body);
    if (parser_.is_done()) return finish("done");
    read();
  }

  void finish(std::string const& why) {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    if (link_) link_->close();
    on_end(begun_ ? static_cast<int>(parser_.get().result_int()) : 0, why);
  }

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  std::shared_ptr<edge::Link> link_ = {};
  std::string request_ = {};
  std::array<std::uint8_t, 8192> bytes_ = {};
  boost::beast::flat_buffer buffer_{longest_line};
  http::response_parser<http::string_body> parser_ = {};
  bool begun_ = false;
  bool ended_ = false;
};

Result<AppleTokens> read_tokens(std::string const& body) {
  error_code error;
  auto const value = json::parse(body, error);
  auto const* object = error ? nullptr : value.if_object();
  auto const text = [](json::object const* from, std::string_view key) {
    auto const* found = from == nullptr ? nullptr : from->if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  auto const* tokens = object == nullptr || !object->contains("tokens") ? nullptr : object->at("tokens").if_object();
  AppleTokens read{.device = text(object, "device"), .voip = text(tokens, "voip"), .message = text(tokens, "message")};
  if (read.device.empty() || read.voip.empty() || read.message.empty())
    return failure(ErrorCode::malformed, "Apple's answer has no device and tokens");
  return read;
}

}  // namespace

struct AppleDevice::Stream : std::enable_shared_from_this<AppleDevice::Stream> {
  Stream(asio::any_io_executor const& its_executor, edge::Destination its_destination)
      : executor(its_executor), destination(std::move(its_destination)), timer(its_executor) {}

  void open() {
    line.clear();
    exchange = std::make_shared<Exchange>(executor);
    exchange->on_begin = [this] { on_online(); };
    exchange->on_body = [this](std::string_view bytes) { take(bytes); };
    exchange->on_end = [self = shared_from_this()](int, std::string const&) { self->open_later(); };
    exchange->start(destination, request_text("GET", "/sim/devices/" + device + "/pushes", destination.host, {}));
  }

  void open_later() {
    if (ended) return;
    timer.expires_after(reconnect_after);
    timer.async_wait([self = shared_from_this()](error_code error) {
      if (!error && !self->ended) self->open();
    });
  }

  void take(std::string_view bytes) {
    for (char c : bytes) {
      if (c != '\n') {
        if (line.size() < longest_line) line += c;
        continue;
      }
      auto const whole = std::exchange(line, {});
      if (!whole.empty() && !ended) on_push(whole);
    }
  }

  void end() {
    ended = true;
    timer.cancel();
    if (!exchange) return;
    exchange->cancel();
    exchange->on_end = [](int, std::string const&) {};
  }

  asio::any_io_executor executor;
  edge::Destination destination;
  asio::steady_timer timer;
  std::string device = {};
  OnPush on_push = {};
  std::function<void()> on_online = {};
  std::shared_ptr<Exchange> exchange = {};
  std::string line = {};
  bool ended = false;
};

AppleDevice::AppleDevice(asio::any_io_executor executor, edge::Destination destination)
    : executor_(std::move(executor)), destination_(std::move(destination)) {}

AppleDevice::~AppleDevice() {
  if (stream_) stream_->end();
}

void AppleDevice::register_device(AppleApp const& app, std::move_only_function<void(Result<AppleTokens>)> done) {
  json::object const body{
      {"app", app.app}, {"platform", app.platform}, {"os_version", app.os_version}, {"environment", app.environment}};
  auto exchange = std::make_shared<Exchange>(executor_);
  auto const answer = std::make_shared<std::string>();
  exchange->on_body = [answer](std::string_view bytes) {
    if (answer->size() + bytes.size() <= longest_line) *answer += bytes;
  };
  auto const shared_done = std::make_shared<decltype(done)>(std::move(done));
  exchange->on_end = [answer, shared_done](int status, std::string const& why) {
    if (status == 0) return (*shared_done)(failure(ErrorCode::unreachable, "Apple cannot be reached: " + why));
    if (status < 200 || status > 299)
      return (*shared_done)(failure(ErrorCode::refused, "Apple answered " + std::to_string(status), *answer));
    (*shared_done)(read_tokens(*answer));
  };
  exchange->start(destination_, request_text("POST", "/sim/devices", destination_.host, json::serialize(body)));
}

void AppleDevice::go_online(std::string const& device, OnPush on_push, std::function<void()> on_online) {
  if (stream_) stream_->end();
  stream_ = std::make_shared<Stream>(executor_, destination_);
  stream_->device = device;
  stream_->on_push = std::move(on_push);
  stream_->on_online = std::move(on_online);
  stream_->open();
}

}  // namespace reveille::sim::handset
