// The command line of `reveille-sim handset`.
#pragma once

namespace CLI {
class App;
}

namespace reveille::sim::handset {

// Adds the subcommand; when it is given, it runs until the phone is switched off and leaves its exit code in `result`.
void add_handset_command(CLI::App& app, int& result);

}  // namespace reveille::sim::handset
