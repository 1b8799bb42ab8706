#include "admin/operator.hpp"

#include "base/encoding.hpp"
#include "store/memory/memory_store.hpp"
#include "store/test_shard.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace reveille::admin {
namespace {

namespace json = boost::json;

class OnePush final : public model::PushPort {
 public:
  void request(model::PushRequest request, Answer answer) override {
    last = request;
    answer({.id = request.id, .state = model::PushState::accepted_by_provider, .provider_status = 200});
  }
  void take_back(model::PushId const&) override {}
  void acknowledge(model::PushId const&) override {}
  [[nodiscard]] bool has_credential(model::Provider, model::Environment) const override { return true; }
  [[nodiscard]] bool serves(model::Provider, model::Environment) const override { return usable; }
  model::PushRequest last;
  bool usable = true;
};

struct House {
  VirtualClock clock;
  SeededRandom random;
  model::Policy policy;
  store::TestShard thread;
  store::MemoryStore store{thread.post()};
  OnePush push;
  Traces traces{store};
  dispatch::Shard shard{
      .clock = clock, .random = random, .policy = policy, .store = store, .traces = traces, .push = push};
  Operator operate{shard, traces};

  json::object ask(json::object const& request) {
    std::optional<json::value> answer;
    operate.answer(request, [&](json::value given) { answer = std::move(given); });
    if (!answer) thread.run_until([&] { return answer.has_value(); });
    return answer.value_or(json::object{}).as_object();
  }
  json::object add_user(std::string_view address) {
    auto const verifier = model::derive_verifier(model::AccountId{address}, Secret("secret"), "0123456789abcdef", 4096);
    return ask({{"command", "user add"}, {"address", address}, {"verifier", encode_base64(model::pack(verifier))}});
  }
  void add_phone() {
    auto& entry = *shard.directory.find(model::AccountId{"juliet@localhost"});
    model::Registrations registrations;
    registrations.devices.push_back({.instance = model::InstanceId{"6a1c4f5e-0000-4000-8000-000000000001"},
                                     .app = "org.example.phone",
                                     .platform = model::Platform::ios,
                                     .provider = model::Provider::apns,
                                     .voip = {.token = "00112233445566778899aabbccddeeff"},
                                     .message = {.token = "ffeeddccbbaa99887766554433221100"},
                                     .services = {.call = true, .im = true}});
    registrations.bindings.push_back({.contact = "sip:juliet@192.0.2.1;pn-provider=apns;pn-prid=0011;ob",
                                      .expires_at = clock.now() + 1h,
                                      .instance = registrations.devices[0].instance});
    shard.directory.set_registrations(entry, registrations);
  }
};

TEST(Operator, a_user_added_is_there_at_once_and_on_disk) {
  House house;
  EXPECT_TRUE(house.add_user("Juliet@localhost").at("ok").as_bool());
  EXPECT_TRUE(house.shard.directory.find(model::AccountId{"juliet@localhost"}));
  EXPECT_EQ(store::records_of(house.store, store::Table::users).size(), 1U);
  EXPECT_EQ(json::serialize(house.ask({{"command", "user list"}})),
            R"({"ok":true,"items":[{"account":"juliet@localhost","devices":0}]})");
}

TEST(Operator, a_user_of_another_domain_or_a_full_disk_is_refused_in_words) {
  House house;
  EXPECT_EQ(house.add_user("juliet@example.org").at("error"),
            "This server has no domain 'example.org'; it has: localhost.");
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  EXPECT_EQ(house.add_user("juliet@localhost").at("error"), "The user could not be stored: the disk is full");
  EXPECT_FALSE(house.shard.directory.find(model::AccountId{"juliet@localhost"}));
}

TEST(Operator, devices_show_no_whole_token) {
  House house;
  house.add_user("juliet@localhost");
  house.add_phone();
  auto const text = json::serialize(house.ask({{"command", "devices"}}));
  EXPECT_NE(text.find(R"("token_tail":"…ddeeff")"), std::string::npos) << text;
  EXPECT_EQ(text.find("00112233"), std::string::npos);
  EXPECT_NE(text.find(R"("contact":"sip:juliet@192.0.2.1;ob")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("services":["call","im"])"), std::string::npos) << text;
  EXPECT_FALSE(house.ask({{"command", "devices"}, {"address", "nobody@localhost"}}).at("ok").as_bool());
}

// RFC 3261 section 19.1.4: a parameter's name is told without case, and with its escapes undone.
TEST(Operator, devices_show_no_whole_token_however_its_parameter_is_written) {
  for (auto const* name : {"PN-PRID", "p%6e-prid", "reveille-x"}) {
    House house;
    house.add_user("juliet@localhost");
    house.add_phone();
    auto& entry = *house.shard.directory.find(model::AccountId{"juliet@localhost"});
    auto registrations = entry.registrations();
    registrations.bindings[0].contact = std::string("sip:juliet@192.0.2.1;") + name + "=00112233;ob";
    house.shard.directory.set_registrations(entry, registrations);
    auto const text = json::serialize(house.ask({{"command", "devices"}}));
    EXPECT_NE(text.find(R"("contact":"sip:juliet@192.0.2.1;ob")"), std::string::npos) << text;
  }
}

TEST(Operator, devices_show_their_session) {
  House house;
  house.add_user("juliet@localhost");
  house.add_phone();
  EXPECT_EQ(house.ask({{"command", "devices"}}).at("items").as_array()[0].at("xmpp"), nullptr);
  house.operate.set_session_of([](dispatch::Entry const& entry, model::InstanceId const& instance) {
    EXPECT_EQ(instance.value, "6a1c4f5e-0000-4000-8000-000000000001");
    return dispatch::SessionView{.jid = entry.account().value + "/ph\x1bone", .resumable = true, .unacknowledged = 3};
  });
  EXPECT_EQ(json::serialize(house.ask({{"command", "devices"}}).at("items").as_array()[0].at("xmpp")),
            R"({"jid":"juliet@localhost/ph?one","resumable":true,"unacked":3})");
}

TEST(Operator, a_test_push_goes_on_the_message_channel) {
  House house;
  house.add_user("juliet@localhost");
  house.add_phone();
  json::object const request{{"command", "push test"}, {"device", "6a1c4f5e-0000-4000-8000-000000000001"}};
  auto const answer = house.ask(request);
  EXPECT_EQ(answer.at("items").as_array()[0].at("state"), "accepted_by_provider");
  EXPECT_EQ(house.push.last.channel, model::ChannelName::message);
  EXPECT_EQ(house.push.last.target.topic, "org.example.phone");
  EXPECT_EQ(house.push.last.payload, R"({"v":1,"type":"test"})") << "as docs/reference/push-payload.schema.json has it";
  house.push.usable = false;
  EXPECT_FALSE(house.ask(request).at("ok").as_bool());
}

// The one channel of iOS 12 is the VoIP one, and iOS 13 ends an app that reports no call for a push on it.
TEST(Operator, B_TABLE_3_a_test_push_goes_on_voip_to_ios_12_only) {
  House house;
  house.add_user("juliet@localhost");
  house.add_phone();
  auto& entry = *house.shard.directory.find(model::AccountId{"juliet@localhost"});
  auto registrations = entry.registrations();
  auto& device = registrations.devices[0];
  device.layout = model::ChannelLayout::shared;
  for (auto const& [version, channel] :
       {std::pair{"12.5", model::ChannelName::voip}, std::pair{"18.0", model::ChannelName::message}}) {
    device.os_version = version;
    house.shard.directory.set_registrations(entry, registrations);
    house.ask({{"command", "push test"}, {"device", device.instance.value}});
    EXPECT_EQ(house.push.last.channel, channel) << version;
  }
}

// A shared phone is a device of its last users too; its tokens are the newest's (B-SIGN-2).
TEST(Operator, a_test_push_finds_the_user_of_now_of_a_shared_phone) {
  for (auto const* last :
       {"nurse@localhost", "anna@localhost", "zoe@localhost", "peter@localhost", "romeo@localhost"}) {
    House house;
    house.add_user(last);
    house.add_user("juliet@localhost");
    house.add_phone();
    auto& entry = *house.shard.directory.find(model::AccountId{last});
    auto registrations = house.shard.directory.find(model::AccountId{"juliet@localhost"})->registrations();
    auto& device = registrations.devices[0];
    device.voip = {};
    device.message = {};
    device.seen_at = house.clock.now();
    house.shard.directory.set_registrations(entry, registrations);
    json::object const request{{"command", "push test"}, {"device", device.instance.value}};
    EXPECT_TRUE(house.ask(request).at("ok").as_bool()) << last;
    // Both have tokens, of an app that changed them meanwhile.
    device.message.token = "0123";
    house.shard.directory.set_registrations(entry, registrations);
    house.ask(request);
    EXPECT_EQ(house.push.last.target.token, "0123") << "was seen last";
  }
}

TEST(Operator, what_is_unknown_is_refused) {
  House house;
  EXPECT_FALSE(house.ask({{"command", "trace"}, {"id", "x"}}).at("ok").as_bool());
  EXPECT_FALSE(house.ask({{"command", "reboot"}}).at("ok").as_bool());
  EXPECT_FALSE(house.ask({}).at("ok").as_bool());
}

}  // namespace
}  // namespace reveille::admin
