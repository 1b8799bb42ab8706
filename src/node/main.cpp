#include "node/command_line.hpp"
#include "node/commands.hpp"
#include "node/version.hpp"

#include <cstdio>
#include <exception>

int main(int count, char** words) {
  using namespace reveille::node;
  try {
    auto const line = parse_command_line(count, words);
    if (line) return run(*line);
    std::fputs(line.error().text.c_str(), line.error().code == exit_ok ? stdout : stderr);
    return line.error().code;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "reveille: %s\n", error.what());
    return exit_failure;
  }
}
