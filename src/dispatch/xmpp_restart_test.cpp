// Who is there and who is gone for a client that resumes its stream when the process is another one: RFC 6121
// section 4.
#include "dispatch/house_test.hpp"

namespace reveille::dispatch::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Contacts, and each with a desk that cannot be resumed.
struct AfterTheProcess : Two {
  std::map<std::string, Phone> desks = {};

  void SetUp() override {
    Two::SetUp();
    befriend();
    juliet.say("<presence type='subscribe' to='romeo@localhost'/>");
    romeo.say("<presence type='subscribed' to='juliet@localhost'/>");
    for (auto const* user : {"romeo", "juliet"}) open_desk(user);
    EXPECT_THAT(juliet.heard("from='romeo@localhost/desk'"), SizeIs(1));
    juliet.acknowledge();
    house.settle();
  }
  void open_desk(std::string const& user) {
    desks.erase(user);
    auto& desk = desks.emplace(user, Phone{house, user}).first->second;
    house.messages->on_bind_requested(desk.stream, model::AccountId{user + "@localhost"}, "desk");
    house.settle();
    auto presence = parse_element("<presence/>");
    house.messages->on_stanza(desk.stream, presence->set("from", user + "@localhost/desk"));
    house.settle();
  }
  void stop() {
    house.messages->stop();
    for (auto const& [user, desk] : desks) house.messages->on_ended(desk.stream, StreamEnd::closed_by_us);
    for (auto const* phone : {&romeo, &juliet}) house.messages->on_ended(phone->stream, StreamEnd::closed_by_us);
    house.start();
  }
  std::vector<std::string> presences_after_resumption() {
    juliet.resume();
    auto heard = juliet.heard("<presence");
    juliet.acknowledge();
    house.settle();
    juliet.lose();
    juliet.resume();
    EXPECT_THAT(juliet.heard("unavailable"), IsEmpty()) << "it is told once";
    return heard;
  }
};

// RFC 6121 section 4.5: nobody could say who went with the process.
TEST_F(AfterTheProcess, AKillTakesAwayWhoCannotComeBack) {
  for (auto const how : {"", "away", "and a stop", "away and a stop"}) {
    std::string_view const way = how;
    if (way.starts_with("away")) juliet.lose();
    house.start();
    if (way.ends_with("and a stop")) stop();
    EXPECT_THAT(
        presences_after_resumption(),
        ElementsAre(HasSubstr("type='unavailable' from='juliet@localhost' to='juliet@localhost/phone'"),
                    HasSubstr("<presence from='juliet@localhost/phone'"),
                    HasSubstr("type='unavailable' from='romeo@localhost' "), HasSubstr("from='romeo@localhost/phone'")))
        << how;
    for (auto const* user : {"romeo", "juliet"}) open_desk(user);
    juliet.heard();
    juliet.acknowledge();
    house.settle();
  }
}

TEST_F(AfterTheProcess, AStopTellsWhoGoesWithIt) {
  stop();
  EXPECT_THAT(presences_after_resumption(),
              testing::UnorderedElementsAre(HasSubstr("type='unavailable' from='juliet@localhost/desk'"),
                                            HasSubstr("type='unavailable' from='romeo@localhost/desk'"),
                                            HasSubstr("from='romeo@localhost/phone'")));
}

// What has not ended when the process does has not been told either.
TEST_F(AfterTheProcess, AStopThatWaitsInVainForAStreamIsAKill) {
  house.messages->stop();
  for (auto const* phone : {&romeo, &juliet}) house.messages->on_ended(phone->stream, StreamEnd::closed_by_us);
  house.start();
  EXPECT_THAT(presences_after_resumption(), Contains(HasSubstr("type='unavailable' from='romeo@localhost' ")));
}

// A client that is not available has been shown nobody.
TEST_F(AfterTheProcess, WhoWasNotAvailableIsToldOfNobody) {
  juliet.say("<presence type='unavailable'/>");
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  house.start();
  EXPECT_THAT(presences_after_resumption(), testing::Not(Contains(HasSubstr("unavailable"))));
}

}  // namespace
}  // namespace reveille::dispatch::test
