// The push service for the role push, and the port through which this process asks for pushes.
#include "arrive/rest/push_door.hpp"
#include "deliver/apns/sender.hpp"
#include "deliver/push/local_push.hpp"
#include "deliver/push/rest_push.hpp"
#include "dispatch/push/clients.hpp"
#include "dispatch/push/queue.hpp"
#include "node/parts.hpp"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iterator>

namespace reveille::node {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace model;

constexpr auto push_database = "push.db";

// Where there is no push service: nothing is offered, and what is asked for all the same is refused.
class NoPush final : public PushPort {
 public:
  NoPush(asio::io_context& io, Clock const& clock) : io_(io), clock_(clock) {}
  void request(PushRequest request, Answer answer) override {
    asio::post(io_, [id = request.id, at = clock_.now(), answer = std::move(answer)]() mutable {
      answer({.id = id, .state = PushState::refused, .reason = "no push service is configured", .at = at});
    });
  }
  void take_back(PushId const&) override {}
  void acknowledge(PushId const&) override {}
  [[nodiscard]] bool has_credential(Provider, Environment) const override { return false; }
  [[nodiscard]] bool serves(Provider, Environment) const override { return false; }

 private:
  asio::io_context& io_;
  Clock const& clock_;
};

// Joins deliver/apns to the queue.
class ApnsProvider final : public dispatch::PushProvider {
 public:
  ApnsProvider(asio::io_context& io, std::unique_ptr<deliver::apns::Sender> sender)
      : io_(io), sender_(std::move(sender)) {}
  void send(PushRequest const& request, Instant give_up_at, Done done) override {
    auto made = deliver::apns::make_request(request);
    if (!made) {
      auto const verdict = made.error().code == ErrorCode::too_large ? ProviderVerdict::payload_too_large
                                                                     : ProviderVerdict::request_refused;
      return asio::post(io_, [verdict, reason = made.error().ours, done = std::move(done)]() mutable {
        done({.verdict = verdict, .reason = std::move(reason)});
      });
    }
    made->give_up_at = give_up_at;
    sender_->send(std::move(*made), std::move(done));
  }
  [[nodiscard]] std::optional<PushRefusal> unfit(PushRequest const& request) const override {
    auto const checked = deliver::apns::check_request(request);
    if (checked) return {};
    return checked.error().code == ErrorCode::too_large ? PushRefusal::too_large : PushRefusal::unfit_target;
  }
  [[nodiscard]] std::size_t room() const override { return sender_->streams(); }
  void when_room(std::function<void()> told) override { sender_->when_room(std::move(told)); }
  void close() override { sender_->drain(); }
  [[nodiscard]] std::string trouble() const override {
    auto const health = sender_->health();
    if (health.connected > 0 || health.last_trouble.empty()) return {};
    return fmt::format("APNs cannot be reached: {}. Check the network, a firewall on the way, host and port.",
                       health.last_trouble);
  }

 private:
  asio::io_context& io_;
  std::unique_ptr<deliver::apns::Sender> sender_;
};

Result<std::string> read_file(std::filesystem::path const& path, std::string_view what) {
  std::ifstream in{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in || text.empty())
    return failure(
        ErrorCode::configuration,
        fmt::format("The {} {} cannot be read, or is empty. Put it there, readable for this user, or correct its path.",
                    what, path.string()));
  return text;
}

}  // namespace

Result<std::string> read_client_secret(std::filesystem::path const& path) {
  auto secret = read_file(path, "client secret");
  while (secret && !secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
  if (secret && secret->empty())
    return failure(ErrorCode::configuration, fmt::format("The client secret {} is empty.", path.string()));
  return secret;
}

namespace {

Result<dispatch::PushCredential> open_apns(Core& core, ApnsSettings const& settings) {
  auto key = read_file(settings.key_file, "APNs key");
  if (!key) return std::unexpected(key.error());
  deliver::apns::SenderSettings const sender{
      .team = settings.team,
      .key_id = settings.key_id,
      .key_pem = Secret{std::move(*key)},
      .environment = settings.environment,
      .host = settings.host,
      .port = settings.port,
      .ca_file = settings.ca_file.empty() ? std::nullopt : std::optional(settings.ca_file)};
  auto opened = deliver::apns::Sender::open(core.io.get_executor(), core.clock, sender);
  if (!opened)
    return failure(opened.error().code,
                   fmt::format("[[push.apns]] in line {}: {}.", settings.line, opened.error().ours));
  return dispatch::PushCredential{
      .name = fmt::format("apns {} {} {}", settings.team, settings.key_id, name_of(settings.environment)),
      .provider = Provider::apns,
      .environment = settings.environment,
      .team = settings.team,
      .apps = settings.apps,
      .tenants = settings.tenants,
      .sender = std::make_unique<ApnsProvider>(core.io, std::move(*opened))};
}

Result<std::vector<dispatch::PushCredential>> open_credentials(Core& core) {
  std::vector<dispatch::PushCredential> credentials;
  for (auto const& settings : core.settings.push.apns) {
    auto credential = open_apns(core, settings);
    if (!credential) return std::unexpected(credential.error());
    credentials.push_back(std::move(*credential));
  }
  return credentials;
}

// The queue with its own database, and its door.
class PushService final : public Part {
 public:
  PushService(Core& core, std::unique_ptr<store::Store> store, std::vector<dispatch::PushCredential> credentials)
      : core_(core),
        store_(std::move(store)),
        deadline_timer_(core.io),
        clients_(*store_, core.random),
        queue_(core.clock, core.random, *store_, deadlines_, *core.traces, std::move(credentials)),
        door_(queue_, clients_, core.clock, core.random) {}

  Result<void> open();
  void stop() override {
    queue_.stop();
    deadline_timer_.cancel();
  }
  [[nodiscard]] PushServicePort& port() { return queue_; }
  [[nodiscard]] dispatch::PushClients& clients() { return clients_; }
  [[nodiscard]] arrive::PushDoor& door() { return door_; }
  [[nodiscard]] dispatch::PushQueue const& queue() const { return queue_; }

 private:
  void wait_until(Instant at);
  void run_deadlines();

  Core& core_;
  std::unique_ptr<store::Store> store_;
  asio::steady_timer deadline_timer_;
  dispatch::Deadlines deadlines_ = {};
  dispatch::PushClients clients_;
  dispatch::PushQueue queue_;
  arrive::PushDoor door_;
};

void PushService::wait_until(Instant at) {
  deadline_timer_.expires_after(std::max(at - core_.clock.now(), Duration::zero()));
  deadline_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) run_deadlines();
  });
}

void PushService::run_deadlines() {
  deadlines_.run(core_.clock.now());
  if (auto const next = deadlines_.next()) wait_until(*next);
}

Result<void> PushService::open() {
  deadlines_.set_earlier([this](Instant at) { wait_until(at); });
  core_.when_clock_jumps.emplace_back([this] { run_deadlines(); });
  if (auto loaded = clients_.load(); !loaded) return loaded;
  return queue_.load();
}

Result<std::unique_ptr<PushPort>> ask_elsewhere(Core& core) {
  auto const& settings = core.settings.push;
  auto const destination = parse_https(settings.via);
  if (!destination)
    return failure(ErrorCode::configuration,
                   fmt::format("[push] via = \"{}\" is no URL of the form https://host:port.", settings.via));
  auto secret = read_client_secret(settings.client_secret_file);
  if (!secret) return std::unexpected(secret.error());
  auto const ca = settings.ca_file.empty() ? core.settings.tls.ca : settings.ca_file;
  auto tls = edge::make_client_tls({.ca_file = ca.empty() ? std::nullopt : std::optional(ca), .alpn = {"h2"}});
  if (!tls) return std::unexpected(tls.error());
  deliver::RestPushSettings rest{
      .server = {.destination = {.host = destination->host, .port = destination->port, .tls = *tls}},
      .client_id = settings.client_id,
      .client_secret = Secret{std::move(*secret)}};
  auto port = std::make_unique<deliver::RestPush>(core.io.get_executor(), core.clock, std::move(rest));
  core.health.watch("push", [rest_push = port.get()] {
    return rest_push->trouble().empty() ? std::string{}
                                        : fmt::format("The push service cannot be asked: {}.", rest_push->trouble());
  });
  return port;
}

Result<std::unique_ptr<PushService>> open_service(Core& core) {
  auto credentials = open_credentials(core);
  if (!credentials) return std::unexpected(credentials.error());
  auto store = open_store(core, push_database);
  if (!store) return std::unexpected(store.error());
  auto service = std::make_unique<PushService>(core, std::move(*store), std::move(*credentials));
  if (auto opened = service->open(); !opened) return std::unexpected(opened.error());
  core.health.watch("push_credentials", [queue = &service->queue()] {
    auto const alarms = queue->alarms();
    return alarms.empty()
               ? std::string{}
               : fmt::format("{}: {} ({})", alarms.front().credential, alarms.front().advice, alarms.front().detail);
  });
  core.health.watch("push_providers", [queue = &service->queue()] { return queue->trouble(); });
  core.metrics->add_gauge("reveille_push_open", "Notifications that have not ended.",
                          [queue = &service->queue()] { return static_cast<double>(queue->open()); });
  core.metrics->add_gauge("reveille_push_waiting", "Of these, what still has to be sent.",
                          [queue = &service->queue()] { return static_cast<double>(queue->waiting()); });
  return service;
}

}  // namespace

Result<void> make_push(Core& core) {
  if (core.settings.roles.push || (core.settings.push.in_process() && !core.settings.push.apns.empty())) {
    auto service = open_service(core);
    if (!service) return std::unexpected(service.error());
    core.push_clients = &(*service)->clients();
    core.push_door = &(*service)->door();
    if (core.settings.push.in_process())
      core.push = std::make_unique<deliver::LocalPush>((*service)->port(), core.clock);
    core.push_service = std::move(*service);
  }
  if (core.push) return {};
  if (core.settings.push.in_process()) {
    core.push = std::make_unique<NoPush>(core.io, core.clock);
    return {};
  }
  auto port = ask_elsewhere(core);
  if (!port) return std::unexpected(port.error());
  core.push = std::move(*port);
  return {};
}

}  // namespace reveille::node
