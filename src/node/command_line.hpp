// CommandLine: what the user typed. docs/guides/administrator.md shows every command.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>

namespace reveille::node {

enum class Command : std::uint8_t {
  serve,
  check_config,
  user_add,
  user_list,
  client_add,
  devices,
  trace,
  push_test,
  version
};

enum class Form : std::uint8_t { text, json };

struct CommandLine {
  Command command = Command::version;
  std::filesystem::path config = {};  // empty: none given
  std::filesystem::path data = {};    // empty: as the configuration says
  Form form = Form::text;
  std::string argument = {};               // ADDRESS, ID, DEVICE, NAME or FILE
  std::filesystem::path secret_file = {};  // client add
  std::string log_level = "info";
};

// A command line that asks for nothing to be run: help, or a mistake. `code` is the exit code.
struct Finished {
  int code = 0;
  std::string text = {};
};

[[nodiscard]] std::expected<CommandLine, Finished> parse_command_line(int count, char const* const* words);

}  // namespace reveille::node
