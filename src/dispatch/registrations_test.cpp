// The registrar's quick way for a REGISTER that says again what it said, beside the long one.
#include "dispatch/registrations.hpp"

#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>

namespace reveille::dispatch {
namespace {

using namespace model;

AccountId const juliet{"juliet@localhost"};

struct NoTraces final : TracePort {
  void begin(TraceHead) override {}
  void step(TraceStep) override {}
};

struct NoPushes final : PushPort {
  bool served = true;
  void request(PushRequest, Answer) override {}
  void take_back(PushId const&) override {}
  void acknowledge(PushId const&) override {}
  [[nodiscard]] bool has_credential(Provider, Environment) const override { return true; }
  [[nodiscard]] bool serves(Provider, Environment) const override { return served; }
};

struct House {
  VirtualClock clock;
  SeededRandom random{7};
  Policy policy = {};
  NoTraces traces;
  NoPushes pushes;
  std::deque<std::move_only_function<void()>> posted = {};
  store::MemoryStore store{[this](auto job) { posted.push_back(std::move(job)); }};
  Shard shard{.clock = clock, .random = random, .policy = policy, .store = store, .traces = traces, .push = pushes};
  Registrations registrations{shard};
  bool awaited = false;
  int shown = 0;

  House() {
    shard.directory.put(juliet, {.ha1_md5 = "md5", .ha1_sha256 = "sha256"});
    registrations.set_registered([this](AccountId const&) { return awaited; },
                                 [this](Entry&, Target const&) { ++shown; }, [](Entry&, InstanceId const&) {});
  }
  void settle() {
    for (; !posted.empty(); posted.pop_front()) posted.front()();
  }
  // The long way; the status once it is said.
  std::optional<int> registers(unsigned phone, std::uint32_t cseq, std::optional<std::uint64_t> fingerprint = {},
                               FlowId flow = {}) {
    std::string const token = "token";
    InstanceId const instance{"00000000-0000-4000-8000-00000000000" + std::to_string(phone)};
    RegisterRequest request{.call_id = "call-" + std::to_string(phone),
                            .cseq = cseq,
                            .kind = ContactsKind::listed,
                            .remote = "udp 192.0.2.1:506" + std::to_string(phone),
                            .fingerprint = RegisterFingerprint{fingerprint.value_or(phone)}};
    request.contacts.push_back(
        {.uri = "sip:juliet@192.0.2.1:506" + std::to_string(phone) + ";pn-prid=" + token,
         .instance = instance,
         .device = {.instance = instance, .voip_token = token + std::to_string(phone), .uses_call = true}});
    std::optional<int> status;
    registrations.register_contacts(juliet, request, {.flow = flow, .remote = request.remote},
                                    [&](RegisterOutcome outcome) { status = outcome.status; });
    settle();
    return status;
  }
  // The first binding, as it would be found after a crash.
  Binding on_disk() {
    Binding found;
    EXPECT_TRUE(store.for_each(store::Table::registrations, [&found](std::string_view, std::string_view packed) {
      found = unpack_registrations(packed).value().bindings.at(0);
    }));
    return found;
  }
  // The quick way.
  bool refreshes(unsigned phone, std::uint32_t cseq) {
    RegisterFingerprint const fingerprint{phone};
    return registrations.known(fingerprint) && registrations.refresh(fingerprint, cseq);
  }
};

TEST(Registrations, a_repeated_register_takes_the_quick_way) {
  House house;
  EXPECT_FALSE(house.registrations.known(RegisterFingerprint{1}));
  EXPECT_EQ(house.registers(1, 1), 200);
  auto const known = house.registrations.known(RegisterFingerprint{1});
  ASSERT_TRUE(known);
  EXPECT_EQ(known->account, juliet);
  EXPECT_EQ(known->keys.md5, "md5");
  EXPECT_EQ(known->keys.sha256, "sha256");
  house.clock.advance(60s);
  auto refreshed = house.registrations.refresh(RegisterFingerprint{1}, 2);
  ASSERT_TRUE(refreshed);
  auto const binding = refreshed->bindings.next();
  ASSERT_TRUE(binding);
  EXPECT_EQ(binding->expires_at, house.clock.now() + house.policy.registrar.expires_default);
  EXPECT_EQ(house.shard.directory.find(juliet)->registrations().devices.at(0).seen_at, house.clock.now());
  EXPECT_FALSE(refreshed->bindings.next());
}

TEST(Registrations, what_one_phone_repeats_leaves_the_others_quick_way) {
  House house;
  for (unsigned phone = 1; phone <= 3; ++phone) EXPECT_EQ(house.registers(phone, 1), 200);
  for (unsigned phone = 1; phone <= 3; ++phone) EXPECT_EQ(house.registers(phone, 2), 200);
  for (std::uint32_t cseq = 3; cseq < 6; ++cseq)
    for (unsigned phone = 1; phone <= 3; ++phone) EXPECT_TRUE(house.refreshes(phone, cseq)) << phone;
  // The long way of one that has changed nothing, either.
  EXPECT_EQ(house.registers(2, 6), 200);
  EXPECT_TRUE(house.refreshes(1, 6));
  EXPECT_TRUE(house.refreshes(3, 6));
}

// The push service says so by a refusal that leaves its token alive.
TEST(Registrations, B_SIGN_3_a_credentials_fault_lifts_what_its_tokens_were_blamed_for) {
  House house;
  auto const hear = [&house](unsigned phone, TokenVerdict verdict) {
    house.registrations.on_receipt(
        juliet, InstanceId{"00000000-0000-4000-8000-00000000000" + std::to_string(phone)},
        "token" + std::to_string(phone),
        {.state = PushState::refused, .provider_status = 400, .token = verdict, .at = house.clock.now()});
    house.settle();
  };
  auto const usable = [&house] {
    std::string phones;
    auto const kept = unpack_registrations(house.shard.directory.find(juliet)->packed_registrations()).value();
    for (auto const& device : kept.devices)
      if (is_usable(device.voip, house.clock.now())) phones += device.instance.value.back();
    return phones;
  };
  for (unsigned phone = 1; phone <= 4; ++phone) EXPECT_EQ(house.registers(phone, 1), 200);
  hear(1, TokenVerdict::quarantined);
  house.clock.advance(11min);
  hear(2, TokenVerdict::quarantined);
  hear(3, TokenVerdict::quarantined);
  EXPECT_EQ(usable(), "4");
  hear(4, TokenVerdict::alive);
  EXPECT_EQ(usable(), "234") << "what was longer ago stands";
}

TEST(Registrations, RFC3261_8_2_7_a_repetition_is_told_what_stands) {
  House house;
  RegisterFingerprint const phone{1};
  EXPECT_EQ(house.registers(1, 1), 200);
  EXPECT_TRUE(house.registrations.repeat(phone, 1)) << "of the one that took the long way";
  EXPECT_TRUE(house.refreshes(1, 2));
  auto const before = house.shard.directory.find(juliet)->packed_registrations();
  house.clock.advance(1s);
  auto again = house.registrations.repeat(phone, 2);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->bindings.next()->expires_at - again->now, house.policy.registrar.expires_default - 1s);
  EXPECT_EQ(house.shard.directory.find(juliet)->packed_registrations(), before);
  EXPECT_FALSE(house.registrations.repeat(phone, 1)) << "an older one";
  house.clock.advance(house.policy.registrar.expires_default);
  EXPECT_FALSE(house.registrations.repeat(phone, 2)) << "it has run out";
}

TEST(Registrations, a_phone_that_says_something_new_each_time_leaves_nothing_behind) {
  House house;
  for (std::uint32_t cseq = 1; cseq <= 50; ++cseq) EXPECT_EQ(house.registers(1, cseq, 1000 + cseq), 200);
  EXPECT_EQ(house.registers(2, 1), 200);
  EXPECT_EQ(house.registers(1, 51, 1051), 200);
  EXPECT_EQ(house.shard.directory.remembered(), 2U);
  EXPECT_FALSE(house.registrations.known(RegisterFingerprint{1001}));
  EXPECT_TRUE(house.registrations.known(RegisterFingerprint{1051}));
  house.shard.directory.remove(juliet);
  EXPECT_EQ(house.shard.directory.remembered(), 0U);
}

TEST(Registrations, a_change_ends_the_quick_way) {
  House house;
  EXPECT_EQ(house.registers(1, 1), 200);
  EXPECT_TRUE(house.refreshes(1, 2));
  house.shard.directory.put(juliet, {.ha1_md5 = "new"});
  EXPECT_FALSE(house.refreshes(1, 3)) << "a new password";
  EXPECT_EQ(house.registers(1, 3), 200);
  EXPECT_EQ(house.registers(2, 1), 200);
  EXPECT_FALSE(house.refreshes(1, 4)) << "another binding is listed now";
  EXPECT_EQ(house.registers(1, 4), 200);
  house.pushes.served = false;
  EXPECT_FALSE(house.refreshes(1, 5)) << "push is not offered any more";
  house.pushes.served = true;
  EXPECT_TRUE(house.refreshes(1, 5));
  house.shard.directory.remove(juliet);
  EXPECT_FALSE(house.refreshes(1, 6));
}

TEST(Registrations, B_CALL_9_a_phone_that_a_call_waits_for_takes_the_long_way) {
  House house;
  EXPECT_EQ(house.registers(1, 1), 200);
  EXPECT_EQ(house.shown, 0);
  house.awaited = true;
  EXPECT_FALSE(house.refreshes(1, 2));
  EXPECT_EQ(house.registers(1, 2), 200);
  EXPECT_EQ(house.shown, 1);
}

TEST(Registrations, what_is_not_on_disk_yet_is_not_promised_again) {
  House house;
  EXPECT_EQ(house.registers(1, 1), 200);
  auto const granted = house.policy.registrar.expires_default;
  house.clock.advance(granted - 1s);
  EXPECT_TRUE(house.refreshes(1, 2));
  EXPECT_EQ(house.on_disk().stored_until, house.clock.now() + 2 * granted + 1s) << "nothing was written";
  house.clock.advance(2s);
  EXPECT_TRUE(house.refreshes(1, 3));
  EXPECT_GE(house.on_disk().stored_until, house.clock.now() + granted) << "what is promised is there before";
  house.settle();
  EXPECT_EQ(house.on_disk().stored_until, house.clock.now() + 3 * granted);
  EXPECT_EQ(house.on_disk().cseq, 3U);
}

TEST(Registrations, what_the_disk_refused_is_not_promised_again) {
  House house;
  EXPECT_EQ(house.registers(1, 1), 200);
  auto const granted = house.policy.registrar.expires_default;
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "full"});
  for (std::uint32_t cseq = 2; cseq <= 3; ++cseq) {
    house.clock.advance(granted - 1s);
    EXPECT_TRUE(house.refreshes(1, cseq)) << "the disk holds what is promised";
    house.settle();
  }
  house.clock.advance(1s);
  EXPECT_FALSE(house.refreshes(1, 4));
  EXPECT_EQ(house.registers(1, 4), 500);
  house.store.fail_with({});
  EXPECT_EQ(house.registers(1, 5), 200);
  EXPECT_TRUE(house.refreshes(1, 6));
}

// RFC 3261 section 16.6 step 7, RFC 5626 section 5.3.
TEST(Registrations, a_contact_leads_where_it_says_at_the_address_it_came_from) {
  House house;
  auto const remote_of = [&](Binding binding, Device device = {}) {
    binding.expires_at = house.clock.now() + 1h;
    auto& entry = *house.shard.directory.find(juliet);
    (void)house.shard.directory.set_registrations(entry, {.devices = {device}, .bindings = {binding}});
    auto const targets = house.registrations.live_targets(entry);
    return targets.empty() ? "none" : targets.at(0).remote;
  };
  auto const phone = InstanceId{"00000000-0000-4000-8000-000000000001"};
  std::string const here = "sip:juliet@192.0.2.1:7000";
  std::string const udp = "udp 192.0.2.1:40000";
  EXPECT_EQ(remote_of({.contact = here, .remote = udp}), "udp 192.0.2.1:7000");
  EXPECT_EQ(house.registrations.instance_at(juliet, {.remote = udp}, here).value, here)
      << "it calls from where it registered";
  EXPECT_EQ(remote_of({.contact = "sip:juliet@10.0.0.1:7000", .remote = udp}), udp) << "a NAT";
  EXPECT_EQ(remote_of({.contact = here, .instance = phone, .reg_id = 1, .remote = udp}), udp) << "its flow alone";
  EXPECT_EQ(remote_of({.contact = here, .path = {"<sip:edge.example;lr>"}, .remote = udp}), udp);
  std::string const tcp = "tcp 192.0.2.1:40000";
  Binding const lost{.contact = here + ";transport=tcp", .instance = phone, .remote = tcp};
  EXPECT_EQ(remote_of(lost, {.instance = phone}), "tcp 192.0.2.1:7000") << "its connection is gone";
  EXPECT_EQ(remote_of(lost, {.instance = phone, .message = {.token = "t"}}), "none") << "it sleeps";
  EXPECT_EQ(remote_of({.contact = here, .remote = tcp}), "none") << "by UDP";
  EXPECT_EQ(remote_of({.contact = "sip:juliet@10.0.0.1:7000;transport=tcp", .remote = tcp}), "none") << "a NAT";
  EXPECT_EQ(remote_of({.contact = here + ";transport=tls", .remote = "tls 192.0.2.1:40000"}), "none");
}

TEST(Registrations, a_phone_whose_connection_is_gone_leaves_nothing_behind) {
  House house;
  FlowId const first{.slot = 1, .generation = 1};
  FlowId const second{.slot = 2, .generation = 1};
  EXPECT_EQ(house.registers(1, 1, {}, first), 200);
  EXPECT_EQ(house.registers(2, 1, {}, second), 200);
  EXPECT_EQ(house.registers(1, 2, {}, first), 200);
  EXPECT_EQ(house.registers(2, 2, {}, second), 200);
  EXPECT_EQ(house.shard.directory.remembered(), 2U);
  EXPECT_EQ(house.registrations.on_flow_lost(first), std::vector{juliet});
  EXPECT_EQ(house.shard.directory.remembered(), 1U);
  EXPECT_FALSE(house.registrations.known(RegisterFingerprint{1}));
  EXPECT_TRUE(house.refreshes(2, 3)) << "its own connection stands";
  (void)house.registrations.on_flow_lost(second);
  EXPECT_EQ(house.shard.directory.remembered(), 0U);
  EXPECT_EQ(house.shard.directory.find(juliet)->calls, nullptr);
}

// RFC 5626: two bindings of one phone, by reg-id.
TEST(Registrations, B_CALL_13_the_newest_way_is_a_connection_rather_than_an_older_address) {
  House house;
  InstanceId const phone{"11111111-2222-4333-8444-000000000009"};
  auto const registers = [&](std::uint32_t reg_id, std::string const& uri, Way const& way) {
    RegisterRequest request{.call_id = "c" + std::to_string(reg_id), .cseq = 1, .kind = ContactsKind::listed};
    request.contacts.push_back({.uri = uri, .instance = phone, .reg_id = reg_id});
    request.contacts.back().device = {.instance = phone, .uses_call = true};
    request.remote = way.remote;
    house.registrations.register_contacts(juliet, request, way, [](auto) {});
    house.settle();
  };
  FlowId const flow{.slot = 2, .generation = 1};
  registers(1, "sip:a@192.0.2.1", {.remote = "udp 192.0.2.1:5060"});
  house.clock.advance(60s);
  registers(2, "sip:a@198.51.100.1;transport=tcp", {.flow = flow, .remote = "tcp 198.51.100.1:1"});
  auto const way = house.registrations.newest_way(juliet, phone, Hops::any);
  ASSERT_TRUE(way);
  EXPECT_EQ(way->flow, flow) << way->remote;
}

}  // namespace
}  // namespace reveille::dispatch
