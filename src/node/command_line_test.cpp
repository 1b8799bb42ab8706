#include "node/command_line.hpp"

#include "node/version.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace reveille::node {
namespace {

std::expected<CommandLine, Finished> parsed(std::vector<char const*> words) {
  words.insert(words.begin(), "reveille");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

// The CLI of interfaces.md §1: an id is pasted from a log, and a Call-ID may begin with a dash (RFC 3261 §25.1,
// `word`).
TEST(CommandLine, TakesAnIdThatBeginsWithADashWhereverTheOptionsStand) {
  std::vector<std::vector<char const*>> const ways = {
      {"trace", "-Z5oSCrMC7", "--json", "--data", "folder"},
      {"trace", "--json", "-Z5oSCrMC7", "--data=folder"},
      {"--data", "folder", "--json", "trace", "-Z5oSCrMC7"},
      {"trace", "--json", "--data", "folder", "--", "-Z5oSCrMC7"},
  };
  for (auto const& words : ways) {
    auto const line = parsed(words);
    ASSERT_TRUE(line.has_value()) << line.error().text;
    EXPECT_EQ(line->command, Command::trace);
    EXPECT_EQ(line->argument, "-Z5oSCrMC7");
    EXPECT_EQ(line->form, Form::json);
    EXPECT_EQ(line->data, "folder");
  }
}

TEST(CommandLine, TakesALetterOfHelpAsTheBeginningOfAnIdAndHelpAsHelp) {
  EXPECT_EQ(parsed({"trace", "-hUx2@192.0.2.1"}).value().argument, "-hUx2@192.0.2.1");
  EXPECT_EQ(parsed({"trace", "-"}).value().argument, "-");
  auto const help = parsed({"trace", "-h"});
  ASSERT_FALSE(help.has_value());
  EXPECT_EQ(help.error().code, exit_ok);
}

TEST(CommandLine, NamesTheOptionsOfEveryCommandInTheHelpOfEach) {
  for (auto const& words : std::vector<std::vector<char const*>>{{"serve", "--help"}, {"user", "add", "--help"}}) {
    auto const help = parsed(words);
    ASSERT_FALSE(help.has_value());
    EXPECT_NE(help.error().text.find("--config FILE"), std::string::npos) << help.error().text;
  }
}

TEST(CommandLine, RefusesTwoIdsAndUnknownOptionsOfOtherCommands) {
  for (auto const& words : std::vector<std::vector<char const*>>{
           {"trace", "-a", "-b"}, {"trace"}, {"trace", "a", "--loud"}, {"devices", "-x"}, {}}) {
    auto const refused = parsed(words);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, exit_usage);
  }
}

}  // namespace
}  // namespace reveille::node
