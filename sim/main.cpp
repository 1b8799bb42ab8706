// reveille-sim: the world around Reveille, played on one machine: Apple's cloud, Google's, and phones.
#include "sim/apple/cloud.hpp"
#include "sim/handset/cli.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>

namespace {

using namespace reveille::sim;

constexpr int failed = 1;
constexpr int usage = 2;

void add_cloud_options(CLI::App& command, apple::CloudSettings& settings) {
  command.add_option("--data", settings.data, "folder for certificates and keys; made if it is missing")->required();
  command.add_option("--address", settings.address, "IP address to listen on")->capture_default_str();
  command.add_option("--port", settings.port, "for providers, both environments; 0: any free one")
      ->capture_default_str();
  command.add_option("--production-port", settings.production_port, "for providers")->capture_default_str();
  command.add_option("--sandbox-port", settings.sandbox_port, "for providers")->capture_default_str();
  command.add_option("--device-port", settings.device_port, "for phones; 0: any free one")->capture_default_str();
}

int run_google() {
  std::fprintf(stderr, "reveille-sim google: Google's cloud is not simulated yet; use 'reveille-sim apple'.\n");
  return failed;
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"Simulated provider clouds and handsets for Reveille"};
  app.require_subcommand(1);
  int result = 0;
  apple::CloudSettings settings;

  auto* apple_command = app.add_subcommand("apple", "Apple's push cloud (APNs), and the side that phones connect to");
  add_cloud_options(*apple_command, settings);
  apple_command->callback([&] { result = apple::run_cloud(settings); });

  auto* google_command = app.add_subcommand("google", "Google's push cloud (FCM)");
  add_cloud_options(*google_command, settings);
  google_command->callback([&] { result = run_google(); });

  handset::add_handset_command(app, result);

  try {
    app.parse(count, words);
  } catch (CLI::ParseError const& error) {
    return app.exit(error) == 0 ? 0 : usage;
  }
  return result;
}
