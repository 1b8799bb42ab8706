// App: the communications app of the phone while it runs: SIP and XMPP over real sockets.
//
// It lives on the app's thread, which the OS parks to suspend it; between two calls it holds nothing that time changes
// but its own timers. What it asks of the OS goes through AppWorld, whose functions may be called from that thread.
// Lifetime: from the launch to the end of the app; the destructor drops its connections as the radio says.
#pragma once

#include "sim/handset/command.hpp"
#include "sim/handset/event_log.hpp"
#include "sim/handset/options.hpp"
#include "sim/handset/sip_agent.hpp"
#include "sim/handset/sip_flow.hpp"
#include "sim/handset/storage.hpp"
#include "sim/handset/xmpp_client.hpp"
#include "sim/handset/xmpp_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace reveille::sim::handset {

struct AppWorld {
  HandsetOptions const& options;
  Profile const& profile;
  Clock const& clock;
  EventLog& log;
  Storage& storage;
  Radio& radio;
  std::function<void(OsInput)> tell_os;
  edge::TlsContext tls = {};  // of the servers
};

class App final : private SipHost, private XmppHost {
 public:
  App(boost::asio::io_context& context, AppWorld world);
  ~App() override;

  // The OS's calls.
  void start(AppMode mode);
  void enter(AppMode mode);
  void woke(AppMode mode);
  void on_push(Push const& push);

  // The user's. Each is answered by a `done` event.
  void perform(Command const& command);

 private:
  // SipHost and XmppHost
  void send(std::string const& bytes) override;
  void open_flow() override;
  void emit(std::string_view event, boost::json::object fields) override;
  void tell_os(OsInput input) override;
  std::unique_ptr<MediaPort> open_media(MediaWish const& wish) override;

  void sign_in(std::string const& command);
  void sign_out(std::string const& command);
  void on_background_push(Push const& push);
  void arm();
  void on_timer();
  void sip_lost(std::string const& why);
  [[nodiscard]] SipIdentity sip_identity() const;
  [[nodiscard]] XmppIdentity xmpp_identity() const;
  [[nodiscard]] Instant now() const { return world_.clock.now(); }

  // The two hosts have functions of the same name; XMPP's are told apart by this adapter.
  class Messaging;

  boost::asio::io_context& context_;
  AppWorld world_;
  SystemRandom random_ = {};
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer reconnect_;
  AppMode mode_ = AppMode::foreground;
  std::string local_address_ = "127.0.0.1";
  std::chrono::milliseconds reconnect_after_{200};
  std::unique_ptr<SipFlow> flow_ = {};
  std::unique_ptr<SipAgent> sip_ = {};
  std::unique_ptr<Messaging> messaging_ = {};
};

}  // namespace reveille::sim::handset
