// Commands: what each word of the command line does. Answers go to standard output, complaints to standard error; the
// return value is the exit code.
//
// A command that is about a server's data talks to the server that runs on the data folder; where none runs, it takes
// the folder's lock and works on the data itself.
#pragma once

#include "node/command_line.hpp"
#include "node/settings.hpp"

#include <expected>
#include <vector>

namespace reveille::node {

[[nodiscard]] int run(CommandLine const& line);

// The settings that a command line means: its file or the defaults, with its data folder.
[[nodiscard]] std::expected<Settings, Refused> settings_of(CommandLine const& line);

// commands/check_config.cpp
// What is wrong with the files that the settings name: what serve would refuse, and a certificate that has expired.
[[nodiscard]] std::vector<Fault> check_files(Settings const& settings);
[[nodiscard]] int check_config(CommandLine const& line);
// commands/ask.cpp: user, client, devices, trace, push test.
[[nodiscard]] int ask_server(CommandLine const& line);
// serve.cpp
[[nodiscard]] int serve(CommandLine const& line);

}  // namespace reveille::node
