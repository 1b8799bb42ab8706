// Sleeping clients are pushed before their bindings expire: RFC 8599 section 5.5, B-CALL-7, B-SIGN-5.
#include "dispatch/devices.hpp"
#include "dispatch/registrations.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace reveille::dispatch {
namespace {

using namespace model;

AccountId const juliet{"juliet@localhost"};
InstanceId const phone{"00000000-0000-4000-8000-000000000001"};

struct NoTraces final : TracePort {
  void begin(TraceHead) override {}
  void step(TraceStep) override {}
};

struct Pushes final : PushPort {
  std::vector<PushRequest> requests = {};
  std::vector<std::string> acknowledged = {};
  void request(PushRequest request, Answer) override { requests.push_back(std::move(request)); }
  void take_back(PushId const&) override {}
  void acknowledge(PushId const& id) override { acknowledged.push_back(id.value); }
  [[nodiscard]] bool has_credential(Provider, Environment) const override { return true; }
  [[nodiscard]] bool serves(Provider, Environment) const override { return true; }
};

struct House {
  VirtualClock clock;
  SeededRandom random{7};
  Policy policy = {};
  NoTraces traces;
  Pushes pushes;
  std::deque<std::move_only_function<void()>> posted = {};
  store::MemoryStore store{[this](auto job) { posted.push_back(std::move(job)); }};
  Shard shard{.clock = clock, .random = random, .policy = policy, .store = store, .traces = traces, .push = pushes};
  std::unique_ptr<Registrations> registrations = std::make_unique<Registrations>(shard);
  DeviceUpdate device{.instance = phone,
                      .app = "org.linphone.phone",
                      .platform = Platform::ios,
                      .provider = Provider::apns,
                      .voip_token = "b01b",
                      .message_token = "e0e1",
                      .uses_call = true};
  std::uint32_t cseq = 0;

  House() { shard.directory.put(juliet, {}); }

  void settle() {
    for (; !posted.empty(); posted.pop_front()) posted.front()();
  }
  void registers(Duration expires = 600s) {
    RegisterRequest request{.call_id = "call",
                            .cseq = ++cseq,
                            .kind = ContactsKind::listed,
                            .remote = "udp 192.0.2.1:5060",
                            .fingerprint = RegisterFingerprint{1}};
    request.contacts.push_back(
        {.uri = "sip:juliet@192.0.2.1", .expires = expires, .instance = phone, .device = device});
    registrations->register_contacts(juliet, std::move(request), {.remote = "udp 192.0.2.1:5060"}, [](auto const&) {});
    settle();
  }
  bool refreshes() { return registrations->refresh(RegisterFingerprint{1}, ++cseq).has_value(); }
  void pass(Duration time) {
    for (auto const end = clock.now() + time; clock.now() < end;) {
      clock.advance(1s);
      shard.deadlines.run(clock.now());
      settle();
    }
  }
};

TEST(RefreshPushes, B_CALL_7_a_sleeping_client_is_pushed_once_before_each_end) {
  House house;
  house.registers();
  house.pass(469s);
  EXPECT_TRUE(house.pushes.requests.empty());
  house.pass(1s);
  ASSERT_EQ(house.pushes.requests.size(), 1U);
  auto const& push = house.pushes.requests[0];
  EXPECT_EQ(push.push_class, PushClass::background);
  EXPECT_EQ(push.channel, ChannelName::message);
  EXPECT_EQ(push.target.token, "e0e1");
  EXPECT_EQ(push.expires_at, house.clock.now() + push_refresh_before_end);
  house.pass(10s);
  house.registers();
  EXPECT_EQ(house.pushes.acknowledged, std::vector<std::string>{push.id.value});
  house.pass(469s);
  EXPECT_EQ(house.pushes.requests.size(), 1U);
  house.pass(1s);
  ASSERT_EQ(house.pushes.requests.size(), 2U);
  EXPECT_NE(house.pushes.requests[1].id, house.pushes.requests[0].id);
}

TEST(RefreshPushes, a_binding_shorter_than_the_usual_time_before_its_end_is_pushed_half_way) {
  House house;
  house.registers(100s);
  house.pass(49s);
  EXPECT_TRUE(house.pushes.requests.empty());
  house.pass(1s);
  EXPECT_EQ(house.pushes.requests.size(), 1U);
}

TEST(RefreshPushes, B_SIGN_5_nothing_is_pushed_after_the_end_nor_kept) {
  House house;
  house.registers();
  house.pass(1h);
  EXPECT_EQ(house.pushes.requests.size(), 1U);
  EXPECT_EQ(house.shard.deadlines.size(), 0U);
}

TEST(RefreshPushes, a_client_that_refreshes_by_itself_is_left_alone) {
  House house;
  house.registers();
  for (int i = 0; i < 20; ++i) {
    house.pass(300s);
    if (!house.refreshes()) house.registers();
    EXPECT_EQ(house.shard.deadlines.size(), 1U);
  }
  EXPECT_TRUE(house.pushes.requests.empty());
  house.pass(470s);
  EXPECT_EQ(house.pushes.requests.size(), 1U);
}

TEST(RefreshPushes, a_pushed_client_that_repeats_itself_is_pushed_again_next_time) {
  House house;
  house.registers();
  house.pass(475s);
  EXPECT_TRUE(house.refreshes());
  house.pass(470s);
  EXPECT_EQ(house.pushes.requests.size(), 2U);
}

TEST(RefreshPushes, B_SIGN_5_never_on_the_voip_channel_and_not_to_clients_of_ours) {
  House voip_only;
  voip_only.device.message_token = {};
  voip_only.registers();
  EXPECT_EQ(voip_only.shard.deadlines.size(), 0U);
  House ours;
  ours.device.os_version = "18.0";
  ours.registers();
  EXPECT_EQ(ours.shard.deadlines.size(), 0U);
}

TEST(RefreshPushes, signing_out_ends_them) {
  House house;
  house.registers();
  house.registers(0s);
  house.pass(1h);
  EXPECT_TRUE(house.pushes.requests.empty());
}

TEST(RefreshPushes, a_device_whose_calls_were_ended_over_rest_is_left_alone) {
  House house;
  house.registers();
  Devices devices{house.shard, *house.registrations};
  auto without_calls = house.device;
  without_calls.uses_call = false;
  without_calls.uses_im = true;
  std::optional<Result<Device, DeviceRefusal>> told;
  devices.register_device(juliet, without_calls, [&](auto device) { told = std::move(device); });
  house.settle();
  ASSERT_TRUE(told && *told);
  house.pass(1h);
  EXPECT_TRUE(house.pushes.requests.empty());
  EXPECT_EQ(house.shard.deadlines.size(), 0U);
}

TEST(RefreshPushes, B_CALL_7_the_next_run_pushes_whom_the_last_would_have) {
  House house;
  house.registers();
  house.registrations = std::make_unique<Registrations>(house.shard);
  EXPECT_EQ(house.shard.deadlines.size(), 0U);
  house.registrations->start();
  house.pass(470s);
  EXPECT_EQ(house.pushes.requests.size(), 1U);
}

}  // namespace
}  // namespace reveille::dispatch
