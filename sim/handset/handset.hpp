// Handset: one simulated phone: its OS, its app, and the commands of whoever holds it (interfaces.md 5).
//
// The OS runs on the thread of run(); the app on its own (app_process.hpp). Commands come on standard input, events
// leave on standard output. `run_handset` is the program `reveille-sim handset`.
#pragma once

#include "sim/handset/app_process.hpp"
#include "sim/handset/apple_device.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace reveille::sim::handset {

class Handset {
 public:
  // Refuses options that cannot work, with a sentence.
  [[nodiscard]] static Result<std::unique_ptr<Handset>> make(HandsetOptions options);

  // Until `quit` or the end of standard input. The exit code.
  [[nodiscard]] int run();

 private:
  Handset(HandsetOptions options, Profile profile, std::unique_ptr<Storage> storage);

  void read_commands();
  void on_line(std::string const& line);
  void on_gesture(Command const& command, Gesture gesture);
  void on_app_command(Command const& command);
  void sign_in(Command const& command);
  void give_to_app(Command const& command);
  void go_online();
  void on_push_line(std::string_view line);
  // Tells the rules, and obeys. What refuses a gesture is returned.
  std::string hear(OsInput const& input);
  void obey(OsAction const& action, std::string& refused);
  void move(AppMoves const& moves);
  void tell_state();
  void arm();
  [[nodiscard]] AppWorld world();

  HandsetOptions options_;
  Profile profile_;
  SystemClock clock_ = {};
  EventLog log_{clock_};
  std::unique_ptr<Storage> storage_;
  OsRules rules_;
  edge::TlsContext server_tls_ = {};
  edge::TlsContext apple_tls_ = {};
  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_{context_};
  boost::asio::posix::stream_descriptor input_{context_};
  std::string buffer_ = {};
  std::unique_ptr<AppleDevice> apple_ = {};
  AppProcess app_ = {};
};

[[nodiscard]] int run_handset(HandsetOptions options);

}  // namespace reveille::sim::handset
