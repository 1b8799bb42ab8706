// What a user says of his devices over REST, and what presence, messages and calls make of it: B-SIGN-2, B-MODE-4,
// B-MODE-5.
#include "dispatch/devices.hpp"

#include "dispatch/calls.hpp"
#include "dispatch/house_test.hpp"

#include <optional>

namespace reveille::dispatch::test {
namespace {

using namespace model;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

AccountId const his{"romeo@localhost"};
AccountId const hers{"juliet@localhost"};
InstanceId const phone{instance};

struct Hands final : deliver::CallHands {
  std::vector<std::string> did = {};
  void listen(Listener) override {}
  void hold(OfferId) override {}
  void release(OfferId) override {}
  void revive(Offer const&) override {}
  std::string via_of(OfferId, BranchNumber) override { return {}; }
  void cancel_old(Offer const&, CancelOldBranch const&) override {}
  void ring(Offer const&, RingFlow const&) override { did.emplace_back("ring"); }
  void forward(OfferId, ForwardResponse const&) override {}
  void answer(OfferId, int status) override { did.push_back("answer " + std::to_string(status)); }
  void cancel(OfferId, CancelBranch const&) override {}
  void end_answered(OfferId, EndAnswered const&) override {}
  void forget(OfferId) override {}
};

struct OwnDevices : Two {
  Hands hands;
  Calls calls{*house.shard, *house.registrations, hands};
  Devices devices{*house.shard, *house.registrations};

  static DeviceUpdate whole() {
    return {.instance = phone,
            .app = "org.example.app",
            .platform = Platform::ios,
            .os_version = "18.0",
            .provider = Provider::apns,
            .team = "TEAM",
            .voip_token = "0a0b0c0d",
            .message_token = "0e0f1a1b",
            .uses_call = true,
            .uses_im = true,
            .away_in_background = true};
  }
  using Told = std::optional<Result<Device, DeviceRefusal>>;
  // Answered when settled, and not before.
  Told put(AccountId const& account, DeviceUpdate update) {
    Told told;
    devices.register_device(account, std::move(update), [&](auto device) { told = std::move(device); });
    EXPECT_FALSE(told && *told) << "a promise before the disk has it";
    house.settle();
    return told;
  }
  Told mode(AccountId const& account, Mode mode, InstanceId const& on = phone) {
    Told told;
    devices.set_mode(account, on, mode, [&](auto device) { told = std::move(device); });
    EXPECT_TRUE(told) << "a mode waits for nothing";
    house.settle();
    return told;
  }
  std::optional<Result<void, DeviceRefusal>> sign_out(AccountId const& account, InstanceId const& on = phone) {
    std::optional<Result<void, DeviceRefusal>> told;
    devices.sign_out(account, on, [&](auto done) { told = done; });
    EXPECT_FALSE(told && *told) << "a promise before the disk has it";
    house.settle();
    return told;
  }
  [[nodiscard]] Entry& entry(AccountId const& account) const { return *house.shard->directory.find(account); }
  [[nodiscard]] std::optional<Device> kept(AccountId const& account) const {
    auto const registrations = entry(account).registrations();
    auto const* device = find_device(registrations, phone);
    return device == nullptr ? std::nullopt : std::optional(*device);
  }
  [[nodiscard]] DeviceState state(AccountId const& account) const {
    return state_of(entry(account), entry(account).registrations(), *kept(account), house.clock.now());
  }
  // By a REGISTER over a connection.
  void registers_by_sip() {
    RegisterRequest request{.call_id = "r", .cseq = 1, .kind = ContactsKind::listed, .remote = "tcp 192.0.2.1:5"};
    request.contacts.push_back(
        {.uri = "sip:juliet@192.0.2.1:5", .instance = phone, .device = {.instance = phone, .uses_call = true}});
    house.registrations->register_contacts(hers, request, {.flow = {.slot = 5, .generation = 1}}, [](auto) {});
    house.settle();
  }
  void romeo_calls() {
    calls.offer({.id = {.slot = 1, .generation = 1},
                 .callee = hers,
                 .tracking = TrackingId{"99999999-2222-4333-8444-555555555551"},
                 .call_id = "call",
                 .caller = {.address = his.value, .account = his},
                 .arrived = house.clock.now()});
    house.settle();
  }
  [[nodiscard]] std::vector<ChannelName> pushed() const {
    std::vector<ChannelName> channels;
    for (auto const& request : house.pushes.requests) channels.push_back(request.channel);
    return channels;
  }
};

TEST_F(OwnDevices, AreRegisteredFieldByFieldAndOnDiskBeforeTheAnswer) {
  ASSERT_TRUE(put(hers, whole()));
  auto const again = put(hers, {.instance = phone, .os_version = "18.1"});
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((*again)->os_version, "18.1");
  EXPECT_EQ((*again)->voip.token, "0a0b0c0d");
  EXPECT_EQ(state(hers), DeviceState::suspended);
  std::string on_disk;
  EXPECT_TRUE(house.store.for_each(store::Table::registrations, [&](auto account, auto packed) {
    if (account == hers.value) on_disk = packed;
  }));
  EXPECT_EQ(on_disk, entry(hers).packed_registrations());
  EXPECT_EQ(put(AccountId{"nobody@localhost"}, whole())->error(), DeviceRefusal::not_found);
}

TEST_F(OwnDevices, ATokenGoesToItsNewestHolder) {
  (void)put(his, whole());
  (void)put(hers, whole());
  EXPECT_EQ(kept(hers)->message.token, "0e0f1a1b");
  EXPECT_EQ(kept(his)->message.token, "") << "a shared phone must not ring for the last user";
  romeo.say("<message to='romeo@localhost' type='chat'><body>to myself</body></message>");
  house.pass(2s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
}

TEST_F(OwnDevices, WhatNoTokenOfApplesCanBeIsRefused) {
  auto update = whole();
  update.message_token = "not hex!";
  EXPECT_EQ(put(hers, update)->error(), DeviceRefusal::unfit_message_token);
  EXPECT_FALSE(kept(hers));
  (void)put(hers, whole());
  EXPECT_EQ(put(hers, {.instance = phone, .voip_token = "abc"})->error(), DeviceRefusal::unfit_voip_token);
  EXPECT_EQ(kept(hers)->voip.token, "0a0b0c0d");
}

TEST_F(OwnDevices, WhatTheDiskRefusesIsNotSo) {
  (void)put(his, whole());
  house.store.fail_with(Error{.code = ErrorCode::storage});
  EXPECT_EQ(put(hers, whole())->error(), DeviceRefusal::storage);
  EXPECT_FALSE(kept(hers));
  EXPECT_EQ(kept(his)->message.token, "0e0f1a1b");
  EXPECT_EQ(sign_out(his)->error(), DeviceRefusal::storage);
  EXPECT_TRUE(kept(his)->services.call);
  house.store.fail_with(Error{.code = ErrorCode::busy});
  EXPECT_EQ(sign_out(his)->error(), DeviceRefusal::overloaded);
  house.store.fail_with({});
  EXPECT_TRUE(sign_out(his)->has_value());
}

TEST_F(OwnDevices, OfSomeoneElseAreNotThere) {
  (void)put(hers, whole());
  EXPECT_EQ(mode(his, Mode::background)->error(), DeviceRefusal::not_found);
  EXPECT_EQ(sign_out(his)->error(), DeviceRefusal::not_found);
  EXPECT_EQ(mode(hers, Mode::background, InstanceId{"another"})->error(), DeviceRefusal::not_found);
  EXPECT_EQ(kept(hers)->reported_mode, Mode::foreground);
  EXPECT_TRUE(kept(hers)->services.call);
}

TEST_F(OwnDevices, AreNotWithoutEnd) {
  auto update = whole();
  for (std::size_t i = 0; i < 64; ++i) {
    update.instance = InstanceId{"device " + std::to_string(i)};
    update.voip_token = std::to_string(1000 + i);
    update.message_token = std::to_string(2000 + i);
    ASSERT_TRUE(put(hers, update)->has_value());
  }
  EXPECT_EQ(put(hers, whole())->error(), DeviceRefusal::too_many_devices);
  (void)sign_out(hers, InstanceId{"device 5"});
  EXPECT_TRUE(put(hers, whole())->has_value()) << "one that has signed out makes room";
}

// Exactly as XMPP's own element does.
TEST_F(OwnDevices, AModeMovesPresenceAndPushes) {
  befriend();
  juliet.enable_push();
  (void)romeo.heard();
  (void)mode(hers, Mode::background);
  EXPECT_EQ(state(hers), DeviceState::background);
  EXPECT_THAT(romeo.heard("<presence"), ElementsAre(testing::AllOf(HasSubstr("<show>away</show>"), HasSubstr("push"))));
  romeo_writes("wake");
  house.pass(1500ms);
  EXPECT_THAT(pushed(), ElementsAre(ChannelName::message));
  (void)mode(hers, Mode::background);
  EXPECT_THAT(romeo.heard("<presence"), IsEmpty()) << "the same again is no news";
  EXPECT_THAT(house.pushes.acknowledged, IsEmpty());
  (void)mode(hers, Mode::foreground);
  EXPECT_EQ(state(hers), DeviceState::foreground);
  EXPECT_THAT(romeo.heard("<presence"), ElementsAre(testing::Not(HasSubstr("away"))));
  EXPECT_THAT(house.pushes.acknowledged, ElementsAre(house.pushes.requests[0].id.value));
  romeo_writes("on screen");
  house.pass(1500ms);
  EXPECT_EQ(house.pushes.requests.size(), 1U);
}

TEST_F(OwnDevices, AModeStandsThoughTheDiskIsFull) {
  (void)put(hers, whole());
  house.store.fail_with(Error{.code = ErrorCode::storage});
  EXPECT_TRUE(mode(hers, Mode::background)->has_value());
  EXPECT_EQ(kept(hers)->reported_mode, Mode::background);
}

TEST_F(OwnDevices, AreWokenOnceTheyAreRegistered) {
  (void)put(hers, whole());
  romeo_calls();
  EXPECT_THAT(pushed(), ElementsAre(ChannelName::voip));
}

TEST_F(OwnDevices, ASignOutEndsEverything) {
  (void)put(hers, whole());
  registers_by_sip();
  ASSERT_EQ(state(hers), DeviceState::foreground);
  ASSERT_TRUE(sign_out(hers)->has_value());
  auto const device = kept(hers);
  EXPECT_EQ(device->voip.token + device->message.token, "");
  EXPECT_FALSE(device->services.call || device->services.im);
  EXPECT_THAT(entry(hers).registrations().bindings, IsEmpty());
  EXPECT_FALSE(entry(hers).calls) << "its connection serves nothing";
  EXPECT_EQ(state(hers), DeviceState::signed_out);
  romeo_calls();
  EXPECT_THAT(hands.did, ElementsAre("answer 480")) << "nobody to ring, nobody to wake";
  juliet.lose();
  romeo_writes("gone");
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
  EXPECT_TRUE(sign_out(hers)->has_value()) << "again: the same";
}

TEST_F(OwnDevices, ASignOutReachesTheCallThatWaitsForIt) {
  (void)put(hers, whole());
  romeo_calls();
  ASSERT_THAT(pushed(), ElementsAre(ChannelName::voip));
  (void)sign_out(hers);
  EXPECT_THAT(hands.did, ElementsAre("answer 480"));
  house.pass(20s);
  EXPECT_EQ(house.pushes.requests.size(), 1U) << "nor a notice of the missed call";
}

TEST_F(OwnDevices, AServiceThatIsNoLongerNamedHasEnded) {
  (void)put(hers, whole());
  romeo_calls();
  (void)put(hers, {.instance = phone, .uses_call = true, .uses_im = false});
  EXPECT_THAT(hands.did, IsEmpty()) << "it still takes calls";
  EXPECT_FALSE(kept(hers)->services.im);
  (void)put(hers, {.instance = phone, .uses_call = false, .uses_im = true});
  EXPECT_THAT(hands.did, ElementsAre("answer 480"));
  EXPECT_EQ(kept(hers)->voip.token, "") << "on split channels it serves calls alone";
  EXPECT_EQ(kept(hers)->message.token, "0e0f1a1b");
}

}  // namespace
}  // namespace reveille::dispatch::test
