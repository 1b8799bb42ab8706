// What a restart does about the calls that the last run left: B-CALL-13, B-CALL-3, B-CALL-9.
#include "decide/calls/record.hpp"

#include "decide/calls/conversation.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

using namespace model;
using namespace test;

// A call that is interrupted, and the run of the server that finds it.
struct Interrupted {
  VirtualClock clock{from_unix_seconds(1'800'000'000)};
  std::vector<std::string> nodes = {};
  CallPolicy policy = {};
  CallRules rules{.policy = policy, .push = {.switched_on = true, .apns = true}, .nodes = nodes};
  std::vector<Device> devices = {iphone("iphone"), desk("desk")};
  Call call = {};
  std::string disk = {};
  std::vector<CallDecision> then = {};

  Interrupted& hear(CallEvent const& event) {
    then = on(call, event, rules, clock.now());
    return keep();
  }
  Interrupted& offer(std::vector<Target> targets = {}) {
    return hear(CallOffered{.offer = {.callee = AccountId{"juliet@localhost"},
                                      .tracking = TrackingId{"11111111-2222-8333-8444-555555555555"},
                                      .call_id = "id",
                                      .from_tag = "tag",
                                      .cseq = 7,
                                      .caller = {.name = "Romeo", .address = "romeo@localhost"},
                                      .media = Media::video,
                                      .arrived = clock.now()},
                            .devices = devices,
                            .targets = std::move(targets)});
  }
  Interrupted& push_says(PushState state) {
    return hear(PushAnswered{{.id = call.legs.at(0).push_id, .state = state}});
  }
  Interrupted& notice_says(PushState state) {
    return hear(PushAnswered{{.id = call.legs.at(0).notice_id, .state = state}});
  }
  // The process ends, and another starts after that time.
  Interrupted& kill(Duration down) {
    clock.advance(down);
    auto record = unpack_call_record(disk);
    EXPECT_TRUE(record);
    auto revival = revive(std::move(*record), devices, rules, clock.now());
    call = std::move(revival.call);
    then = std::move(revival.then);
    return keep();
  }
  Interrupted& keep() {
    for (auto const& decision : then) {
      if (std::holds_alternative<ForgetCall>(decision)) disk.clear();
      if (!std::holds_alternative<RememberCall>(decision)) continue;
      auto record = record_of(call);
      for (auto& branch : record.branches) branch.via = "SIP/2.0/UDP us;branch=z9hG4bK1";
      disk = pack(record);
    }
    return *this;
  }
  template <class Decision>
  [[nodiscard]] std::vector<Decision> all() const {
    std::vector<Decision> found;
    for (auto const& decision : then)
      if (auto const* one = std::get_if<Decision>(&decision)) found.push_back(*one);
    return found;
  }
};

TEST(CallRecord, B_CALL_13_a_waiting_call_ends_interrupted_and_leaves_a_notice) {
  Interrupted house;
  house.offer();
  auto const uuid = house.call.legs.at(0).call_uuid;
  auto const push = house.call.legs.at(0).push_id;
  house.kill(20s);
  ASSERT_EQ(house.all<NoteMilestone>().size(), 1U);
  EXPECT_EQ(house.all<NoteMilestone>()[0].step.milestone, Milestone::interrupted);
  EXPECT_EQ(house.all<BeginTrace>().at(0).head.call_id, "id") << "the trace may never have reached the disk";
  EXPECT_EQ(house.all<TakeBackPush>().at(0).id, push);
  auto const notice = house.all<RequestPush>().at(0).request;
  EXPECT_EQ(notice.push_class, PushClass::missed_call);
  EXPECT_EQ(notice.channel, ChannelName::message);
  EXPECT_EQ(notice.alert_title, "Romeo");
  EXPECT_EQ(notice.alert_body, "Missed video call");
  EXPECT_NE(notice.payload.find(uuid), std::string::npos) << "the phone knows which call";
  EXPECT_TRUE(house.all<AnswerCaller>().empty());
}

TEST(CallRecord, B_CALL_13_a_second_kill_repeats_the_notice_and_not_the_end) {
  Interrupted house;
  house.offer().kill(1s);
  auto const notice = house.all<RequestPush>().at(0).request.id;
  house.kill(1s);
  EXPECT_TRUE(house.all<NoteMilestone>().empty());
  EXPECT_EQ(house.all<RequestPush>().at(0).request.id, notice) << "asking twice is asking once";
  house.notice_says(PushState::accepted_by_provider);
  EXPECT_FALSE(house.disk.empty()) << "accounted for, but the phone may come yet";
  house.clock.set(house.call.late_until);
  house.hear(DeadlinePassed{});
  EXPECT_TRUE(house.disk.empty());
}

TEST(CallRecord, B_CALL_9_a_phone_that_comes_late_gets_invite_and_cancel) {
  Interrupted house;
  house.offer().kill(2s).hear(registers("iphone", 4));
  EXPECT_EQ(house.all<AcknowledgePush>().size(), 1U);
  EXPECT_EQ(house.all<RingFlow>().at(0).target.flow.slot, 4U);
  EXPECT_EQ(house.all<CancelBranch>().at(0).reason, "SIP;cause=480;text=\"Interrupted\"");
  house.hear(says(0, 200));
  EXPECT_EQ(house.all<EndAnswered>().size(), 1U);
  EXPECT_TRUE(house.all<ForwardResponse>().empty()) << "there is no caller any more";
}

TEST(CallRecord, B_CALL_9_whatever_ended_the_call_before_the_restart) {
  Interrupted house;
  house.offer({at("desk", 1)}).push_says(PushState::accepted_by_provider).hear(says(0, 200));
  house.notice_says(PushState::accepted_by_provider).kill(2s);
  EXPECT_TRUE(house.all<RequestPush>().empty()) << "it has been told";
  EXPECT_TRUE(house.all<NoteMilestone>().empty());
  house.hear(registers("iphone", 4));
  EXPECT_EQ(house.all<RingFlow>().at(0).target.flow.slot, 4U);
  EXPECT_EQ(house.all<CancelBranch>().at(0).reason, "SIP;cause=200;text=\"Call completed elsewhere\"");
  house.hear(says(0, 487));
  EXPECT_TRUE(house.disk.empty());

  Interrupted later;
  later.offer().push_says(PushState::accepted_by_provider).hear(CallerCancelled{});
  later.notice_says(PushState::accepted_by_provider).kill(61s);
  EXPECT_TRUE(later.disk.empty());
  EXPECT_TRUE(is_over(later.call, later.clock.now()));
}

TEST(CallRecord, keeps_a_call_to_a_sips_uri_on_tls) {
  auto const packed = pack(CallRecord{.offer = {.callee = AccountId{"juliet@localhost"}, .hops = Hops::secured}});
  EXPECT_EQ(unpack_call_record(packed).value().offer.hops, Hops::secured);
}

TEST(CallRecord, of_the_version_before_is_read_too) {
  Interrupted house;
  house.devices = {desk("desk")};
  house.offer({at("desk", 1)});
  house.disk[0] = 2;
  house.disk.pop_back();  // which hops it may take
  ASSERT_TRUE(unpack_call_record(house.disk));
  EXPECT_EQ(unpack_call_record(house.disk)->branches.size(), 1U);
  house.disk[0] = 4;
  EXPECT_FALSE(unpack_call_record(house.disk));
}

TEST(CallRecord, B_CALL_9_after_60_s_there_is_only_the_notice) {
  Interrupted house;
  house.offer().kill(61s);
  EXPECT_EQ(house.all<RequestPush>().size(), 1U);
  house.hear(registers("iphone", 4));
  EXPECT_TRUE(house.all<RingFlow>().empty());
  house.notice_says(PushState::accepted_by_provider);
  EXPECT_TRUE(is_over(house.call, house.clock.now()));
}

TEST(CallRecord, B_CALL_13_what_rings_is_cancelled_where_a_way_is_known) {
  Interrupted house;
  house.offer({at("desk", 0)}).kill(1s);
  ASSERT_EQ(house.all<CancelOldBranch>().size(), 1U) << "a datagram finds it where it was";
  EXPECT_EQ(house.all<CancelOldBranch>()[0].branch.via, "SIP/2.0/UDP us;branch=z9hG4bK1");

  Interrupted connected;
  connected.offer({at("desk", 1)}).kill(1s);
  EXPECT_TRUE(connected.all<CancelOldBranch>().empty()) << "its connection is gone";
  EXPECT_EQ(next_deadline(connected.call), connected.call.late_until);
  connected.kill(1s).hear(registers("desk", 2));
  ASSERT_EQ(connected.all<CancelOldBranch>().size(), 1U) << "after two kills too";
  EXPECT_EQ(connected.all<CancelOldBranch>()[0].branch.target.flow.slot, 2U);
  connected.hear(registers("desk", 2));
  EXPECT_TRUE(connected.all<CancelOldBranch>().empty()) << "once";
}

TEST(CallRecord, B_CALL_13_a_branch_rung_later_is_known_too) {
  Interrupted house;
  house.offer().hear(registers("iphone", 3)).kill(1s).hear(registers("iphone", 4));
  EXPECT_EQ(house.all<CancelOldBranch>().size(), 1U);
}

TEST(CallRecord, an_answered_call_leaves_nothing) {
  Interrupted house;
  house.devices = {desk("desk")};
  house.offer({at("desk", 1)});
  EXPECT_FALSE(house.disk.empty());
  house.hear(says(0, 200));
  EXPECT_TRUE(house.disk.empty());
}

TEST(CallRecord, B_CALL_3_a_notice_that_was_due_at_the_kill_goes_out_after_it) {
  Interrupted house;
  house.offer().hear(CallerCancelled{});
  EXPECT_FALSE(house.disk.empty()) << "whether the push went out is not known yet";
  house.kill(1s);
  EXPECT_TRUE(house.all<NoteMilestone>().empty()) << "its trace has ended as the caller wanted";
  EXPECT_EQ(house.all<RequestPush>().at(0).request.push_class, PushClass::missed_call);

  Interrupted taken_back;
  taken_back.offer().hear(CallerCancelled{}).push_says(PushState::taken_back);
  EXPECT_TRUE(taken_back.disk.empty()) << "nobody rang, nobody is told";

  Interrupted elsewhere;
  elsewhere.offer({at("desk", 1)}).push_says(PushState::accepted_by_provider).hear(says(0, 200)).kill(1s);
  EXPECT_EQ(elsewhere.all<RequestPush>().at(0).request.push_class, PushClass::answered_elsewhere);
}

TEST(CallRecord, a_device_that_is_gone_is_not_told) {
  Interrupted house;
  house.offer();
  house.devices.clear();
  house.kill(1s);
  EXPECT_TRUE(house.all<RequestPush>().empty());
  house.kill(60s);
  EXPECT_TRUE(house.disk.empty());
}

TEST(CallRecord, after_a_day_nobody_wants_to_know) {
  Interrupted house;
  house.offer().kill(25h);
  EXPECT_EQ(house.all<NoteMilestone>().size(), 1U);
  EXPECT_TRUE(house.all<RequestPush>().empty());
  EXPECT_TRUE(house.disk.empty());
}

TEST(CallRecord, a_record_cut_short_is_refused) {
  Interrupted house;
  house.offer({at("desk", 1)});
  for (std::size_t size = 0; size < house.disk.size(); ++size)
    EXPECT_FALSE(unpack_call_record(std::string_view(house.disk).substr(0, size)));
}

}  // namespace
}  // namespace reveille::decide
