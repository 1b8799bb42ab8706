// Call control: SIP listeners, the door, the registrar, calls and their hands.
#include "arrive/sip/door.hpp"
#include "deliver/live/sip_hands.hpp"
#include "dispatch/calls.hpp"
#include "dispatch/registrations.hpp"
#include "edge/sip/own_hosts.hpp"
#include "edge/sip/stack.hpp"
#include "node/parts.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

namespace reveille::node {
namespace {

namespace asio = boost::asio;
namespace wire = reveille::sip;

constexpr std::size_t key_size = 32;
constexpr auto key_file = "dialog.key";

// Dialogs outlive a restart, so the key of their tokens does.
Result<Secret> dialog_key(Core& core) {
  auto const path = core.folder.file(key_file);
  if (std::ifstream in{path, std::ios::binary}) {
    std::string key{std::istreambuf_iterator<char>(in), {}};
    if (key.size() == key_size) return Secret{std::move(key)};
  }
  std::string key(key_size, '\0');
  core.random.fill({reinterpret_cast<std::uint8_t*>(key.data()), key.size()});
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out << key;
  out.close();
  if (!out)
    return failure(ErrorCode::storage,
                   fmt::format("{} cannot be written. Make room, or make the data folder writable.", path));
  ::chmod(path.c_str(), 0600);
  return Secret{std::move(key)};
}

arrive::DigestPolicy digest_policy(SipSettings const& settings) {
  using Required = arrive::DigestPolicy::Required;
  arrive::DigestPolicy policy{.required = settings.require_digest ? Required::yes : Required::no};
  policy.algorithms.clear();
  if (settings.offer_sha256) policy.algorithms.push_back(wire::Algorithm::sha256);
  if (settings.offer_md5) policy.algorithms.push_back(wire::Algorithm::md5);
  return policy;
}

edge::sip::Limits limits_of(LimitSettings const& settings) {
  return {.server_transactions = settings.sip_transactions,
          .client_transactions = settings.sip_transactions,
          .connections_per_address = settings.connections_per_address,
          .handshake = settings.handshake_within,
          .first_message = settings.request_within,
          .whole_message = settings.request_within,
          .stalled_write = settings.stalled_after};
}

// What a listener is called where it says where it is (Via, Record-Route, the nodes of a push); empty for its address.
// The first domain is what the server's certificate names, and stays when the machine's addresses change.
std::string public_host(Settings const& settings, char const* listener, asio::ip::address const& at) {
  auto const& given = settings.sip.public_host;
  if (!given.empty() || !at.is_unspecified()) return given;
  auto const& domain = settings.policy.domains.front();
  if (domain == "localhost")
    spdlog::warn(
        "{} listens at every address, but phones are told to come to 'localhost', the first domain: only those on this "
        "machine can. Set [sip] public_host to a name that the others reach.",
        listener);
  return domain;
}

class CallControl final : public Part {
 public:
  CallControl(Core& core, Secret key)
      : core_(core),
        tokens_(std::move(key)),
        hands_(kept_, tokens_, core.random, core.io.get_executor()),
        calls_(*core.shard, *core.registrations, hands_),
        door_({.credentials = *core.registrations,
               .registrar = *core.registrations,
               .locations = *core.registrations,
               .calls = calls_},
              kept_, tokens_, core.settings.policy, core.clock, core.random, digest_policy(core.settings.sip)),
        stack_(core.io, core.clock, core.random, door_, limits_of(core.settings.limits)),
        hosts_(core.clock) {
    hands_.connect(stack_, core_.settings.policy.domains);
  }

  Result<void> open();
  void stop() override { stack_.transports().close(); }

 private:
  Result<void> listen(char const* name, wire::Transport transport, std::optional<ListenAddress> const& where);
  void add_metrics();

  Core& core_;
  edge::sip::KeptRequests kept_ = {};
  edge::sip::DialogTokens tokens_;
  deliver::SipHands hands_;
  dispatch::Calls calls_;
  arrive::SipDoor door_;
  edge::sip::Stack stack_;
  edge::sip::OwnHosts hosts_;
};

Result<void> CallControl::listen(char const* name, wire::Transport transport,
                                 std::optional<ListenAddress> const& where) {
  if (!where) return {};
  auto const& at = *where;
  boost::system::error_code error;
  auto const ip = asio::ip::make_address(at.host, error);
  if (error)
    return failure(ErrorCode::configuration,
                   fmt::format("{}: '{}' is no IP address. Write one, as in \"127.0.0.1:5060\".", name, at.host));
  edge::TlsContext tls;
  if (transport == wire::Transport::tls) {
    auto context = core_.certificates.context({});
    if (!context) return std::unexpected(context.error());
    tls = *context;
  }
  auto const named = public_host(core_.settings, name, ip);
  auto const opened = stack_.transports().listen(transport, {.ip = ip, .port = at.port}, tls, named);
  if (!opened) return failure(opened.error().code, fmt::format("{}: {}", name, opened.error().ours));
  core_.listeners.emplace_back(name, edge::sip::format_address(*opened));
  hosts_.add_listener(*opened);
  auto const reached_at = named.empty() ? edge::sip::format_ip(opened->ip) : named;
  hosts_.add_name(reached_at);
  if (transport == wire::Transport::tls)
    core_.shard->nodes.push_back(edge::sip::format_host_port(reached_at, opened->port));
  return {};
}

Result<void> CallControl::open() {
  auto const& at = core_.settings.listen;
  if (auto loaded = calls_.load(); !loaded) return loaded;
  if (auto udp = listen("sip_udp", wire::Transport::udp, at.sip_udp); !udp) return udp;
  if (auto tcp = listen("sip_tcp", wire::Transport::tcp, at.sip_tcp); !tcp) return tcp;
  if (auto tls = listen("sip_tls", wire::Transport::tls, at.sip_tls); !tls) return tls;
  door_.connect(stack_, std::move(hosts_));
  calls_.start();
  add_metrics();
  return {};
}

void CallControl::add_metrics() {
  auto& metrics = *core_.metrics;
  auto const gauge = [&](char const* name, char const* help, auto value) {
    metrics.add_gauge(name, help, [value] { return static_cast<double>(value()); });
  };
  gauge("reveille_calls", "Calls in set-up, or ended and waiting for a phone that may come late.",
        [this] { return calls_.size(); });
  gauge("reveille_sip_connections", "SIP connections over TCP and TLS.",
        [this] { return stack_.counts().transports.connections; });
  gauge("reveille_sip_server_transactions", "SIP requests that are being answered.",
        [this] { return stack_.counts().server.open; });
  gauge("reveille_sip_client_transactions", "SIP requests that we wait for.",
        [this] { return stack_.counts().client.open; });
}

}  // namespace

Result<std::unique_ptr<Part>> make_call_control(Core& core) {
  auto key = dialog_key(core);
  if (!key) return std::unexpected(key.error());
  auto made = std::make_unique<CallControl>(core, std::move(*key));
  if (auto const opened = made->open(); !opened) return std::unexpected(opened.error());
  return made;
}

}  // namespace reveille::node
