// Conversations of phones and callers with the dispatchers of REGISTER and of calls, on the virtual clock: B-SIGN-2,
// B-SIGN-5, B-CALL-1, B-CALL-5, B-CALL-13, B-MODE-4.
#include "dispatch/calls.hpp"

#include "dispatch/census_check.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

namespace reveille::dispatch {
namespace {

using namespace model;

AccountId const romeo{"romeo@localhost"};
AccountId const juliet{"juliet@localhost"};
InstanceId const iphone{"11111111-2222-4333-8444-555555555555"};

struct Milestones final : TracePort {
  std::vector<std::string> heard = {};
  std::size_t flushes = 0;
  void begin(TraceHead) override {}
  void flush() override { ++flushes; }
  void step(TraceStep step) override { heard.emplace_back(name_of(step.milestone)); }
};

struct Pushes final : PushPort {
  std::vector<PushRequest> requests = {};
  std::map<std::string, Answer> answers = {};
  std::vector<std::string> acknowledged = {};
  void request(PushRequest request, Answer answer) override {
    answers[request.id.value] = std::move(answer);
    requests.push_back(std::move(request));
  }
  std::vector<std::string> taken_back = {};
  void take_back(PushId const& id) override { taken_back.push_back(id.value); }
  void acknowledge(PushId const& id) override { acknowledged.push_back(id.value); }
  [[nodiscard]] bool has_credential(Provider, Environment) const override { return true; }
  bool is_trusted = true;  // by the provider, with the key that there is
  [[nodiscard]] bool serves(Provider, Environment) const override { return is_trusted; }
};

struct Hands final : deliver::CallHands {
  Listener listener = {};
  std::vector<std::string> did = {};
  std::vector<std::string> released = {};
  void listen(Listener heard) override { listener = std::move(heard); }
  std::size_t held = 0;
  void hold(OfferId) override { ++held; }
  void release(OfferId offer) override { released.push_back("offer " + std::to_string(offer.slot)); }
  void revive(Offer const& offer) override { did.push_back("revive " + offer.call_id); }
  std::string via_of(OfferId, BranchNumber branch) override {
    return "SIP/2.0/UDP us;branch=z9hG4bK" + std::to_string(branch);
  }
  void cancel_old(Offer const&, CancelOldBranch const& cancel) override {
    did.push_back("cancel old " + cancel.branch.via + " on flow " + std::to_string(cancel.branch.target.flow.slot));
  }
  void ring(Offer const&, RingFlow const& ring) override {
    did.push_back("ring flow " + std::to_string(ring.target.flow.slot));
  }
  void forward(OfferId, ForwardResponse const& forward) override {
    did.push_back("forward " + std::to_string(forward.branch));
  }
  void answer(OfferId, int status) override { did.push_back("answer " + std::to_string(status)); }
  void cancel(OfferId, CancelBranch const& cancel) override {
    did.push_back("cancel " + std::to_string(cancel.branch));
  }
  void end_answered(OfferId, EndAnswered const&) override { did.emplace_back("end"); }
  void forget(OfferId) override { did.emplace_back("forget"); }
};

// The house, with a disk that answers when the test says settle(). start() is a restart on the same disk.
struct House {
  VirtualClock clock;
  SeededRandom random{7};
  Policy policy = {};
  Milestones traces;
  Pushes pushes;
  Hands hands;
  std::deque<std::move_only_function<void()>> posted = {};
  store::MemoryStore store{[this](auto job) { posted.push_back(std::move(job)); }};
  std::unique_ptr<Shard> shard;
  std::unique_ptr<Registrations> registrations;
  std::unique_ptr<Calls> calls;
  std::map<std::string, std::uint32_t> cseq = {};

  House() { start(); }

  void start() {
    calls.reset();
    registrations.reset();
    shard = std::make_unique<Shard>(
        Shard{.clock = clock, .random = random, .policy = policy, .store = store, .traces = traces, .push = pushes});
    for (auto const& account : {romeo, juliet}) shard->directory.put(account, {});
    EXPECT_TRUE(store.for_each(store::Table::registrations, [&](std::string_view account, std::string_view packed) {
      EXPECT_TRUE(shard->directory.put_packed_registrations(AccountId{account}, std::string(packed)));
    }));
    shard->directory.for_each([this](Entry& entry) { shard->recount(entry); });
    registrations = std::make_unique<Registrations>(*shard);
    calls = std::make_unique<Calls>(*shard, *registrations, hands);
    EXPECT_TRUE(calls->load());
    calls->start();
    settle();
  }
  void settle() {
    if (posted.empty()) return;
    while (!posted.empty()) {
      auto job = std::move(posted.front());
      posted.pop_front();
      job();
    }
    expect_census_is_right(*shard);
  }
  void pass(Duration time) {
    for (auto const end = clock.now() + time; clock.now() < end;) {
      clock.advance(100ms);
      shard->deadlines.run(clock.now());
      settle();
    }
  }

  static FlowId flow(std::uint32_t number) { return {.slot = number, .generation = 1}; }
  static Way way(std::uint32_t number) {
    return {.flow = flow(number), .remote = "tcp 192.0.2.1:" + std::to_string(number)};
  }

  // A REGISTER over that connection; the status, or nothing while the disk is waited for.
  std::optional<int> registers(AccountId const& account, std::uint32_t number, std::string const& token,
                               RegisterRequest request = {}) {
    request.call_id = "register-" + account.value;
    request.cseq = ++cseq[account.value];
    request.remote = way(number).remote;
    if (!token.empty()) {
      request.kind = ContactsKind::listed;
      request.contacts.push_back({.uri = "sip:a@192.0.2.1:" + std::to_string(number) + ";pn-prid=" + token,
                                  .instance = iphone,
                                  .wish = PushWish::request,
                                  .asked_provider = "apns",
                                  .device = {.instance = iphone,
                                             .app = "org.app",
                                             .platform = Platform::ios,
                                             .os_version = "18",
                                             .provider = Provider::apns,
                                             .voip_token = token,
                                             .message_token = token + "-message",
                                             .uses_call = true}});
    }
    std::optional<int> status;
    registrations->register_contacts(account, request, way(number),
                                     [&](RegisterOutcome outcome) { status = outcome.status; });
    auto const at_once = status;
    settle();
    return at_once;
  }
  void call(AccountId const& callee, std::uint32_t number = 1) {
    offer(callee, number);
    settle();
  }
  void offer(AccountId const& callee, std::uint32_t number = 1, std::uint32_t offered_cseq = 0) {
    calls->offer({.id = {.slot = number, .generation = 1},
                  .callee = callee,
                  .tracking = TrackingId{"99999999-2222-4333-8444-55555555555" + std::to_string(number)},
                  .call_id = "call-" + std::to_string(number),
                  .cseq = offered_cseq,
                  .caller = {.address = romeo.value, .account = romeo},
                  .arrived = clock.now()});
  }
  void push_ends(std::size_t number, PushState state) {
    auto const id = pushes.requests.at(number).id;
    pushes.answers.at(id.value)({.id = id, .state = state, .at = clock.now()});
    settle();
  }
  std::size_t records() {
    std::size_t count = 0;
    EXPECT_TRUE(store.for_each(store::Table::calls, [&](auto, auto) { ++count; }));
    return count;
  }
  Device device(AccountId const& account) { return shard->directory.find(account)->registrations().devices.at(0); }
};

// RFC 3261 section 26.2.2, RFC 5630.
TEST(Calls, a_call_to_a_sips_uri_rings_over_tls_only) {
  House house;
  auto& entry = *house.shard->directory.find(juliet);
  auto const until = house.clock.now() + 1h;
  (void)house.shard->directory.set_registrations(
      entry, {.bindings = {{.contact = "sip:a@192.0.2.1", .expires_at = until, .remote = "udp 192.0.2.1:5060"}}});
  Offer offer{.id = {.slot = 1, .generation = 1},
              .callee = juliet,
              .call_id = "call",
              .caller = {.address = "romeo@localhost", .account = romeo},
              .hops = Hops::secured,
              .arrived = house.clock.now()};
  house.calls->offer(offer);
  EXPECT_EQ(house.hands.did.at(0), "answer 480") << "nobody is there in safety";
  offer.id.slot = 2;
  offer.hops = Hops::any;
  house.hands.did.clear();
  house.calls->offer(offer);
  EXPECT_EQ(house.hands.did.at(0), "ring flow 0");
}

TEST(Calls, a_call_to_a_sips_uri_wakes_no_phone_that_comes_in_clear) {
  House house;
  house.registers(juliet, 1, "token");
  house.calls->on_flow_lost(House::flow(1));
  house.calls->offer({.id = {.slot = 1, .generation = 1},
                      .callee = juliet,
                      .call_id = "call",
                      .caller = {.address = "romeo@localhost", .account = romeo},
                      .hops = Hops::secured,
                      .arrived = house.clock.now()});
  EXPECT_TRUE(house.pushes.requests.empty());
  EXPECT_EQ(house.hands.did.at(0), "answer 480");
}

TEST(Calls, B_CALL_1_a_register_after_the_push_releases_the_invite_once_per_flow) {
  House house;
  house.registers(juliet, 1, "token");
  house.calls->on_flow_lost(House::flow(1));
  house.call(juliet);
  ASSERT_EQ(house.pushes.requests.size(), 1U);
  EXPECT_TRUE(house.hands.did.empty()) << "nothing to ring while the phone sleeps";
  house.registers(juliet, 2, "token");
  house.registers(juliet, 2, "token");
  EXPECT_EQ(house.hands.did, std::vector<std::string>{"ring flow 2"});
  EXPECT_EQ(house.pushes.acknowledged.front(), house.pushes.requests[0].id.value);
  house.hands.listener({.slot = 1, .generation = 1}, BranchAnswered{.branch = 0, .status = 200});
  EXPECT_EQ(house.hands.did, (std::vector<std::string>{"ring flow 2", "forward 0", "forget"}));
  EXPECT_EQ(house.calls->size(), 0U);
}

TEST(Calls, B_CALL_5_a_call_is_pushed_though_the_provider_refused_the_key_a_moment_ago) {
  House house;
  house.registers(juliet, 1, "token");
  house.calls->on_flow_lost(House::flow(1));
  house.pushes.is_trusted = false;
  house.call(juliet);
  EXPECT_EQ(house.pushes.requests.size(), 1U) << "it finds out anew";
  EXPECT_TRUE(house.hands.did.empty());
}

// RFC 3261 section 10.2.2: the client clears what it does not know any more, then registers.
TEST(Calls, B_CALL_1_a_woken_phone_that_clears_its_bindings_before_it_registers_is_rung) {
  for (auto const clears : {ContactsKind::listed, ContactsKind::all}) {
    House house;
    house.registers(juliet, 1, "token");
    house.calls->on_flow_lost(House::flow(1));
    house.call(juliet);
    house.push_ends(0, PushState::accepted_by_provider);
    bool const by_contact = clears == ContactsKind::listed;
    house.registers(juliet, 2, by_contact ? "token" : "", {.kind = clears, .expires = Duration::zero()});
    EXPECT_TRUE(house.hands.did.empty());
    house.registers(juliet, 2, "token");
    EXPECT_EQ(house.hands.did, std::vector<std::string>{"ring flow 2"});
  }
}

TEST(Calls, B_CALL_2_time_alone_ends_a_call) {
  House house;
  house.registers(juliet, 1, "token");
  house.calls->on_flow_lost(House::flow(1));
  house.call(juliet);
  house.pass(5s);
  EXPECT_EQ(house.hands.did, std::vector<std::string>{"answer 180"});
  house.pass(8s);
  EXPECT_EQ(house.hands.did.back(), "answer 480");
  house.push_ends(0, PushState::expired);
  house.pass(50s);
  EXPECT_EQ(house.calls->size(), 0U);
  EXPECT_EQ(house.shard->deadlines.size(), 0U);
}

TEST(Calls, an_unknown_user_is_404_and_a_user_without_devices_480) {
  House house;
  house.call(AccountId{"nobody@localhost"});
  house.call(juliet, 2);
  EXPECT_EQ(house.hands.did, (std::vector<std::string>{"answer 404", "forget", "answer 480", "forget"}));
}

TEST(Calls, B_CALL_13_a_restart_ends_what_was_in_set_up) {
  House house;
  house.registers(juliet, 1, "token");
  house.call(juliet);
  house.traces.heard.clear();
  house.start();
  EXPECT_EQ(house.traces.heard, std::vector<std::string>{"interrupted"});
  ASSERT_EQ(house.pushes.requests.size(), 2U);
  EXPECT_EQ(house.pushes.requests[1].push_class, PushClass::missed_call);
  EXPECT_EQ(house.pushes.requests[1].channel, ChannelName::message);
  EXPECT_EQ(house.pushes.taken_back, std::vector<std::string>{house.pushes.requests[0].id.value});
  house.traces.heard.clear();
  house.start();
  EXPECT_TRUE(house.traces.heard.empty()) << "once";
  EXPECT_EQ(house.pushes.requests.back().id, house.pushes.requests[1].id) << "the same notice";
  house.push_ends(2, PushState::accepted_by_provider);
  house.registers(juliet, 2, "token");
  EXPECT_EQ(house.hands.did.back(), "cancel 0") << "B-CALL-9: it came late";
  house.hands.listener({.thread = 0xffff, .slot = 1, .generation = 1}, BranchAnswered{.branch = 0, .status = 487});
  EXPECT_EQ(house.calls->size(), 0U);
  EXPECT_EQ(house.records(), 0U);
}

TEST(Calls, B_CALL_13_nothing_is_said_to_the_caller_before_his_call_is_on_disk) {
  House house;
  house.registers(juliet, 1, "token");
  house.offer(juliet);
  EXPECT_EQ(house.hands.did, std::vector<std::string>{"ring flow 1"}) << "a live INVITE waits for no disk";
  EXPECT_EQ(house.pushes.requests.size(), 1U) << "nor does a push";
  EXPECT_TRUE(house.hands.released.empty());
  house.settle();
  EXPECT_EQ(house.hands.released, std::vector<std::string>{"offer 1"});
  EXPECT_EQ(house.records(), 1U);
  house.hands.listener({.slot = 1, .generation = 1}, BranchAnswered{.branch = 0, .status = 200});
  EXPECT_EQ(house.hands.held, 2U);
  house.settle();
  EXPECT_EQ(house.hands.released.size(), 2U) << "nor of its answer";
  EXPECT_EQ(house.records(), 0U);
  EXPECT_EQ(house.traces.flushes, 2U) << "its milestones are on disk no later";
}

TEST(Calls, B_CALL_13_a_full_disk_keeps_nobody_from_calling) {
  House house;
  house.registers(juliet, 1, "token");
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "full"});
  house.call(juliet);
  EXPECT_EQ(house.hands.released, std::vector<std::string>{"offer 1"});
}

TEST(Calls, B_CALL_13_what_rings_is_cancelled_on_the_flow_it_comes_back_on) {
  House house;
  house.registers(juliet, 1, "token");
  house.call(juliet);
  house.start();
  house.registers(juliet, 2, "token");
  EXPECT_NE(std::ranges::find(house.hands.did, "cancel old SIP/2.0/UDP us;branch=z9hG4bK0 on flow 2"),
            house.hands.did.end());
}

TEST(Calls, B_CALL_4_an_invite_repeated_to_the_next_run_is_the_call_that_counts) {
  House house;
  house.registers(juliet, 1, "token");
  house.calls->on_flow_lost(House::flow(1));
  house.call(juliet);
  house.start();
  house.call(juliet);
  EXPECT_EQ(house.pushes.requests.back().id, house.pushes.requests.front().id);
  house.hands.did.clear();
  house.registers(juliet, 2, "token");
  EXPECT_EQ(house.hands.did, std::vector<std::string>{"ring flow 2"}) << "one INVITE, and no CANCEL";
}

// The nonces of the last run are no good to the next: the repeated INVITE got 407, and came again.
TEST(Calls, B_CALL_4_so_is_one_that_came_again_with_fresh_credentials) {
  for (bool const rang : {false, true}) {
    House house;
    house.registers(juliet, 1, "token");
    if (!rang) house.calls->on_flow_lost(House::flow(1));
    house.call(juliet);
    house.start();
    house.offer(juliet, 1, 1);
    house.hands.did.clear();
    house.registers(juliet, 2, "token");
    std::ranges::sort(house.hands.did);
    auto const cancelled = rang ? std::vector<std::string>{"cancel old SIP/2.0/UDP us;branch=z9hG4bK0 on flow 2"}
                                : std::vector<std::string>{};
    EXPECT_EQ(house.hands.did.back(), "ring flow 2");
    house.hands.did.pop_back();
    EXPECT_EQ(house.hands.did, cancelled) << "one INVITE, and no CANCEL but of what rings by another";
  }
}

TEST(Calls, B_CALL_9_a_phone_that_rings_on_a_lost_flow_is_cancelled_on_its_new_one) {
  House house;
  OfferId const offer{.slot = 1, .generation = 1};
  house.registers(juliet, 1, "token");
  house.call(juliet);
  house.hands.listener(offer, BranchAnswered{.branch = 0, .status = 180});
  house.calls->on_flow_lost(House::flow(1));
  EXPECT_EQ(house.calls->size(), 1U) << "B-CALL-2: it rings until no-answer";
  house.calls->cancel(offer, "");
  house.settle();
  EXPECT_EQ(house.hands.did.back(), "cancel 0");
  house.registers(juliet, 2, "token");
  EXPECT_EQ(house.hands.did.back(), "cancel old SIP/2.0/UDP us;branch=z9hG4bK0 on flow 2");
  for (std::size_t push = 0; push < house.pushes.requests.size(); ++push)
    house.push_ends(push, PushState::accepted_by_provider);
  house.pass(61s);
  EXPECT_EQ(house.calls->size(), 0U);
}

// A desk phone without +sip.instance, over TCP.
void desk_registers(House& house, std::uint32_t number, std::uint32_t cseq) {
  RegisterRequest request{.call_id = "desk", .cseq = cseq, .kind = ContactsKind::listed};
  request.contacts.push_back({.uri = "sip:juliet@192.0.2.1:5060;transport=tcp"});
  request.remote = House::way(number).remote;
  house.registrations->register_contacts(juliet, request, House::way(number), [](auto) {});
  house.settle();
}

TEST(Calls, B_CALL_9_a_desk_phone_without_instance_is_cancelled_on_the_connection_that_it_comes_back_on) {
  std::string const cancelled = "cancel old SIP/2.0/UDP us;branch=z9hG4bK0 on flow 2";
  OfferId const offer{.slot = 1, .generation = 1};
  enum class Back { before_the_end, after_the_end, after_a_restart };
  for (auto const back : {Back::before_the_end, Back::after_the_end, Back::after_a_restart}) {
    House house;
    desk_registers(house, 1, 1);
    house.call(juliet);
    house.hands.listener(offer, BranchAnswered{.branch = 0, .status = 180});
    if (back == Back::after_a_restart) house.start();
    house.calls->on_flow_lost(House::flow(1));
    if (back == Back::before_the_end) desk_registers(house, 2, 2);
    house.calls->cancel(offer, "");
    house.settle();
    if (back != Back::before_the_end) desk_registers(house, 2, 2);
    EXPECT_NE(std::ranges::find(house.hands.did, cancelled), house.hands.did.end())
        << static_cast<int>(back) << ::testing::PrintToString(house.hands.did);
  }
}

TEST(Calls, B_CALL_5_a_dead_token_ends_the_call_and_is_remembered) {
  House house;
  house.registers(juliet, 1, "token");
  house.calls->on_flow_lost(House::flow(1));
  house.clock.advance(1s);
  house.call(juliet);
  auto const id = house.pushes.requests[0].id;
  house.pushes.answers[id.value]({.id = id,
                                  .state = PushState::refused,
                                  .provider_status = 410,
                                  .token = TokenVerdict::dead,
                                  .dead_since = house.clock.now(),
                                  .at = house.clock.now()});
  EXPECT_EQ(house.hands.did, (std::vector<std::string>{"answer 480", "forget"}));
  EXPECT_TRUE(house.device(juliet).voip.dead_since);
  house.settle();
  house.start();
  EXPECT_TRUE(house.device(juliet).voip.dead_since) << "on disk";
}

TEST(Registrations, a_new_device_is_on_disk_before_its_200_and_a_refresh_writes_nothing) {
  House house;
  EXPECT_EQ(house.registers(juliet, 1, "token"), std::nullopt);
  auto const commits = house.store.commits();
  house.clock.advance(600s);
  EXPECT_EQ(house.registers(juliet, 1, "token"), 200);
  EXPECT_EQ(house.store.commits(), commits);
}

TEST(Registrations, what_a_refresh_promised_survives_a_restart) {
  House house;
  house.registers(juliet, 1, "token");
  house.clock.advance(3000s);
  EXPECT_EQ(house.registers(juliet, 1, "token"), 200);
  // Past the end that the first REGISTER was granted, within that of the second, which nobody wrote.
  house.clock.advance(3000s);
  house.start();
  ASSERT_EQ(house.shard->directory.find(juliet)->registrations().bindings.size(), 1U);
  EXPECT_GT(house.shard->directory.find(juliet)->registrations().bindings[0].expires_at, house.clock.now());
}

TEST(Registrations, B_SIGN_2_a_token_is_taken_from_its_last_user) {
  House house;
  house.registers(romeo, 1, "token");
  house.registers(juliet, 2, "token");
  EXPECT_EQ(house.device(juliet).voip.token, "token");
  EXPECT_TRUE(house.device(romeo).voip.token.empty());
  EXPECT_TRUE(house.device(romeo).message.token.empty());
  house.start();
  EXPECT_TRUE(house.device(romeo).voip.token.empty()) << "on record";
}

TEST(Registrations, B_MODE_4_a_register_without_contact_tells_the_mode) {
  House house;
  house.registers(juliet, 1, "token");
  EXPECT_EQ(house.registers(juliet, 1, "", {.mode = Mode::background}), 200);
  EXPECT_EQ(house.device(juliet).reported_mode, Mode::background);
}

TEST(Registrations, a_full_disk_is_no_200) {
  House house;
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "full"});
  int status = 0;
  RegisterRequest request{.call_id = "c", .cseq = 1, .kind = ContactsKind::listed};
  request.contacts.push_back({.uri = "sip:a@192.0.2.1"});
  house.registrations->register_contacts(juliet, request, House::way(1),
                                         [&](RegisterOutcome outcome) { status = outcome.status; });
  house.settle();
  EXPECT_EQ(status, 500);
}

// With reg-id there are two bindings whatever their URIs: each keeps its own connection.
TEST(Calls, B_CALL_1_rings_each_of_two_devices_with_equal_contact_uris_on_its_own_connection) {
  House house;
  for (std::uint32_t number = 1; number <= 2; ++number) {
    InstanceId const instance{"11111111-2222-4333-8444-00000000000" + std::to_string(number)};
    RegisterRequest request{.call_id = "c" + std::to_string(number), .cseq = 1, .kind = ContactsKind::listed};
    request.contacts.push_back({.uri = "sip:a@10.0.0.2", .instance = instance, .reg_id = 1});
    request.contacts.back().device = {.instance = instance, .uses_call = true};
    house.registrations->register_contacts(juliet, request, House::way(number), [](auto) {});
    house.settle();
  }
  house.call(juliet);
  EXPECT_EQ(house.hands.did, (std::vector<std::string>{"ring flow 2", "ring flow 1"}));
}

TEST(Registrations, a_flow_is_forgotten_with_what_was_bound_to_it) {
  House house;
  for (std::uint32_t contact = 0; contact < 100; ++contact) {
    RegisterRequest request{.call_id = "c", .cseq = contact + 1, .kind = ContactsKind::listed};
    request.contacts.push_back({.uri = "sip:a@192.0.2.1:" + std::to_string(1000 + contact), .instance = iphone});
    request.contacts.back().device.instance = iphone;
    house.registrations->register_contacts(juliet, request, House::way(1), [](auto) {});
    house.settle();
  }
  EXPECT_EQ(house.registrations->live_targets(*house.shard->directory.find(juliet)).size(), 1U);
  house.registers(juliet, 1, "", {.kind = ContactsKind::all, .expires = Duration::zero()});
  EXPECT_EQ(house.shard->directory.find(juliet)->calls, nullptr) << "and nothing of it stays";
}

}  // namespace
}  // namespace reveille::dispatch
