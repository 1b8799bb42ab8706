// Command: one line of standard input (interfaces.md 5).
#pragma once

#include "base/result.hpp"
#include "sim/handset/push.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace reveille::sim::handset {

enum class CommandKind : std::uint8_t {
  open,
  home,
  lock,
  unlock,
  screen_off,
  kill,
  tap,
  sign_in,
  sign_out,
  call,
  answer,
  decline,
  hang_up,
  send,
  status,
  quit
};

struct Command {
  CommandKind kind = CommandKind::status;
  std::string name = {};     // the word as it came, for the answer
  std::string address = {};  // of call and send: user@domain
  std::string text = {};     // of send
  CallMedia media = CallMedia::audio;
};

[[nodiscard]] std::string_view name_of(CommandKind kind);
// The name is set also where the line is refused.
[[nodiscard]] Result<Command> parse_command(std::string_view line);

}  // namespace reveille::sim::handset
