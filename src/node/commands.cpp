#include "node/commands.hpp"

#include "node/version.hpp"

#include <fmt/format.h>

#include <utility>

namespace reveille::node {

std::expected<Settings, Refused> settings_of(CommandLine const& line) {
  auto settings = line.config.empty() ? std::expected<Settings, Refused>(Settings{}) : read_settings(line.config);
  if (settings && !line.data.empty()) settings->data = line.data;
  return settings;
}

int run(CommandLine const& line) {
  using enum Command;
  switch (line.command) {
    case serve: return node::serve(line);
    case check_config: return node::check_config(line);
    case user_add:
    case user_list:
    case client_add:
    case devices:
    case trace:
    case push_test: return ask_server(line);
    case version:
      if (line.form == Form::json)
        fmt::print("{{\"version\":\"{}\"}}\n", node::version);
      else
        fmt::print("reveille {}\n", node::version);
      return exit_ok;
  }
  std::unreachable();
}

}  // namespace reveille::node
