// Reads commands.
#include "sim/handset/command.hpp"

#include <array>
#include <utility>

namespace reveille::sim::handset {

namespace {

constexpr std::size_t longest_line = 65536;

constexpr std::array<std::pair<std::string_view, CommandKind>, 16> names{{{"open", CommandKind::open},
                                                                          {"home", CommandKind::home},
                                                                          {"lock", CommandKind::lock},
                                                                          {"unlock", CommandKind::unlock},
                                                                          {"screen-off", CommandKind::screen_off},
                                                                          {"kill", CommandKind::kill},
                                                                          {"tap", CommandKind::tap},
                                                                          {"sign-in", CommandKind::sign_in},
                                                                          {"sign-out", CommandKind::sign_out},
                                                                          {"call", CommandKind::call},
                                                                          {"answer", CommandKind::answer},
                                                                          {"decline", CommandKind::decline},
                                                                          {"hangup", CommandKind::hang_up},
                                                                          {"send", CommandKind::send},
                                                                          {"status", CommandKind::status},
                                                                          {"quit", CommandKind::quit}}};

std::string_view take_word(std::string_view& rest) {
  auto const start = std::min(rest.find_first_not_of(" \t\r"), rest.size());
  rest.remove_prefix(start);
  auto const end = std::min(rest.find_first_of(" \t\r"), rest.size());
  auto const word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

bool is_address(std::string_view text) {
  auto const at = text.find('@');
  return at != text.npos && at > 0 && at + 1 < text.size() && text.find_first_of("<>\"\r\n;? ") == text.npos;
}

Result<Command> with_arguments(Command command, std::string_view rest) {
  if (command.kind == CommandKind::call || command.kind == CommandKind::send) {
    command.address = std::string(take_word(rest));
    if (!is_address(command.address))
      return failure(ErrorCode::malformed, command.name + " needs an address like romeo@localhost");
  }
  if (command.kind == CommandKind::send) {
    while (rest.ends_with('\r')) rest.remove_suffix(1);
    command.text = std::string(rest);
    if (command.text.empty()) return failure(ErrorCode::malformed, "send needs a text");
    return command;
  }
  auto const more = take_word(rest);
  if (command.kind == CommandKind::call && more == "video") {
    command.media = CallMedia::video;
    return command;
  }
  if (!more.empty()) return failure(ErrorCode::malformed, "too many words behind " + command.name);
  return command;
}

}  // namespace

std::string_view name_of(CommandKind kind) {
  for (auto const& [name, its_kind] : names)
    if (its_kind == kind) return name;
  std::unreachable();
}

Result<Command> parse_command(std::string_view line) {
  if (line.size() > longest_line) return failure(ErrorCode::too_large, "the line is too long");
  auto rest = line;
  auto const word = take_word(rest);
  for (auto const& [name, kind] : names)
    if (word == name) return with_arguments({.kind = kind, .name = std::string(word)}, rest);
  return failure(ErrorCode::unsupported, "no such command", std::string(word.substr(0, 40)));
}

}  // namespace reveille::sim::handset
