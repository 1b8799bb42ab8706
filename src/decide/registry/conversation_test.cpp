// Conversations of REGISTERs, each again with a restart after every step: RFC 3261 section 10.3, B-SIGN-2, B-SIGN-5.
#include "decide/registry/register.hpp"
#include "model/contact.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>

namespace reveille::decide {
namespace {

using namespace model;

constexpr std::string_view phone = ";+sip.instance=\"<urn:uuid:aaaaaaaa-0000-4000-8000-000000000001>\"";
constexpr std::string_view desk = ";+sip.instance=\"<urn:uuid:bbbbbbbb-0000-4000-8000-000000000002>\"";

// One REGISTER, after some time. Its CSeq is its place in the conversation.
struct Step {
  std::string contact = {};  // empty: "*"
  std::string call_id = {};
  std::optional<Duration> expires = {};
  Duration after = 1s;
};

std::string phone_at(std::string const& host, std::string const& token) {
  return "<sip:juliet@" + host + ";pn-provider=apns;pn-param=TEAM.org.app.voip&remote;pn-prid=B:remote&" + token +
         ":voip>" + std::string(phone) + ";reveille-os=\"ios/18.1\"";
}

std::string desk_at(std::string const& host, std::string_view more = {}) {
  return "<sip:juliet@" + host + ">" + std::string(desk) + std::string(more);
}

using Conversation = std::vector<Step>;

std::vector<Conversation> conversations() {
  return {
      // A phone registers, refreshes, moves, gets another token, and signs out.
      {{phone_at("192.0.2.1", "A"), "phone"},
       {phone_at("192.0.2.1", "A"), "phone", {}, 600s},
       {phone_at("192.0.2.1", "A"), "phone", {}, 3300s},
       {phone_at("192.0.2.9", "A"), "phone"},
       {phone_at("192.0.2.9", "C"), "phone again"},
       {phone_at("192.0.2.9", "C"), "phone again", 0s}},
      // Two devices of one user; one with two flows (RFC 5626). What is too brief is refused.
      {{phone_at("192.0.2.1", "A"), "phone"},
       {desk_at("192.0.2.7:5070", ";reg-id=1"), "desk"},
       {desk_at("192.0.2.7:5071", ";reg-id=2"), "desk"},
       {desk_at("192.0.2.7:5099", ";reg-id=1"), "desk", {}, 1200s},
       {phone_at("192.0.2.1", "A"), "phone", 90s},
       {desk_at("192.0.2.7:5099", ";reg-id=1"), "desk", 0s},
       {phone_at("192.0.2.1", "A"), "phone", {}, 1800s}},
      // Everything ends by "*", and begins anew.
      {{desk_at("192.0.2.7"), "desk"},
       {phone_at("192.0.2.1", "A"), "phone"},
       {"", "desk", 0s},
       {desk_at("192.0.2.8"), "desk"}},
  };
}

struct Registrar {
  Registrations kept = {};
  std::string on_disk = pack(Registrations{});
  RegistrarPolicy policy = {};
  PushOffer offer{.switched_on = true, .apns = true};
  Instant now = from_unix_seconds(1'800'000'000);
  std::vector<std::string> said = {};  // the status of each answer, and the contacts that it lists

  void hear(Step const& step, std::uint32_t cseq) {
    now += step.after;
    RegisterRequest request{.call_id = step.call_id,
                            .cseq = cseq,
                            .kind = step.contact.empty() ? ContactsKind::all : ContactsKind::listed,
                            .expires = step.expires};
    if (!step.contact.empty())
      request.contacts = {read_contact(sip::parse_contact(step.contact).value(), AccountId{"juliet@localhost"})};
    auto const outcome = on_register(kept, request, policy, offer, now);
    said.push_back(std::to_string(outcome.status));
    for (auto const& each : outcome.bindings) said.back() += " " + each.contact;
    if (outcome.durability == Durability::before_answer) on_disk = pack(kept);
  }
  // A stop, which writes everything.
  void restart() { kept = unpack_registrations(pack(kept)).value(); }
  // What was not on disk before its answer is lost; a binding is taken for as long as it was stored.
  void die_and_start() {
    kept = unpack_registrations(on_disk).value();
    for (auto& binding : kept.bindings) binding.expires_at = std::max(binding.expires_at, binding.stored_until);
  }
};

enum class Restart : std::uint8_t { stopped, killed };

Registrar play(Conversation const& conversation, std::set<std::size_t> const& after, Restart how = Restart::stopped) {
  Registrar registrar;
  for (std::size_t at = 0; at < conversation.size(); ++at) {
    registrar.hear(conversation[at], static_cast<std::uint32_t>(at + 1));
    if (!after.contains(at)) continue;
    how == Restart::stopped ? registrar.restart() : registrar.die_and_start();
  }
  return registrar;
}

// Who can be reached, where and by what.
std::set<std::string> reach_of(Registrations const& kept) {
  std::set<std::string> reach;
  for (auto const& binding : kept.bindings) reach.insert(binding.contact + " of " + binding.instance.value);
  for (auto const& device : kept.devices)
    reach.insert(device.instance.value + " " + device.voip.token + " " + device.message.token +
                 (device.services.call ? " takes calls" : ""));
  return reach;
}

TEST(RegistryConversation, SaysWhatIsMeant) {
  std::vector<std::vector<std::string>> statuses;
  for (auto const& conversation : conversations()) {
    auto& one = statuses.emplace_back();
    for (auto const& said : play(conversation, {}).said) one.push_back(said.substr(0, 3));
  }
  EXPECT_EQ(statuses[0], std::vector<std::string>(6, "200"));
  EXPECT_EQ(statuses[1], (std::vector<std::string>{"200", "200", "200", "200", "423", "200", "200"}));
  EXPECT_EQ(statuses[2], std::vector<std::string>(4, "200"));
  EXPECT_EQ(play(conversations()[1], {}).kept.bindings.size(), 2U);
}

TEST(RegistryConversation, GoesOnAsBeforeWithARestartAfterEveryStep) {
  for (auto const& conversation : conversations()) {
    auto const whole = play(conversation, {});
    std::set<std::size_t> every;
    for (std::size_t at = 0; at < conversation.size(); ++at) {
      every.insert(at);
      for (auto const& again : {play(conversation, {at}), play(conversation, every)}) {
        EXPECT_EQ(again.said, whole.said) << "after " << at;
        EXPECT_EQ(again.kept, whole.kept) << "after " << at;
      }
    }
  }
}

TEST(RegistryConversation, ForgetsNothingThatWasPromisedWithAKillAfterEveryStep) {
  for (auto const& conversation : conversations()) {
    auto const whole = play(conversation, {});
    for (std::size_t at = 0; at < conversation.size(); ++at) {
      Conversation const told(conversation.begin(), conversation.begin() + static_cast<std::ptrdiff_t>(at) + 1);
      auto const before = play(told, {});
      auto after = play(told, {at}, Restart::killed);
      EXPECT_EQ(reach_of(after.kept), reach_of(before.kept)) << "after " << at;
      ASSERT_EQ(after.kept.bindings.size(), before.kept.bindings.size());
      for (std::size_t i = 0; i < before.kept.bindings.size(); ++i)
        EXPECT_GE(after.kept.bindings[i].expires_at, before.kept.bindings[i].expires_at) << "after " << at;
      auto const again = play(conversation, {at}, Restart::killed);
      EXPECT_EQ(again.said, whole.said) << "after " << at;
      EXPECT_EQ(reach_of(again.kept), reach_of(whole.kept)) << "after " << at;
    }
  }
}

}  // namespace
}  // namespace reveille::decide
