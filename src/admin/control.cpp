#include "admin/control.hpp"

#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace reveille::admin {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t most_bytes = 64UL * 1024;
constexpr auto patience = std::chrono::seconds(5);
constexpr auto accept_pause = std::chrono::milliseconds(100);
constexpr char const* socket_name = "control";

// A socket's address holds 107 bytes, and a folder's path may be longer: the folder is named by its descriptor.
class Folder {
 public:
  explicit Folder(std::filesystem::path const& path)
      : descriptor_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
  Folder(Folder const&) = delete;
  Folder& operator=(Folder const&) = delete;
  ~Folder() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] Local::endpoint endpoint() const {
    return {fmt::format("/proc/self/fd/{}/{}", descriptor_, socket_name)};
  }

 private:
  int descriptor_;
};

std::string sentence_of(error_code const& error, std::filesystem::path const& folder) {
  return fmt::format("The control socket {} cannot be opened: {}.", (folder / socket_name).string(), error.message());
}

// One connection: reads a line, has it answered, writes a line, ends.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(Local::socket socket, ControlHandler const& handler)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), handler_(handler) {}

  void start() {
    timer_.expires_after(patience);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      error_code ignored;
      if (!error) self->socket_.close(ignored);
    });
    asio::async_read_until(socket_, asio::dynamic_buffer(text_, most_bytes), '\n',
                           [self = shared_from_this()](error_code error, std::size_t length) {
                             self->timer_.cancel();
                             if (!error) self->on_line(self->text_.substr(0, length));
                           });
  }

 private:
  void on_line(std::string const& line) {
    error_code error;
    auto request = json::parse(line, error);
    if (error || !request.is_object()) {
      say(json::object{{"ok", false}, {"error", "The request is no JSON object."}});
      return;
    }
    handler_(std::move(request.as_object()), [self = shared_from_this()](json::value answer) { self->say(answer); });
  }

  void say(json::value const& answer) {
    text_ = json::serialize(answer) + "\n";
    asio::async_write(socket_, asio::buffer(text_), [self = shared_from_this()](error_code, std::size_t) {});
  }

  Local::socket socket_;
  asio::steady_timer timer_;
  ControlHandler const& handler_;  // the socket's, which outlives the io_context's work
  std::string text_{};
};

class OpenSocket final : public ControlSocket {
 public:
  OpenSocket(asio::io_context& context, std::filesystem::path folder, ControlHandler handler)
      : acceptor_(context), pause_(context), folder_(std::move(folder)), handler_(std::move(handler)) {}
  ~OpenSocket() override { OpenSocket::close(); }

  Result<void> listen() {
    Folder const folder(folder_);
    std::error_code ignored;
    std::filesystem::remove(folder_ / socket_name, ignored);
    error_code error;
    acceptor_.open(Local(), error);
    auto const mask = ::umask(0177);
    if (!error) acceptor_.bind(folder.endpoint(), error);
    ::umask(mask);
    if (!error) acceptor_.listen(16, error);
    if (error) return failure(ErrorCode::storage, sentence_of(error, folder_));
    accept();
    return {};
  }

  void close() override {
    if (!acceptor_.is_open()) return;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    std::error_code also_ignored;
    std::filesystem::remove(folder_ / socket_name, also_ignored);
  }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, Local::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return pause();
      std::make_shared<Conversation>(std::move(socket), handler_)->start();
      accept();
    });
  }

  // Out of file descriptors, most likely: trying again at once would only burn the processor.
  void pause() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([this](error_code error) {
      if (!error && acceptor_.is_open()) accept();
    });
  }

  Local::acceptor acceptor_;
  asio::steady_timer pause_;
  std::filesystem::path folder_;
  ControlHandler handler_;
};

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(asio::io_context& context,
                                                           std::filesystem::path const& folder,
                                                           ControlHandler handler) {
  auto socket = std::make_unique<OpenSocket>(context, folder, std::move(handler));
  if (auto const listening = socket->listen(); !listening) return std::unexpected(listening.error());
  return socket;
}

Result<json::value> ask(std::filesystem::path const& path, json::object const& request) {
  Folder const folder(path);
  asio::io_context context;
  Local::socket socket(context);
  error_code error;
  socket.connect(folder.endpoint(), error);
  if (error) return failure(ErrorCode::unreachable, sentence_of(error, path));
  asio::write(socket, asio::buffer(json::serialize(request) + "\n"), error);
  std::string answer;
  if (!error) asio::read(socket, asio::dynamic_buffer(answer), error);
  if (error != asio::error::eof || answer.empty())
    return failure(ErrorCode::closed, "The server closed the control socket without an answer; see its log.");
  auto parsed = json::parse(answer, error);
  if (error) return failure(ErrorCode::malformed, "The server's answer is no JSON; is it of the same version?");
  return parsed;
}

}  // namespace reveille::admin
