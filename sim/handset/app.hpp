// App: the communications app of the phone while it runs: SIP and XMPP over real sockets.
//
// It lives on the app's thread, which the OS parks to suspend it. What it asks of the OS goes through
// AppWorld::tell_os. Lifetime: from the launch to the end of the app; the destructor drops its connections as the radio
// says. Handlers that are queued when it ends find it gone.
#pragma once

#include "edge/tls.hpp"
#include "sim/handset/command.hpp"
#include "sim/handset/event_log.hpp"
#include "sim/handset/options.hpp"
#include "sim/handset/radio.hpp"
#include "sim/handset/sip_agent.hpp"
#include "sim/handset/storage.hpp"
#include "sim/handset/xmpp_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace reveille::sim::handset {

struct AppWorld {
  HandsetOptions const& options;
  Profile const& profile;
  Clock const& clock;
  EventLog& log;
  Storage& storage;
  Radio& radio;
  edge::TlsContext tls = {};  // towards the servers
  std::function<void(OsInput)> tell_os = {};
};

class App {
 public:
  App(boost::asio::io_context& context, AppWorld world);
  App(App const&) = delete;
  App& operator=(App const&) = delete;
  ~App();

  // The OS's calls.
  void start(AppMode mode);
  void enter(AppMode mode);
  void woke(AppMode mode);
  void on_push(Push const& push);
  // The user's; each is answered by a `done` event.
  void perform(Command const& command);

 private:
  class Calling;
  class Messaging;

  void sign_in(std::string const& command);
  void sign_out(std::string const& command);
  void on_voip_push(Push const& push);
  void on_background_push(Push const& push);
  void answer(Command const& command, std::string const& why);
  void status();
  // Runs `step`, then waits for what is due next.
  template <class Step>
  void run(Step&& step);
  void arm();

  boost::asio::io_context& context_;
  AppWorld world_;
  SystemRandom random_ = {};
  boost::asio::steady_timer timer_;
  AppMode mode_ = AppMode::foreground;
  std::unique_ptr<Calling> calling_;      // null: no call control
  std::unique_ptr<Messaging> messaging_;  // null: no IM & presence
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace reveille::sim::handset
