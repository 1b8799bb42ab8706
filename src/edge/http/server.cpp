#include "edge/http/server.hpp"

#include "edge/http/served_connection.hpp"
#include "edge/listening.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <unordered_map>
#include <utility>

namespace reveille::edge {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

// RFC 9113 §3.4.
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Between a TCP connection's arrival and the moment that its protocol is known.
struct Greeting {
  std::shared_ptr<Link> link = {};
  std::array<std::uint8_t, 1024> bytes{};
  std::size_t size = 0;
  Places::Place place;
  Steady::time_point began = Steady::now();
};

class Server final : public HttpServer {
 public:
  Server(asio::io_context& io, HttpServerSettings settings, Handler handler)
      : shared_(std::make_shared<Shared>(io, settings)) {
    shared_->settings = std::make_shared<HttpServerSettings const>(std::move(settings));
    shared_->handler = std::make_shared<Handler const>(std::move(handler));
  }
  ~Server() override { stop(); }

  Result<void> listen() {
    error_code error;
    auto const& settings = *shared_->settings;
    auto const address = asio::ip::make_address(settings.address, error);
    if (error) return failure(ErrorCode::configuration, "'" + settings.address + "' is not an IP address");
    tcp::endpoint const endpoint{address, settings.port};
    auto& acceptor = shared_->acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) shared_->local = acceptor.local_endpoint(error);
    if (error) return cannot_listen(settings.address + ":" + std::to_string(settings.port), error);
    Shared::accept(shared_);
    return {};
  }

  std::string address() const override {
    auto const host = shared_->local.address();
    auto const text = host.is_v6() ? "[" + host.to_string() + "]" : host.to_string();
    return text + ":" + std::to_string(port());
  }
  std::uint16_t port() const override { return shared_->local.port(); }
  std::size_t connections() const override { return shared_->connections.size() + shared_->greetings.size(); }

  void drain() override {
    error_code ignored;
    shared_->acceptor.close(ignored);
    auto const connections = shared_->connections;
    for (auto const& [id, connection] : connections) connection->go_away(-1, "");
  }

  void stop() override {
    shared_->stopped = true;
    error_code ignored;
    shared_->acceptor.close(ignored);
    shared_->timer.cancel();
    for (auto const& [id, greeting] : std::exchange(shared_->greetings, {})) greeting->link->close();
    for (auto const& [id, connection] : std::exchange(shared_->connections, {})) connection->close();
  }

 private:
  // Outlives the server while operations are under way.
  struct Shared {
    Shared(asio::io_context& io, HttpServerSettings const& limits)
        : acceptor(io), timer(io), places(limits.connections) {}

    static void accept(std::shared_ptr<Shared> const& self);
    // As long as there is a connection whose time can pass.
    static void keep_time(std::shared_ptr<Shared> const& self);
    static void greet(std::shared_ptr<Shared> const& self, tcp::socket socket);
    static void recognise(std::shared_ptr<Shared> const& self, std::uint64_t id);
    static void serve(std::shared_ptr<Shared> const& self, std::uint64_t id, bool is_http2);
    void sweep(Steady::time_point now);
    void forget_greeting(std::uint64_t id) {
      auto const found = greetings.find(id);
      if (found == greetings.end()) return;
      found->second->link->close();
      greetings.erase(found);
    }

    std::shared_ptr<HttpServerSettings const> settings;
    std::shared_ptr<Handler const> handler;
    tcp::acceptor acceptor;
    asio::steady_timer timer;
    tcp::endpoint local;
    Places places;
    std::uint64_t next_id = 1;
    std::unordered_map<std::uint64_t, std::shared_ptr<Greeting>> greetings;
    std::unordered_map<std::uint64_t, std::shared_ptr<ServedConnection>> connections;
    bool keeps_time = false;
    bool stopped = false;
  };

  std::shared_ptr<Shared> shared_;
};

void Server::Shared::accept(std::shared_ptr<Shared> const& self) {
  self->acceptor.async_accept([self](error_code error, tcp::socket socket) {
    if (self->stopped || error == asio::error::operation_aborted || error == asio::error::bad_descriptor) return;
    if (!error) {
      greet(self, std::move(socket));
      return accept(self);
    }
    // Out of file descriptors, most likely: trying again at once would only burn the processor.
    auto pause = std::make_shared<asio::steady_timer>(self->acceptor.get_executor(), std::chrono::milliseconds{100});
    pause->async_wait([self, pause](error_code) {
      if (!self->stopped) accept(self);
    });
  });
}

void Server::Shared::keep_time(std::shared_ptr<Shared> const& self) {
  if (self->keeps_time || self->greetings.size() + self->connections.size() == 0) return;
  self->keeps_time = true;
  self->timer.expires_after(std::chrono::seconds{1});
  self->timer.async_wait([self](error_code error) {
    self->keeps_time = false;
    if (error || self->stopped) return;
    self->sweep(Steady::now());
    keep_time(self);
  });
}

void Server::Shared::sweep(Steady::time_point now) {
  std::vector<std::uint64_t> late;
  for (auto const& [id, greeting] : greetings) {
    if (now - greeting->began > settings->handshake_time) late.push_back(id);
  }
  for (auto const id : late) forget_greeting(id);
  // Over a copy: a connection that ends takes itself out.
  auto const open = connections;
  for (auto const& [id, connection] : open) connection->sweep(now);
}

void Server::Shared::greet(std::shared_ptr<Shared> const& self, tcp::socket socket) {
  error_code gone;
  auto const remote = socket.remote_endpoint(gone).address();
  if (gone) return;
  auto place = self->places.take(remote);
  if (!place) return;
  auto const id = self->next_id++;
  auto greeting = std::make_shared<Greeting>(
      Greeting{.link = make_link(std::move(socket), self->settings->tls), .place = std::move(*place)});
  self->greetings.emplace(id, greeting);
  keep_time(self);
  greeting->link->accept([self, id](error_code error) {
    auto const found = self->greetings.find(id);
    if (found == self->greetings.end()) return;
    if (error) return self->forget_greeting(id);
    auto const alpn = found->second->link->alpn();
    if (alpn == "h2" || self->settings->versions == HttpVersions::http2_only) return serve(self, id, true);
    if (alpn == "http/1.1") return serve(self, id, false);
    recognise(self, id);
  });
}

// No ALPN: the first bytes tell.
void Server::Shared::recognise(std::shared_ptr<Shared> const& self, std::uint64_t id) {
  auto const greeting = self->greetings.at(id);
  std::span const room = std::span{greeting->bytes}.subspan(greeting->size);
  greeting->link->read_some(room, [self, id, greeting](error_code error, std::size_t size) {
    if (!self->greetings.contains(id)) return;
    if (error) return self->forget_greeting(id);
    greeting->size += size;
    std::string_view const seen{reinterpret_cast<char const*>(greeting->bytes.data()), greeting->size};
    auto const common = std::min(seen.size(), preface.size());
    if (seen.substr(0, common) != preface.substr(0, common)) return serve(self, id, false);
    if (common == preface.size()) return serve(self, id, true);
    recognise(self, id);
  });
}

void Server::Shared::serve(std::shared_ptr<Shared> const& self, std::uint64_t id, bool is_http2) {
  auto const greeting = self->greetings.extract(id).mapped();
  Served served{.link = greeting->link,
                .place = std::move(greeting->place),
                .settings = self->settings,
                .handler = self->handler,
                .id = id,
                .on_closed = [weak = std::weak_ptr{self}, id] {
                  if (auto const alive = weak.lock()) alive->connections.erase(id);
                }};
  std::span<std::uint8_t const> const first = std::span{greeting->bytes}.first(greeting->size);
  auto connection = is_http2 ? serve_http2(std::move(served), first) : serve_http1(std::move(served), first);
  if (!connection->has_closed()) self->connections.emplace(id, std::move(connection));
}

}  // namespace

std::string const& http_date() {
  static thread_local std::time_t written_for = 0;
  static thread_local std::string text;
  std::time_t const now = std::time(nullptr);
  if (now != written_for) {
    written_for = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> buffer{};
    text.assign(buffer.data(), std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return text;
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(asio::io_context& io, HttpServerSettings settings,
                                                     Handler handler) {
  auto server = std::make_unique<Server>(io, std::move(settings), std::move(handler));
  if (auto listening = server->listen(); !listening) return std::unexpected(listening.error());
  return server;
}

}  // namespace reveille::edge
