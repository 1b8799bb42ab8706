// The app's connections, and who it says it is.
#include "sim/handset/app_calling.hpp"

#include "wire/sip/uri.hpp"

#include <boost/asio/post.hpp>

namespace reveille::sim::handset {

namespace {

constexpr std::chrono::milliseconds longest_reconnect{5000};

// RFC 8599 section 9.3, and interfaces.md 2: A:voip&B:remote.
std::string push_parameters(AppWorld const& world) {
  auto const kept = world.storage.get();
  if (kept.token_voip.empty()) return {};
  bool const sandbox = world.options.environment == "sandbox";
  auto const app = world.options.app.empty() ? std::string(world.profile.app) : world.options.app;
  auto const begin =
      ";pn-provider=" + std::string(sandbox ? "apns.dev" : "apns") + ";pn-param=" + world.options.team + '.' + app;
  if (world.profile.channels == ChannelLayout::shared) return begin + ".voip;pn-prid=" + kept.token_voip + ":voip";
  return begin + ".voip&remote;pn-prid=" + kept.token_voip + ":voip&" + kept.token_message + ":remote";
}

std::string os_version_of(AppWorld const& world) {
  return world.options.os_version.empty() ? std::to_string(world.profile.newest_os) : world.options.os_version;
}

}  // namespace

Result<edge::Destination> destination_of(std::string const& host_and_port, edge::TlsContext tls) {
  auto const place = sip::parse_host_port(host_and_port);
  if (!place || !place->port) return failure(ErrorCode::configuration, "'" + host_and_port + "' is no host:port");
  return edge::Destination{.host = std::string(place->host), .port = *place->port, .tls = std::move(tls)};
}

SipIdentity sip_identity_of(AppWorld const& world) {
  auto const& options = world.options;
  SipIdentity identity{.address = options.account,
                       .display_name = options.display_name,
                       .password = options.password,
                       .instance = world.storage.get().instance,
                       .push_parameters = push_parameters(world),
                       .expires = options.expires,
                       .shows_call_screen = world.profile.os.sleeps,
                       .offers_srtp = options.srtp == SrtpUse::with_tls};
  if (world.profile.push == PushProvider::none) return identity;
  auto const app = options.app.empty() ? std::string(world.profile.app) : options.app;
  identity.contact_parameters = ";reveille-os=\"" + std::string(world.profile.platform) + '/' + os_version_of(world) +
                                "\";reveille-app=\"" + app + "\";reveille-services=\"" +
                                std::string(world.profile.services) + "\";reveille-channels=\"" +
                                std::string(name_of(world.profile.channels)) + '"';
  return identity;
}

XmppIdentity xmpp_identity_of(AppWorld const& world) {
  auto const& options = world.options;
  auto const kept = world.storage.get();
  XmppIdentity identity{.address = options.account,
                        .password = options.password,
                        .instance = kept.instance,
                        .contacts = options.contacts};
  if (kept.token_message.empty()) return identity;
  identity.push = XmppPush{.app = options.app.empty() ? std::string(world.profile.app) : options.app,
                           .platform = std::string(world.profile.platform),
                           .os_version = os_version_of(world),
                           .provider = "apns",
                           .environment = options.environment,
                           .team = options.team,
                           .channels = std::string(name_of(world.profile.channels)),
                           .token_voip = kept.token_voip,
                           .token_message = kept.token_message,
                           .services = std::string(world.profile.services)};
  return identity;
}

void App::Calling::open_flow(std::vector<std::string> nodes) {
  nodes_ = std::move(nodes);
  node_ = 0;
  dial();
}

void App::Calling::try_next_node() {
  if (!is_another_node_left()) return;
  ++node_;
  // The registration that failed is still being told of.
  boost::asio::post(app_.context_, [this, alive = std::weak_ptr(app_.alive_), node = node_] {
    if (alive.expired() || node != node_) return;
    app_.run([&] { agent_.on_flow_lost(); });
    dial();
  });
}

Result<SipServer> App::Calling::server() const {
  auto const transport =
      nodes_.empty() ? app_.world_.options.transport.value_or(app_.world_.profile.sip) : sip::Transport::tls;
  auto destination = destination_of(nodes_.empty() ? app_.world_.options.sip : nodes_[node_],
                                    transport == sip::Transport::tls ? app_.world_.tls : nullptr);
  if (!destination) return std::unexpected(destination.error());
  return SipServer{.transport = transport, .destination = std::move(*destination)};
}

void App::Calling::dial() {
  reconnect_.cancel();
  // Whoever wants another flow may have been called by the old one.
  boost::asio::post(app_.context_, [old = std::move(flow_)] {});
  auto to = server();
  if (!to)  // a node: the command line was checked at the start
    return boost::asio::post(app_.context_, [this, alive = std::weak_ptr(app_.alive_), why = to.error().ours] {
      if (!alive.expired()) on_lost(why);
    });
  flow_ = std::make_shared<SipFlow>(app_.context_, app_.world_.clock, app_.random_, *this);
  flow_->open(std::move(*to), [this, opened = flow_.get()](Result<SipFlowFacts> facts) {
    if (opened == flow_.get()) on_opened(facts);
  });
}

std::vector<boost::asio::ip::address> App::Calling::addresses_of(std::string const& name) {
  boost::asio::ip::tcp::resolver resolver(app_.context_);
  boost::system::error_code error;
  std::vector<boost::asio::ip::address> addresses;
  for (auto const& found : resolver.resolve(name, "", error)) addresses.push_back(found.endpoint().address());
  return addresses;
}

void App::Calling::on_opened(Result<SipFlowFacts> const& facts) {
  if (!facts) return on_lost(facts.error().ours);
  app_.world_.radio.add(flow_);
  reconnect_after_ = std::chrono::milliseconds(200);
  local_address_ = facts->host;
  app_.run([&] { agent_.on_flow_up(*facts); });
}

// As long as the app runs and is signed in, a lost flow is replaced: at once by one to the next node, else after a
// while, from the first node on.
void App::Calling::on_lost(std::string const& why) {
  app_.world_.log.emit("error", {{"what", "sip_connection"}, {"why", why}});
  app_.run([&] { agent_.on_flow_lost(); });
  if (agent_.is_signed_in()) reconnect();
}

void App::Calling::reconnect() {
  bool const at_once = is_another_node_left();
  node_ = at_once ? node_ + 1 : 0;
  reconnect_.expires_after(at_once ? std::chrono::milliseconds(0) : reconnect_after_);
  if (!at_once) reconnect_after_ = std::min(2 * reconnect_after_, longest_reconnect);
  reconnect_.async_wait([this, alive = std::weak_ptr(app_.alive_)](boost::system::error_code error) {
    if (!error && !alive.expired()) dial();
  });
}

std::unique_ptr<MediaPort> App::Calling::open_media(MediaWish const& wish) {
  auto const& options = app_.world_.options;
  return open_media_session(
      app_.context_.get_executor(),
      {.address = options.media_address.empty() ? local_address_ : options.media_address, .name = options.account},
      wish, app_.random_, [&log = app_.world_.log](std::string_view event, boost::json::object fields) {
        log.emit(event, std::move(fields));
      });
}

void App::Messaging::open_link() {
  auto destination = destination_of(app_.world_.options.xmpp, app_.world_.tls);
  if (!destination) return;  // checked at the start
  auto const now = [this] { return app_.world_.clock.now(); };
  link_ = std::make_unique<XmppLink>(
      app_.context_.get_executor(), app_.world_.radio, *destination,
      XmppLinkEvents{
          .up = [this, now] { app_.run([&] { client_.on_link_up(now()); }); },
          .bytes = [this, now](std::string_view bytes) { app_.run([&] { client_.on_bytes(bytes, now()); }); },
          .lost = [this, now](std::string const& why) { app_.run([&] { client_.on_link_lost(why, now()); }); }});
}

}  // namespace reveille::sim::handset
