#include "sim/apple/cloud.hpp"

#include "edge/development_ca.hpp"
#include "edge/http/server.hpp"
#include "sim/apple/device_endpoint.hpp"
#include "sim/apple/push_endpoint.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

namespace reveille::sim::apple {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::size_t most_connections = 10'000;
constexpr std::size_t most_payload = 1 << 20;  // far above what APNs takes: the endpoint says so, and logs it
constexpr std::size_t most_command = 1 << 20;

std::string text_in(fs::path const& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool write_private(fs::path const& file, std::string const& text) {
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  bool const written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(descriptor);
  return written;
}

// The key of an earlier start, if it can be used.
bool load_key(fs::path const& data, CloudState& state, MadeKey& out) {
  boost::system::error_code error;
  auto const names = json::parse(text_in(data / "provider.json"), error);
  if (error || !names.is_object()) return false;
  auto const* key_id = names.get_object().if_contains("key_id");
  auto const* team = names.get_object().if_contains("team");
  auto const key = crypto::Es256Key::from_pem(text_in(data / "provider-key.p8"));
  if (key_id == nullptr || team == nullptr || !key_id->is_string() || !team->is_string() || !key) return false;
  out = {.key_id = std::string{key_id->get_string()}, .team = std::string{team->get_string()}};
  state.keys.emplace(out.key_id, ProviderKey{.team = out.team, .key_id = out.key_id, .key = key->public_half()});
  return true;
}

Result<MadeKey> ensure_key(fs::path const& data, CloudState& state) {
  MadeKey key;
  if (load_key(data, state, key)) return key;
  key = make_key(state, make_portal_id(state.random));
  auto const names = json::serialize(json::object{{"key_id", key.key_id}, {"team", key.team}});
  if (write_private(data / "provider-key.p8", key.pem) && write_private(data / "provider.json", names)) return key;
  return failure(ErrorCode::storage, "cannot write the provider key into '" + data.string() + "'");
}

// What never reaches the endpoint, and so has no apns-id.
edge::HttpResponse refusal(int status) {
  auto const reason = status == 413 ? Reason::payload_too_large : Reason::internal_server_error;
  return {.status = status, .body = json::serialize(json::object{{"reason", name_of(reason)}})};
}

// What providers speak to.
struct Listener {
  Listener(boost::asio::io_context& io, CloudState& state, std::optional<Environment> served)
      : endpoint(io.get_executor(), state, served) {}

  Result<void> open(boost::asio::io_context& io, std::string const& address, std::uint16_t port, edge::TlsContext tls) {
    auto opened = edge::HttpServer::open(io,
                                         {.address = address,
                                          .port = port,
                                          .tls = std::move(tls),
                                          .versions = edge::HttpVersions::http2_only,
                                          .connections = {.in_all = most_connections, .of_address = most_connections},
                                          .max_body = most_payload,
                                          .max_streams = PushEndpoint::first_streams,
                                          .first_request_time = std::chrono::hours{24},
                                          .idle_time = std::chrono::hours{24},
                                          .refusal = refusal},
                                         [this](edge::HttpRequest request, edge::Responder responder) {
                                           endpoint.on_request(std::move(request), std::move(responder));
                                         });
    if (!opened) return std::unexpected(opened.error());
    server = std::move(*opened);
    return {};
  }

  PushEndpoint endpoint;
  std::unique_ptr<edge::HttpServer> server = {};
};

class RunningCloud final : public Cloud {
 public:
  RunningCloud(boost::asio::io_context& io, Clock const& clock, Random& random)
      : state_(clock, random),
        both_{io, state_, std::nullopt},
        production_{io, state_, Environment::production},
        sandbox_{io, state_, Environment::sandbox},
        phones_(state_) {}

  Result<void> start(boost::asio::io_context& io, CloudSettings const& settings) {
    data_ = fs::absolute(settings.data);
    auto const files = edge::ensure_development_certificate(data_, {settings.address}, state_.clock.now());
    if (!files) return std::unexpected(files.error());
    ca_ = files->ca;
    auto key = ensure_key(data_, state_);
    if (!key) return std::unexpected(key.error());
    key_ = std::move(*key);
    state_.team = key_.team;
    auto push_tls = edge::make_server_tls({.certificate = files->certificate, .key = files->key, .alpn = {"h2"}});
    if (!push_tls) return std::unexpected(push_tls.error());
    auto phone_tls =
        edge::make_server_tls({.certificate = files->certificate, .key = files->key, .alpn = {"http/1.1"}});
    if (!phone_tls) return std::unexpected(phone_tls.error());
    for (auto const& [listener, port] : {std::pair{&both_, settings.port},
                                         {&production_, settings.production_port},
                                         {&sandbox_, settings.sandbox_port}}) {
      if (auto opened = listener->open(io, settings.address, port, *push_tls); !opened) return opened;
    }
    auto opened = edge::HttpServer::open(io,
                                         {.address = settings.address,
                                          .port = settings.device_port,
                                          .tls = std::move(*phone_tls),
                                          .connections = {.in_all = most_connections, .of_address = most_connections},
                                          .max_body = most_command},
                                         [this](edge::HttpRequest request, edge::Responder responder) {
                                           phones_.on_request(std::move(request), std::move(responder));
                                         });
    if (!opened) return std::unexpected(opened.error());
    phone_server_ = std::move(*opened);
    return {};
  }

  std::string ready_line() const override {
    return json::serialize(json::object{{"ready", true},
                                        {"ca", ca_.string()},
                                        {"listeners", json::object{{"apns", both_.server->address()},
                                                                   {"apns_production", production_.server->address()},
                                                                   {"apns_sandbox", sandbox_.server->address()},
                                                                   {"device", phone_server_->address()}}},
                                        {"key_file", (data_ / "provider-key.p8").string()},
                                        {"key_id", key_.key_id},
                                        {"team", key_.team}});
  }

 private:
  CloudState state_;
  Listener both_;
  Listener production_;
  Listener sandbox_;
  DeviceEndpoint phones_;
  fs::path data_;
  fs::path ca_;
  MadeKey key_;
  std::unique_ptr<edge::HttpServer> phone_server_;
};

}  // namespace

Result<std::unique_ptr<Cloud>> Cloud::open(boost::asio::io_context& io, Clock const& clock, Random& random,
                                           CloudSettings const& settings) {
  auto cloud = std::make_unique<RunningCloud>(io, clock, random);
  if (auto started = cloud->start(io, settings); !started) return std::unexpected(started.error());
  return cloud;
}

int run_cloud(CloudSettings const& settings) {
  boost::asio::io_context io{1};
  SystemClock const clock;
  SystemRandom random;
  auto const cloud = Cloud::open(io, clock, random, settings);
  if (!cloud) {
    std::fprintf(stderr, "reveille-sim apple: %s\n", cloud.error().ours.c_str());
    return 1;
  }
  boost::asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&io](boost::system::error_code, int) { io.stop(); });
  std::printf("%s\n", (*cloud)->ready_line().c_str());
  std::fflush(stdout);
  io.run();
  return 0;
}

}  // namespace reveille::sim::apple
