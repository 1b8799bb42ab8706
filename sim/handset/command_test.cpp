#include "sim/handset/command.hpp"

#include <gtest/gtest.h>

namespace reveille::sim::handset {
namespace {

TEST(Command, ReadsWhatInterfacesName) {
  for (auto const* word : {"open", "home", "lock", "unlock", "screen-off", "kill", "sign-in", "sign-out", "answer",
                           "decline", "hangup", "tap", "status", "quit"}) {
    auto const command = parse_command(word);
    ASSERT_TRUE(command) << word;
    EXPECT_EQ(name_of(command->kind), word);
  }
}

TEST(Command, ReadsCallsAndMessages) {
  auto const voice = parse_command("call romeo@localhost\r");
  ASSERT_TRUE(voice);
  EXPECT_EQ(voice->address, "romeo@localhost");
  EXPECT_EQ(voice->media, CallMedia::audio);
  EXPECT_EQ(parse_command(" call romeo@localhost video")->media, CallMedia::video);
  auto const message = parse_command("send romeo@localhost  wherefore art thou ");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->text, " wherefore art thou ");
}

TEST(Command, RefusesWhatItDoesNotUnderstand) {
  for (auto const* line : {"", "dance", "open now", "call", "call romeo", "call @x", "call a@", "call a@b audio",
                           "send a@b", "call a>b@c", "OPEN"})
    EXPECT_FALSE(parse_command(line)) << line;
  EXPECT_FALSE(parse_command("send a@b " + std::string(70000, 'x')));
}

}  // namespace
}  // namespace reveille::sim::handset
