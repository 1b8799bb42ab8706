#include "dispatch/device_census.hpp"

#include <gtest/gtest.h>

namespace reveille::dispatch {
namespace {

using namespace model;

Instant const start = from_unix_seconds(1'800'000'000);

struct Alive final : Runtime {
  explicit Alive(Liveness what) : what_(what) {}
  [[nodiscard]] Liveness liveness_of(InstanceId const& instance) const override {
    return instance.value == "phone" ? what_ : Liveness{};
  }
  Liveness what_;
};

Registrations phone_and_tablet() {
  return {.devices = {Device{.instance = InstanceId{"phone"}, .services = {.call = true}},
                      Device{.instance = InstanceId{"tablet"}, .services = {.im = true}}}};
}

struct DeviceCensusTest : testing::Test {
  DeviceCensus census;
  Directory directory;
  Entry& entry = directory.put(AccountId{"juliet@localhost"}, {});

  [[nodiscard]] std::string told() const {
    using enum DeviceState;
    std::string text;
    for (auto const state : {foreground, background, suspended, signed_out})
      text += std::to_string(census.in(state)) + ' ';
    return text + "sip " + std::to_string(census.with_sip()) + " xmpp " + std::to_string(census.with_xmpp());
  }
};

TEST_F(DeviceCensusTest, counts_again_in_place_of_what_it_counted_before) {
  EXPECT_EQ(told(), "0 0 0 0 sip 0 xmpp 0");
  auto registrations = phone_and_tablet();
  census.count(entry, registrations, start);
  EXPECT_EQ(told(), "0 0 2 0 sip 0 xmpp 0");
  entry.calls = std::make_unique<Alive>(Liveness{.sip_flow = true});
  census.count(entry, registrations, start);
  EXPECT_EQ(told(), "1 0 1 0 sip 1 xmpp 0");
  registrations.devices[0].reported_mode = Mode::background;
  registrations.devices[1].services = {};
  census.count(entry, registrations, start);
  EXPECT_EQ(told(), "0 1 0 1 sip 1 xmpp 0");
  census.forget(entry);
  EXPECT_EQ(told(), "0 0 0 0 sip 0 xmpp 0");
}

TEST_F(DeviceCensusTest, accounts_add_up) {
  auto& other = directory.put(AccountId{"romeo@localhost"}, {});
  other.messages = std::make_unique<Alive>(Liveness{.xmpp_stream = true});
  census.count(entry, phone_and_tablet(), start);
  census.count(other, phone_and_tablet(), start);
  EXPECT_EQ(told(), "1 0 3 0 sip 0 xmpp 1");
}

}  // namespace
}  // namespace reveille::dispatch
