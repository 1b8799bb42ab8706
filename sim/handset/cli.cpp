// Flags of a phone.
#include "sim/handset/cli.hpp"

#include "sim/handset/handset.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>

namespace reveille::sim::handset {

namespace {

struct Given {
  HandsetOptions options = {};
  std::string password_file = {};
  bool password_on_stdin = false;
  std::string transport = {};
  std::string ca = {};
  std::string apple_ca = {};
  std::string state_file = {};
  std::string suspend = "frozen";
  std::string fault = "none";
  std::string srtp = "with-tls";
  double suspend_after = -1;
  unsigned expires = 3600;
  int background_budget = -1;
};

void add_parties(CLI::App& command, Given& given) {
  auto& options = given.options;
  command.add_option("--profile", options.profile, "what phone: " + std::string(profile_names()))
      ->capture_default_str();
  command.add_option("--os", options.os_version, "OS version, such as 18.0; without it the newest");
  command.add_option("--account", options.account, "user@domain")->required();
  command.add_option("--name", options.display_name, "display name in calls");
  command.add_flag("--password-stdin", given.password_on_stdin, "the first line of standard input is the password");
  command.add_option("--password-file", given.password_file, "file whose first line is the password");
  command.add_option("--sip", options.sip, "host:port of call control; without it no calls");
  command.add_option("--transport", given.transport, "of SIP; without it the profile's: tls for phones, udp for desk")
      ->check(CLI::IsMember({"udp", "tcp", "tls"}));
  command.add_option("--xmpp", options.xmpp, "host:port of IM & presence, direct TLS; without it no messages");
  command.add_option("--apple", options.apple,
                     "host:port of the device side of 'reveille-sim apple'; without it no pushes");
  command.add_option("--ca", given.ca, "PEM file that the servers' certificates are verified with");
  command.add_option("--apple-ca", given.apple_ca, "the same for Apple's cloud");
  command.add_option("--contacts", options.contacts, "addresses whose presence is subscribed to at sign-in")
      ->delimiter(',');
}

void add_phone(CLI::App& command, Given& given) {
  auto& options = given.options;
  command.add_option("--instance", options.instance,
                     "UUID of this installation; without it the state file's, or a new one");
  command.add_option("--state-file", given.state_file,
                     "where the phone keeps its instance, tokens and place in the archive");
  command.add_option("--app", options.app, "app (bundle) id; without it the profile's");
  command.add_option("--team", options.team, "Apple team of the app, for pn-param")->capture_default_str();
  command.add_option("--environment", options.environment, "of its push tokens")
      ->check(CLI::IsMember({"production", "sandbox"}))
      ->capture_default_str();
  command
      .add_option("--suspend", given.suspend,
                  "how suspension ends the app's connections: open and unread, closed, or as if the network were gone")
      ->check(CLI::IsMember({"frozen", "closed", "gone"}))
      ->capture_default_str();
  command.add_option("--suspend-after", given.suspend_after,
                     "seconds from leaving the screen to suspension; without it the OS's (5)");
  command.add_option("--expires", given.expires, "seconds asked for in REGISTER")->capture_default_str();
  command.add_option("--media-address", options.media_address, "IP address for RTP; without it that of the SIP flow");
  command.add_option("--srtp", given.srtp, "when calls are offered with SRTP")
      ->check(CLI::IsMember({"with-tls", "never"}))
      ->capture_default_str();
  command.add_option("--background-budget", given.background_budget,
                     "background pushes an hour; without it the OS's (3)");
  command
      .add_option("--fault", given.fault,
                  "an app that breaks a rule: reports no call for a VoIP push, or an extension that hangs")
      ->check(CLI::IsMember({"none", "no-call-report", "extension-hangs"}))
      ->capture_default_str();
}

// Byte by byte, since what is behind the line are commands.
std::string line_of_stdin() {
  std::string line;
  for (char c = 0; line.size() < 4096 && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) line += c;
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

int run(Given given) {
  auto& options = given.options;
  std::string password;
  if (given.password_on_stdin) {
    password = line_of_stdin();
  } else {
    std::ifstream file(given.password_file);
    if (!std::getline(file, password)) {
      std::fprintf(stderr, "reveille-sim handset: give the password with --password-stdin or --password-file\n");
      return 2;
    }
  }
  options.password = Secret(std::move(password));
  std::map<std::string, sip::Transport> const transports{
      {"udp", sip::Transport::udp}, {"tcp", sip::Transport::tcp}, {"tls", sip::Transport::tls}};
  if (!given.transport.empty()) options.transport = transports.at(given.transport);
  if (!given.ca.empty()) options.ca = given.ca;
  if (!given.apple_ca.empty()) options.apple_ca = given.apple_ca;
  if (!given.state_file.empty()) options.state_file = given.state_file;
  if (given.suspend == "closed") options.suspend = SuspendMode::closed;
  if (given.suspend == "gone") options.suspend = SuspendMode::gone;
  if (given.fault == "no-call-report") options.fault = AppFault::reports_no_call;
  if (given.fault == "extension-hangs") options.fault = AppFault::extension_hangs;
  if (given.srtp == "never") options.srtp = SrtpUse::never;
  if (given.suspend_after >= 0)
    options.suspend_after = std::chrono::milliseconds(static_cast<long>(given.suspend_after * 1000));
  if (given.background_budget >= 0) options.background_pushes_per_hour = static_cast<unsigned>(given.background_budget);
  options.expires = std::chrono::seconds(given.expires);
  return run_handset(std::move(options));
}

}  // namespace

void add_handset_command(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("handset", "A phone: commands on standard input, events as JSON lines on standard output");
  auto const given = std::make_shared<Given>();
  add_parties(*command, *given);
  add_phone(*command, *given);
  command->footer(
      "Commands: open home lock unlock screen-off kill tap sign-in sign-out call ADDRESS [video] answer decline "
      "hangup\n"
      "send ADDRESS TEXT status quit. Each is answered by {\"event\":\"done\",\"command\",\"ok\",\"why\"}.");
  command->callback([given, &result] { result = run(*given); });
}

}  // namespace reveille::sim::handset
