#include "node/commands.hpp"

#include "node/log_sink.hpp"
#include "node/version.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <utility>

namespace reveille::node {

std::expected<Settings, Refused> settings_of(CommandLine const& line) {
  auto settings = line.config.empty() ? std::expected<Settings, Refused>(Settings{}) : read_settings(line.config);
  if (settings && !line.data.empty()) settings->data = line.data;
  return settings;
}

namespace {

// Standard output is for answers. What is made is for this user alone: keys and passwords' derivatives are in it.
void prepare_process() {
  auto logger = std::make_shared<spdlog::logger>("reveille", std::make_shared<LogSink>(STDERR_FILENO));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  ::umask(077);
}

}  // namespace

int run(CommandLine const& line) {
  using enum Command;
  prepare_process();
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
