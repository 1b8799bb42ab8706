#include "node/command_line.hpp"

#include "node/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::node {
namespace {

// `--config`, `--data` and `--json` may stand before or behind a command's name.
CLI::App* add_command(CLI::App& parent, CommandLine& line, Command command, std::string name, std::string what) {
  auto* added = parent.add_subcommand(std::move(name), std::move(what));
  added->fallthrough();
  added->footer("With every command: --config FILE, --data DIR, --json; 'reveille --help' says what they mean.");
  added->final_callback([&line, command] { line.command = command; });
  return added;
}

void describe_operations(CLI::App& app, CommandLine& line) {
  add_command(app, line, Command::devices, "devices", "Show the devices of one user, or of all")
      ->add_option("address", line.argument, "user@domain");
  add_command(app, line, Command::trace, "trace", "Tell what became of a call, message or push, step by step")
      ->add_option("id", line.argument, "Tracking id, SIP Call-ID, archive id or push id")
      ->required();
  auto* push = app.add_subcommand("push", "Try pushes")->fallthrough();
  push->require_subcommand(1);
  add_command(*push, line, Command::push_test, "test", "Send a test alert to a device, and show the provider's answer")
      ->add_option("device", line.argument, "The device's instance id, as 'reveille devices' shows it")
      ->required();
}

void describe_people(CLI::App& app, CommandLine& line, bool& password_from_input) {
  auto* user = app.add_subcommand("user", "Add and list users")->fallthrough();
  user->require_subcommand(1);
  auto* add = add_command(*user, line, Command::user_add, "add", "Add a user, or change his password");
  add->add_option("address", line.argument, "user@domain")->required();
  add->add_flag("--password-stdin", password_from_input, "Read the password from standard input")->required();
  add_command(*user, line, Command::user_list, "list", "List the users");
  auto* client = app.add_subcommand("client", "Credentials for servers that use this push service")->fallthrough();
  client->require_subcommand(1);
  auto* add_client = add_command(*client, line, Command::client_add, "add",
                                 "Make client credentials: the secret is shown once, or written to a file");
  add_client->add_option("name", line.argument, "The tenant's name: letters, digits, '-', '_' and '.'")->required();
  add_client->add_option("--secret-file", line.secret_file, "Write the secret to this new file (mode 0600)");
}

// A Call-ID is pasted as it stands in a log, and may begin with a dash (RFC 3261 §25.1, `word`). No option but -h has a
// single one, so behind `trace` such a word is the id. It goes behind `--`, where the parser looks for no options.
void move_identifier_behind_options(std::vector<std::string>& words) {
  auto const begins_with_one_dash = [](std::string_view word) {
    return word.starts_with('-') && !word.starts_with("--") && word != "-h";
  };
  auto const command = std::ranges::find(words, "trace");
  auto const end_of_options = std::ranges::find(command, words.end(), "--");
  auto const identifier = std::find_if(command, end_of_options, begins_with_one_dash);
  if (identifier == end_of_options) return;
  std::ranges::rotate(identifier, identifier + 1, words.end());
  words.insert(words.end() - 1, "--");
}

}  // namespace

std::expected<CommandLine, Finished> parse_command_line(int count, char const* const* words) {
  CommandLine line;
  auto json = false;
  auto password_from_input = false;
  CLI::App app{"Reveille: calls and messages that wake sleeping phones", "reveille"};
  app.require_subcommand(1);
  app.add_option("--config", line.config, "Configuration file (TOML)");
  app.add_option("--data", line.data, "Data folder; default: as configured, else ./reveille-data");
  app.add_flag("--json", json, "One JSON object a line");
  add_command(app, line, Command::serve, "serve", "Run the server until SIGTERM or SIGINT")
      ->add_option("--log", line.log_level, "What to log: debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  add_command(app, line, Command::check_config, "check-config", "Check a configuration file, and what it refers to")
      ->add_option("file", line.argument, "Configuration file (TOML)")
      ->required();
  describe_people(app, line, password_from_input);
  describe_operations(app, line);
  add_command(app, line, Command::version, "version", "Show the version");
  auto const given = std::span(words, static_cast<std::size_t>(count)) | std::views::drop(1);
  std::vector<std::string> arguments(given.begin(), given.end());
  move_identifier_behind_options(arguments);
  std::ranges::reverse(arguments);  // as the parser takes them
  try {
    app.parse(std::move(arguments));
  } catch (CLI::ParseError const& error) {
    std::ostringstream text;
    auto const code = app.exit(error, text, text);
    return std::unexpected(Finished{.code = code == 0 ? exit_ok : exit_usage, .text = text.str()});
  }
  line.form = json ? Form::json : Form::text;
  return line;
}

}  // namespace reveille::node
