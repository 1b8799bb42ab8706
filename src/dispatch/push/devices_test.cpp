// PushDevices: whose token it is, and what is left of it after the provider's word and after a restart.
#include "dispatch/push/devices.hpp"

#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <random>

namespace reveille::dispatch {
namespace {

using namespace model;

class PushDevicesTest : public testing::Test {
 protected:
  PushDevicesTest() { restart(); }

  void restart() {
    devices = std::make_unique<PushDevices>(clock, store, most_of_tenant);
    ASSERT_TRUE(devices->load());
  }
  void run(std::size_t most = std::numeric_limits<std::size_t>::max()) {
    for (; most > 0 && !posted.empty(); --most) {
      auto job = std::move(posted.front());
      posted.pop_front();
      job();
    }
  }

  Result<Device, PushRefusal> put(std::string instance, std::string account, DeviceUpdate update,
                                  std::string tenant = "verona") {
    std::optional<Result<OwnedDevice, PushRefusal>> answer;
    devices->put(TenantId{std::move(tenant)}, AccountId{std::move(account)}, InstanceId{std::move(instance)},
                 std::move(update), [&](auto got) { answer = std::move(got); });
    EXPECT_FALSE(answer) << "answered from inside the call";
    run();
    auto const& kept = answer.value();
    if (!kept) return std::unexpected(kept.error());
    return kept->device;
  }
  Result<Device, PushRefusal> set_mode(std::string instance, std::string account, Mode mode) {
    std::optional<Result<OwnedDevice, PushRefusal>> answer;
    devices->set_mode(TenantId{"verona"}, AccountId{std::move(account)}, InstanceId{std::move(instance)}, mode,
                      [&](auto got) { answer = std::move(got); });
    EXPECT_FALSE(answer) << "answered from inside the call";
    run();
    auto const& kept = answer.value();
    if (!kept) return std::unexpected(kept.error());
    return kept->device;
  }
  bool remove(std::string instance, std::string account = {}) {
    std::optional<Result<void, PushRefusal>> answer;
    devices->remove(TenantId{"verona"}, AccountId{std::move(account)}, InstanceId{std::move(instance)},
                    [&](auto got) { answer = std::move(got); });
    run();
    return answer.value().has_value();
  }
  Result<Device, PushRefusal> find(std::string instance, std::string account = {}, std::string tenant = "verona") {
    auto const found =
        devices->find(TenantId{std::move(tenant)}, AccountId{std::move(account)}, InstanceId{std::move(instance)});
    if (!found) return std::unexpected(found.error());
    return found->device;
  }
  void verdict(std::string token, TokenVerdict verdict, std::optional<Instant> dead_since = {}) {
    devices->on_verdict(TenantId{"verona"}, token, {.token = verdict, .dead_since = dead_since, .at = clock.now()});
    run();
  }
  static DeviceUpdate voip(std::string token) { return {.voip_token = std::move(token)}; }

  VirtualClock clock;
  std::deque<std::move_only_function<void()>> posted;
  store::MemoryStore store{[this](auto job) { posted.push_back(std::move(job)); }};
  std::size_t most_of_tenant = PushDevices::usual_most_of_tenant;
  std::unique_ptr<PushDevices> devices;
};

TEST_F(PushDevicesTest, WhatIsNotNamedStays) {
  (void)put("i1", "juliet@x", {.app = "org.example", .platform = Platform::ios, .voip_token = "v", .uses_call = true});
  auto const device = put("i1", "juliet@x", {.os_version = "18.1", .message_token = "m"});
  ASSERT_TRUE(device);
  EXPECT_EQ(device->app, "org.example");
  EXPECT_EQ(device->voip.token, "v");
  EXPECT_EQ(device->message.token, "m");
  EXPECT_EQ(device->os_version, "18.1");
  EXPECT_TRUE(device->services.call);
  restart();
  EXPECT_EQ(find("i1").value(), *device);
}

TEST_F(PushDevicesTest, ASharedPhoneRingsForItsLastUserOnly) {
  (void)put("i1", "juliet@x", voip("v"));
  (void)put("i1", "nurse@x", voip("v"));
  EXPECT_EQ(find("i1", "juliet@x")->voip.token, "");
  EXPECT_EQ(find("i1", "nurse@x")->voip.token, "v");
  EXPECT_EQ(find("i1").error(), PushRefusal::no_device) << "two accounts, and none named";
  restart();
  EXPECT_EQ(find("i1", "juliet@x")->voip.token, "");
  verdict("v", TokenVerdict::dead);
  EXPECT_FALSE(find("i1", "juliet@x")->voip.dead_since);
  EXPECT_TRUE(find("i1", "nurse@x")->voip.dead_since);
}

TEST_F(PushDevicesTest, ATokenOfApplesHasOneHolderInWhateverLettersItIsWritten) {
  auto const apples = [](std::string token) {
    return DeviceUpdate{.provider = Provider::apns, .message_token = std::move(token)};
  };
  (void)put("i1", "romeo@x", apples("abCD"));
  EXPECT_EQ(put("i2", "juliet@x", apples("ABcd"))->message.token, "abcd");
  EXPECT_EQ(find("i1")->message.token, "");
  verdict("abcd", TokenVerdict::dead);
  EXPECT_TRUE(find("i2")->message.dead_since);
}

TEST_F(PushDevicesTest, WhatNoTokenOfApplesCanBeIsRefusedOnceTheProviderIsKnown) {
  DeviceUpdate const unfit{.provider = Provider::apns, .message_token = "not hex!"};
  EXPECT_EQ(put("i1", "juliet@x", unfit).error(), PushRefusal::unfit_message_token);
  EXPECT_EQ(devices->size(), 0U);
  EXPECT_TRUE(put("i1", "juliet@x", voip("not hex!"))) << "nobody has said whose token it is";
  EXPECT_EQ(put("i1", "juliet@x", {.provider = Provider::apns}).error(), PushRefusal::unfit_voip_token);
  EXPECT_TRUE(put("i1", "juliet@x", {.provider = Provider::apns, .voip_token = "ab"}));
  EXPECT_EQ(put("i1", "juliet@x", voip("abc")).error(), PushRefusal::unfit_voip_token);
  EXPECT_EQ(find("i1")->voip.token, "ab");
  EXPECT_TRUE(put("i2", "juliet@x", {.provider = Provider::fcm, .message_token = "not hex!"}));
}

TEST_F(PushDevicesTest, ADeviceWithoutAServiceHasSignedOut) {
  (void)put("i1", "juliet@x", {.voip_token = "v", .message_token = "m", .content_key = ContentKey{.kid = "k"}});
  EXPECT_TRUE(put("i1", "juliet@x", {.uses_call = true, .uses_im = false})->content_key.kid == "k");
  EXPECT_EQ(find("i1")->voip.token, "v");
  auto const out = put("i1", "juliet@x", {.message_token = "n", .uses_call = false, .uses_im = false});
  EXPECT_EQ(out->voip.token + out->message.token + out->content_key.kid, "");
  verdict("v", TokenVerdict::dead);
  EXPECT_FALSE(find("i1")->voip.dead_since);
  EXPECT_EQ(put("i1", "juliet@x", {.message_token = "n", .uses_call = false, .uses_im = true})->message.token, "n");
}

TEST_F(PushDevicesTest, ATenantNeverTouchesAnothers) {
  (void)put("i1", "juliet@x", voip("v"));
  (void)put("i1", "juliet@x", voip("v"), "mantua");
  EXPECT_EQ(find("i1", "juliet@x")->voip.token, "v");
  EXPECT_EQ(find("i1", "juliet@x", "padua").error(), PushRefusal::no_device);
  verdict("v", TokenVerdict::dead);
  EXPECT_FALSE(find("i1", "juliet@x", "mantua")->voip.dead_since);
}

TEST_F(PushDevicesTest, TheProvidersWordHoldsForTheTimeItSpeaksOf) {
  auto const registered = clock.now();
  (void)put("i1", "juliet@x", voip("v"));
  verdict("v", TokenVerdict::dead, registered - 1s);
  EXPECT_FALSE(find("i1")->voip.dead_since) << "registered since";
  clock.advance(10s);
  (void)put("i1", "juliet@x", voip("v"));
  verdict("v", TokenVerdict::dead, registered + 5s);
  EXPECT_FALSE(find("i1")->voip.dead_since) << "registered again since";
  verdict("v", TokenVerdict::dead, clock.now());
  ASSERT_TRUE(find("i1")->voip.dead_since);
  EXPECT_FALSE(is_usable(find("i1")->voip, clock.now()));
  (void)put("i1", "juliet@x", voip("v"));
  EXPECT_TRUE(is_usable(find("i1")->voip, clock.now()));
}

TEST_F(PushDevicesTest, QuarantineEndsByItselfAndSurvivesARestart) {
  (void)put("i1", "juliet@x", voip("v"));
  verdict("v", TokenVerdict::quarantined);
  restart();
  EXPECT_FALSE(is_usable(find("i1")->voip, clock.now()));
  clock.advance(7 * 24h + 1s);
  EXPECT_TRUE(is_usable(find("i1")->voip, clock.now()));
}

// Android has one token for both channels.
TEST_F(PushDevicesTest, ATokenOfBothChannelsStaysKnownWhileOneHoldsIt) {
  (void)put("i1", "juliet@x", {.layout = ChannelLayout::shared, .voip_token = "t", .message_token = "t"});
  (void)put("i1", "juliet@x", voip("new"));
  verdict("t", TokenVerdict::dead);
  EXPECT_TRUE(find("i1")->message.dead_since);
  EXPECT_FALSE(find("i1")->voip.dead_since);
  (void)put("i2", "nurse@x", {.message_token = "t"});
  EXPECT_EQ(find("i1")->message.token, "");
}

TEST_F(PushDevicesTest, RemovingForgetsDeviceAndTokens) {
  (void)put("i1", "juliet@x", voip("v"));
  (void)put("i1", "nurse@x", voip("w"));
  EXPECT_TRUE(remove("i1", "juliet@x"));
  EXPECT_TRUE(find("i1"));
  EXPECT_TRUE(remove("i1"));
  EXPECT_FALSE(remove("i1"));
  verdict("w", TokenVerdict::dead);
  restart();
  EXPECT_EQ(devices->size(), 0U);
}

TEST_F(PushDevicesTest, ADiskThatFailsIsSaidSo) {
  store.fail_with(Error{.code = ErrorCode::storage});
  EXPECT_EQ(put("i1", "juliet@x", voip("v")).error(), PushRefusal::storage);
  store.fail_with(Error{.code = ErrorCode::busy});
  EXPECT_EQ(put("i1", "juliet@x", voip("v")).error(), PushRefusal::overloaded);
}

TEST_F(PushDevicesTest, ARowThatMakesNoSenseStopsTheStart) {
  store.commit({store::Put{store::Table::push_devices, "verona", "nonsense"}}, store::Urgency::soon, [](auto) {});
  EXPECT_EQ(PushDevices(clock, store).load().error().code, ErrorCode::corrupt);
}

TEST_F(PushDevicesTest, AModeNeedsNoAccountWhereThereIsButOne) {
  auto const say = [&](std::string instance) { return set_mode(std::move(instance), "", Mode::background); };
  EXPECT_EQ(say("i1").error(), PushRefusal::not_found) << "there is none";
  EXPECT_EQ(set_mode("i1", "juliet@x", Mode::background).error(), PushRefusal::not_found);
  EXPECT_EQ(devices->size(), 0U) << "and none comes of it";
  (void)put("i1", "juliet@x", voip("v"));
  EXPECT_EQ(say("i1").value().reported_mode, Mode::background);
  EXPECT_EQ(find("i1", "juliet@x").value().reported_mode, Mode::background);
  (void)put("i1", "nurse@x", voip("w"));
  EXPECT_EQ(say("i1").error(), PushRefusal::no_device) << "whose?";
  (void)put("i1", "tybalt@x", voip("z"), "mantua");
  remove("i1", "nurse@x");
  EXPECT_TRUE(say("i1")) << "another tenant's does not count";
}

TEST_F(PushDevicesTest, ATenantHasABoundOfItsOwn) {
  most_of_tenant = 3;
  restart();
  for (auto const* instance : {"one", "two", "three"}) ASSERT_TRUE(put(instance, "juliet@localhost", voip(instance)));
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(put("four", "juliet@localhost", voip("four")).error(), PushRefusal::too_many_devices);
    EXPECT_TRUE(set_mode("three", "", Mode::background)) << "it is one of them";
    EXPECT_EQ(devices->size(), 3U);
    restart();
  }
  EXPECT_TRUE(put("four", "tybalt@localhost", voip("four"), "mantua"));
  EXPECT_TRUE(remove("one"));
  EXPECT_TRUE(put("four", "juliet@localhost", voip("five")));
}

TEST_F(PushDevicesTest, B_SIGN_5_WhatNobodyHasSeenForNinetyDaysIsForgottenAFewAtATime) {
  for (int i = 0; i < 1000; ++i) (void)put("i" + std::to_string(i), "juliet@x", voip("v" + std::to_string(i)));
  clock.advance(24h * 89);
  (void)put("i500", "juliet@x", {.mode = Mode::background});
  devices->sweep();
  run();
  EXPECT_EQ(devices->size(), 1000U);
  clock.advance(24h);
  devices->sweep();
  run();
  EXPECT_GT(devices->size(), 700U);
  for (int i = 0; i < 10; ++i) devices->sweep();
  run();
  EXPECT_EQ(devices->size(), 1U);
  restart();
  EXPECT_EQ(devices->size(), 1U);
  EXPECT_TRUE(find("i500"));
  verdict("v499", TokenVerdict::dead);
}

// A disk that is full at first: nothing of what was refused is left in memory.
class PushDevicesOfAFullDisk : public PushDevicesTest {
 protected:
  void fill_disk() { store.fail_with(Error{.code = ErrorCode::storage, .ours = "The disk is full."}); }
  void empty_disk() { store.fail_with({}); }
};

TEST_F(PushDevicesOfAFullDisk, ADeviceThatWasNotKeptIsNotThere) {
  most_of_tenant = 1;
  restart();
  fill_disk();
  EXPECT_EQ(put("i1", "juliet@x", voip("v")).error(), PushRefusal::storage);
  EXPECT_EQ(find("i1").error(), PushRefusal::no_device);
  EXPECT_EQ(devices->size(), 0U);
  empty_disk();
  EXPECT_TRUE(put("i2", "juliet@x", voip("v"))) << "there is room for it";
}

TEST_F(PushDevicesOfAFullDisk, ATokenThatCouldNotBeTakenIsTakenBySayingItAgain) {
  (void)put("i1", "juliet@x", voip("v"));
  fill_disk();
  EXPECT_EQ(put("i2", "nurse@x", voip("v")).error(), PushRefusal::storage);
  EXPECT_EQ(find("i1")->voip.token, "v");
  empty_disk();
  EXPECT_TRUE(put("i2", "nurse@x", voip("v")));
  restart();
  EXPECT_EQ(find("i1")->voip.token, "");
  EXPECT_EQ(find("i2")->voip.token, "v");
}

TEST_F(PushDevicesOfAFullDisk, ARemovalThatFailedCanBeSaidAgain) {
  (void)put("i1", "juliet@x", voip("v"));
  fill_disk();
  EXPECT_FALSE(remove("i1"));
  EXPECT_TRUE(find("i1"));
  verdict("v", TokenVerdict::dead);
  EXPECT_TRUE(find("i1")->voip.dead_since) << "its token still leads to it, and the provider says so only once";
  empty_disk();
  EXPECT_TRUE(remove("i1"));
  restart();
  EXPECT_FALSE(find("i1"));
}

TEST_F(PushDevicesOfAFullDisk, OfSeveralChangesUnderWayThoseStayThatAreWritten) {
  auto const put_later = [this](std::string account, DeviceUpdate update) {
    devices->put(TenantId{"verona"}, AccountId{std::move(account)}, InstanceId{"i1"}, std::move(update), [](auto) {});
  };
  put_later("juliet@x", voip("v"));
  fill_disk();
  put_later("juliet@x", {.app = "org.example", .voip_token = "w"});
  run();
  EXPECT_EQ(find("i1")->voip.token, "v");
  EXPECT_EQ(find("i1")->app, "");
  put_later("juliet@x", {.app = "org.example"});
  empty_disk();
  put_later("juliet@x", {.os_version = "18.1"});
  run();
  EXPECT_EQ(find("i1")->app, "org.example") << "the second one wrote what the first one said, too";
  auto const in_memory = find("i1").value();
  restart();
  EXPECT_EQ(find("i1").value(), in_memory);
}

TEST_F(PushDevicesOfAFullDisk, WhoseTokenCameToTheDiskWithALaterChangeStillTakesIt) {
  (void)put("i1", "juliet@x", voip("v"));
  fill_disk();
  devices->put(TenantId{"verona"}, AccountId{"nurse@x"}, InstanceId{"i2"}, voip("v"), [](auto) {});
  empty_disk();
  (void)put("i2", "nurse@x", {.app = "org.example"});
  EXPECT_TRUE(put("i2", "nurse@x", voip("v")));
  EXPECT_EQ(find("i1")->voip.token, "");
  restart();
  EXPECT_EQ(find("i1")->voip.token, "");
}

// B-SIGN-2: at most one holder in memory and on disk, whatever of it all is written.
class PushDevicesOfAFailingDisk : public PushDevicesOfAFullDisk {
 protected:
  void later(std::string instance, DeviceUpdate update) {
    devices->put(TenantId{"verona"}, AccountId{instance + "@x"}, InstanceId{instance}, std::move(update), [](auto) {});
  }
  void remove_later(std::string instance) {
    devices->remove(TenantId{"verona"}, {}, InstanceId{std::move(instance)}, [](auto) {});
  }
  std::vector<std::string> holders_in_memory() {
    std::vector<std::string> holders;
    for (auto const* instance : {"i1", "i2", "i3"})
      if (auto const device = find(instance); device && device->voip.token == "v") holders.emplace_back(instance);
    return holders;
  }
  std::vector<std::string> holders_after_restart() {
    restart();
    return holders_in_memory();
  }
  using Holders = std::vector<std::string>;
};

TEST_F(PushDevicesOfAFailingDisk, B_SIGN_2_ATakerThatIsWrittenLaterTakesTheTokenOnDiskToo) {
  (void)put("i1", "i1@x", voip("v"));
  fill_disk();
  later("i2", voip("v"));
  empty_disk();
  later("i2", {.app = "org.example"});
  run();
  EXPECT_EQ(holders_in_memory(), Holders{"i2"});
  EXPECT_EQ(holders_after_restart(), Holders{"i2"});
}

TEST_F(PushDevicesOfAFailingDisk, B_SIGN_2_ATokenThatItsHolderCouldNotGiveUpIsTakenFromIt) {
  (void)put("i1", "i1@x", voip("v"));
  fill_disk();
  remove_later("i1");
  empty_disk();
  later("i2", voip("v"));
  run();
  EXPECT_EQ(holders_in_memory(), Holders{"i2"});
  EXPECT_EQ(holders_after_restart(), Holders{"i2"});
}

TEST_F(PushDevicesOfAFailingDisk, B_SIGN_2_ASignOfLifeThatIsNotWrittenKeepsNoToken) {
  (void)put("i1", "i1@x", voip("v"));
  (void)put("i2", "i2@x", voip("w"));
  clock.advance(48h);
  (void)put("i1", "i1@x", {.app = "org.example"});
  fill_disk();
  later("i2", voip("v"));
  clock.advance(48h);
  devices->saw(TenantId{"verona"}, AccountId{"i2@x"}, InstanceId{"i2"});
  run();
  EXPECT_EQ(holders_in_memory(), Holders{"i1"});
  EXPECT_EQ(find("i2")->seen_at, clock.now());
  EXPECT_EQ(find("i1")->seen_at, clock.now() - 48h);
  empty_disk();
  EXPECT_TRUE(put("i2", "i2@x", voip("v")));
  EXPECT_EQ(holders_after_restart(), Holders{"i2"});
}

// Three devices of one phone's users: changes of them, each written or not, answered sooner or later.
TEST_F(PushDevicesOfAFailingDisk, B_SIGN_2_AtMostOneHolderWhateverIsWritten) {
  std::mt19937 dice{7};
  auto const roll = [&](unsigned sides) { return static_cast<unsigned>(dice() % sides); };
  for (int life = 0; life < 3000 && !HasFailure(); ++life) {
    std::string log;
    for (int step = 0; step < 12; ++step) {
      auto const instance = "i" + std::to_string(1 + roll(3));
      bool const fails = roll(2) == 0;
      auto const what = roll(6);
      fails ? fill_disk() : empty_disk();
      log += instance + (fails ? " refused " : " ") + std::to_string(what) + ", ";
      if (what < 2) later(instance, voip("v"));
      if (what == 2) later(instance, voip("w" + instance));
      if (what == 3) later(instance, {.os_version = std::to_string(step)});
      if (what == 4) remove_later(instance);
      if (what == 5) {
        clock.advance(25h);
        devices->saw(TenantId{"verona"}, AccountId{instance + "@x"}, InstanceId{instance});
      }
      run(roll(3));
      EXPECT_LE(holders_in_memory().size(), 1U) << log;
    }
    run();
    auto const in_memory = holders_in_memory();
    EXPECT_LE(in_memory.size(), 1U) << log;
    EXPECT_EQ(holders_after_restart(), in_memory) << log;
  }
}

}  // namespace
}  // namespace reveille::dispatch
