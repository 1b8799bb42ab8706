// Instant messaging and presence: XMPP listeners, the door, and the dispatcher of messages.
#include "arrive/xmpp/door.hpp"
#include "deliver/live/xmpp_streams.hpp"
#include "dispatch/messages.hpp"
#include "edge/xmpp/server.hpp"
#include "node/parts.hpp"

#include <fmt/format.h>

namespace reveille::node {
namespace {

class InstantMessaging final : public Part {
 public:
  explicit InstantMessaging(Core& core)
      : core_(core), messages_(*core.shard, *core.registrations, streams_), door_(messages_, *core.registrations) {}

  Result<void> open();
  void stop() override {
    server_->drain();
    messages_.stop();
  }
  void reload() override { server_->set_acknowledgement_wait(core_.settings.policy.wake.acknowledgement_wait); }

 private:
  Result<void> listen(char const* name, xmpp::Security security, std::optional<ListenAddress> const& where);

  Core& core_;
  deliver::XmppStreams streams_ = {};
  dispatch::Messages messages_;
  arrive::XmppDoor door_;
  std::unique_ptr<edge::XmppServer> server_ = {};
};

Result<void> InstantMessaging::listen(char const* name, xmpp::Security security,
                                      std::optional<ListenAddress> const& where) {
  if (!where) return {};
  auto const port = server_->listen(where->host, where->port, security);
  if (!port) return failure(port.error().code, fmt::format("{}: {}", name, port.error().ours));
  core_.listeners.emplace_back(name, describe(ListenAddress{.host = where->host, .port = *port}));
  return {};
}

Result<void> InstantMessaging::open() {
  auto tls = core_.certificates.context({"xmpp-client"});
  if (!tls) return std::unexpected(tls.error());
  auto const& limits = core_.settings.limits;
  edge::XmppServerSettings settings{
      .stream = {.domains = core_.settings.policy.domains, .negotiation_wait = limits.request_within},
      .tls = *tls,
      .stalled_after = limits.stalled_after};
  settings.connections.of_address = limits.connections_per_address;
  settings.stream.requests.wait = core_.settings.policy.wake.acknowledgement_wait;
  server_ = std::make_unique<edge::XmppServer>(core_.io, std::move(settings), core_.clock, core_.random, door_, door_);
  streams_.connect(*server_);
  if (auto loaded = messages_.load(); !loaded) return loaded;
  if (auto plain = listen("xmpp", xmpp::Security::plain, core_.settings.listen.xmpp); !plain) return plain;
  if (auto direct = listen("xmpp_tls", xmpp::Security::tls, core_.settings.listen.xmpp_tls); !direct) return direct;
  core_.operate->set_session_of(
      [this](auto const& entry, auto const& instance) { return messages_.session_of(entry, instance); });
  core_.metrics->add_gauge("reveille_xmpp_connections", "XMPP connections.",
                           [this] { return static_cast<double>(server_->connections()); });
  core_.metrics->add_gauge("reveille_xmpp_streams", "XMPP streams with a bound resource.",
                           [this] { return static_cast<double>(messages_.streams()); });
  return {};
}

}  // namespace

Result<std::unique_ptr<Part>> make_im(Core& core) {
  auto made = std::make_unique<InstantMessaging>(core);
  if (auto const opened = made->open(); !opened) return std::unexpected(opened.error());
  return made;
}

}  // namespace reveille::node
