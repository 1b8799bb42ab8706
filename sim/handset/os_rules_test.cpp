#include "sim/handset/os_rules.hpp"

#include <gtest/gtest.h>

namespace reveille::sim::handset {
namespace {

// A phone on the virtual clock; what the OS did is a list of short texts.
class OsRulesTest : public testing::Test {
 protected:
  std::vector<std::string> hear(OsInput const& input) {
    std::vector<std::string> said;
    for (auto const& action : rules.on(input, clock.now())) said.push_back(text_of(action));
    return said;
  }
  std::vector<std::string> wait(Duration time) {
    clock.advance(time);
    return hear(TimePasses{});
  }
  void fall_asleep() {
    hear(Gesture::open);
    hear(Gesture::home);
    wait(5s);
    ASSERT_EQ(rules.app(), AppState::suspended);
  }

  static std::string text_of(OsAction const& action) {
    struct Texts {
      std::string operator()(AppMoves const& a) {
        return std::string(name_of(a.from)) + " to " + std::string(name_of(a.to));
      }
      std::string operator()(AppEnds const& a) {
        return a.reason == EndReason::user ? "ended by user" : "killed by OS";
      }
      std::string operator()(HandToApp const& a) { return "app gets " + a.push.id; }
      std::string operator()(RunExtension const& a) { return "extension gets " + a.push.id; }
      std::string operator()(ShowNotification const& a) {
        return "shows " + a.notification.title + ": " + a.notification.body;
      }
      std::string operator()(ClearNotifications const& a) { return "clears " + std::to_string(a.ids.size()); }
      std::string operator()(ShowBadge const& a) { return "badge " + std::to_string(a.badge); }
      std::string operator()(DropPush const& a) { return "drops " + a.push_id; }
      std::string operator()(Refuse const&) { return "refuses"; }
    };
    return std::visit(Texts{}, action);
  }

  static PushArrives voip(std::string id) {
    return {{.id = std::move(id), .type = PushType::voip, .subject = PushSubject::call}};
  }
  static PushArrives alert(std::string id, std::string collapse = {}) {
    return {
        {.id = std::move(id), .collapse_id = std::move(collapse), .title = "Romeo", .body = "hi", .has_alert = true}};
  }
  static PushArrives background(std::string id) {
    return {{.id = std::move(id), .type = PushType::background, .content_available = true}};
  }

  VirtualClock clock;
  OsRules rules{OsProfile{}};
};

using Said = std::vector<std::string>;

// B-MODE-1 and B-MODE-2.
TEST_F(OsRulesTest, AnAppOffScreenHasSomeTimeAndIsThenSuspended) {
  EXPECT_EQ(rules.mode(), "killed");
  EXPECT_EQ(hear(Gesture::open), Said{"not_running to foreground"});
  EXPECT_EQ(rules.mode(), "foreground");
  EXPECT_EQ(hear(Gesture::home), Said{"foreground to background"});
  EXPECT_EQ(rules.next_deadline(), clock.now() + 5s);
  EXPECT_EQ(rules.mode(), "off_screen");
  EXPECT_EQ(wait(4s), Said{});
  EXPECT_EQ(wait(1s), Said{"background to suspended"});
  EXPECT_EQ(rules.next_deadline(), std::nullopt);
  EXPECT_EQ(hear(Gesture::open), Said{"suspended to foreground"});
}

TEST_F(OsRulesTest, ALockedPhoneComesBackToItsAppWhenUnlocked) {
  hear(Gesture::open);
  EXPECT_EQ(hear(Gesture::lock), Said{"foreground to background"});
  EXPECT_EQ(rules.mode(), "locked");
  EXPECT_EQ(hear(Gesture::unlock), Said{"background to foreground"});
  EXPECT_EQ(rules.next_deadline(), std::nullopt);
  hear(Gesture::screen_off);
  EXPECT_EQ(rules.mode(), "screen_off");
  EXPECT_EQ(wait(5s), Said{"background to suspended"});
  EXPECT_EQ(hear(Gesture::unlock), Said{"suspended to foreground"});
}

TEST_F(OsRulesTest, UnlockingShowsNoAppThatWasNotInFront) {
  fall_asleep();
  EXPECT_EQ(hear(Gesture::lock), Said{});
  EXPECT_EQ(hear(Gesture::unlock), Said{});
  EXPECT_EQ(rules.app(), AppState::suspended);
}

TEST_F(OsRulesTest, AVoipPushWakesASuspendedApp) {
  fall_asleep();
  EXPECT_EQ(hear(voip("p1")), (Said{"suspended to background", "app gets p1"}));
  EXPECT_EQ(hear(CallReported{"p1", "call"}), Said{});
  EXPECT_EQ(hear(PushHandled{"p1"}), Said{});
  // B-MODE-6: in a call it stays awake though nobody looks at it.
  EXPECT_EQ(wait(10min), Said{});
  EXPECT_EQ(rules.app(), AppState::background);
  hear(CallOver{"call"});
  EXPECT_EQ(wait(5s), Said{"background to suspended"});
}

TEST_F(OsRulesTest, AVoipPushStartsAnAppThatTheUserEnded) {
  fall_asleep();
  EXPECT_EQ(hear(Gesture::kill), Said{"ended by user"});
  EXPECT_EQ(rules.mode(), "killed");
  EXPECT_EQ(hear(voip("p1")), (Said{"not_running to background", "app gets p1"}));
}

TEST_F(OsRulesTest, AnAppThatReportsNoCallIsKilledAndInTheEndGetsNoMore) {
  fall_asleep();
  hear(voip("p1"));
  EXPECT_EQ(hear(PushHandled{"p1"}), Said{"killed by OS"});
  hear(voip("p2"));
  EXPECT_EQ(wait(5s), Said{"killed by OS"});
  hear(voip("p3"));
  EXPECT_EQ(wait(5s), Said{"killed by OS"});
  EXPECT_EQ(hear(voip("p4")), Said{"drops p4"});
  EXPECT_EQ(rules.app(), AppState::not_running);
}

// Its last word comes when it is no more, and its calls went with it.
TEST_F(OsRulesTest, ACallOfAnAppThatHasEndedKeepsTheNextOneFromNoSleep) {
  hear(Gesture::open);
  hear(Gesture::kill);
  hear(CallReported{.push_id = {}, .call = "c1"});
  fall_asleep();
}

// An INVITE in the app's last moment: its word comes when its time was up.
TEST_F(OsRulesTest, AnAppThatReportsACallWhileItIsSuspendedGoesOn) {
  fall_asleep();
  EXPECT_EQ(hear(CallReported{.push_id = {}, .call = "c1"}), Said{"suspended to background"});
  wait(60s);
  EXPECT_EQ(rules.app(), AppState::background);
  hear(CallOver{"c1"});
  EXPECT_EQ(wait(5s), Said{"background to suspended"});
}

TEST_F(OsRulesTest, BeforeIos13AVoipPushOwesNoCall) {
  rules = OsRules(OsProfile{.voip_must_show_call = false});
  fall_asleep();
  EXPECT_EQ(hear(voip("p1")), (Said{"suspended to background", "app gets p1"}));
  EXPECT_EQ(hear(PushHandled{"p1"}), Said{});
  EXPECT_EQ(wait(5s), Said{"background to suspended"});
}

TEST_F(OsRulesTest, TheOsShowsAnAlertAndTheAppSleepsOn) {
  fall_asleep();
  EXPECT_EQ(hear(alert("p1")), Said{"shows Romeo: hi"});
  EXPECT_EQ(rules.app(), AppState::suspended);
  EXPECT_EQ(hear(Gesture::tap), (Said{"clears 1", "suspended to foreground"}));
  EXPECT_EQ(hear(Gesture::tap), Said{"refuses"});
}

TEST_F(OsRulesTest, AlertsOfOneCollapseIdReplaceEachOther) {
  fall_asleep();
  hear(alert("p1", "c"));
  hear(alert("p2", "c"));
  hear(alert("p3", "d"));
  EXPECT_EQ(rules.notifications().size(), 2U);
  EXPECT_EQ(hear(NotificationsRead{}), Said{"clears 2"});
  EXPECT_EQ(hear(NotificationsRead{}), Said{});
}

TEST_F(OsRulesTest, MutableContentRunsTheExtensionAndNotTheApp) {
  fall_asleep();
  auto push = alert("p1");
  push.push.mutable_content = true;
  EXPECT_EQ(hear(push), Said{"extension gets p1"});
  EXPECT_EQ(hear(ExtensionDone{"p1", "Romeo M.", "wherefore"}), Said{"shows Romeo M.: wherefore"});
  EXPECT_EQ(hear(ExtensionDone{"p1", "again", ""}), Said{});
  EXPECT_EQ(rules.app(), AppState::suspended);
}

TEST_F(OsRulesTest, AnExtensionThatHangsGivesTheFallbackText) {
  fall_asleep();
  auto push = alert("p1");
  push.push.mutable_content = true;
  hear(push);
  EXPECT_EQ(wait(30s), Said{"shows Romeo: hi"});
  EXPECT_EQ(hear(ExtensionDone{"p1", "late", ""}), Said{});
}

TEST_F(OsRulesTest, AForegroundAppGetsTheAlertItself) {
  hear(Gesture::open);
  EXPECT_EQ(hear(alert("p1")), Said{"app gets p1"});
  EXPECT_TRUE(rules.notifications().empty());
}

TEST_F(OsRulesTest, ABadgeOfZeroTakesTheNotificationsAway) {
  fall_asleep();
  hear(alert("p1"));
  EXPECT_EQ(hear(PushArrives{{.id = "p2", .badge = 4}}), Said{"badge 4"});
  EXPECT_EQ(hear(PushArrives{{.id = "p3", .badge = 0}}), (Said{"badge 0", "clears 1"}));
}

TEST_F(OsRulesTest, BackgroundPushesHaveABudget) {
  fall_asleep();
  EXPECT_EQ(hear(background("p1")), (Said{"suspended to background", "app gets p1"}));
  hear(PushHandled{"p1"});
  EXPECT_EQ(wait(5s), Said{"background to suspended"});
  hear(background("p2"));
  hear(background("p3"));
  EXPECT_EQ(hear(background("p4")), Said{"drops p4"});
  wait(1h);
  EXPECT_EQ(hear(background("p5")).back(), "app gets p5");
}

TEST_F(OsRulesTest, NoBackgroundPushStartsAnAppThatTheUserEnded) {
  fall_asleep();
  hear(Gesture::kill);
  EXPECT_EQ(hear(background("p1")), Said{"drops p1"});
  EXPECT_EQ(hear(alert("p2")), Said{"shows Romeo: hi"});
}

TEST_F(OsRulesTest, AnUnhandledBackgroundPushEndsAfterHalfAMinute) {
  fall_asleep();
  hear(background("p1"));
  EXPECT_EQ(wait(29s), Said{});
  wait(1s);
  EXPECT_EQ(wait(5s), Said{"background to suspended"});
}

TEST_F(OsRulesTest, ADeskPhoneNeverSleeps) {
  rules = OsRules(OsProfile{.sleeps = false});
  EXPECT_EQ(hear(Gesture::open), Said{"not_running to foreground"});
  EXPECT_EQ(hear(Gesture::home), Said{"refuses"});
  EXPECT_EQ(hear(Gesture::lock), Said{"refuses"});
  EXPECT_EQ(wait(24h), Said{});
  EXPECT_EQ(rules.mode(), "foreground");
  EXPECT_EQ(hear(Gesture::kill), Said{"ended by user"});
}

}  // namespace
}  // namespace reveille::sim::handset
