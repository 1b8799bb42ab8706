#include "dispatch/directory.hpp"

#include "dispatch/deadlines.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace reveille::dispatch {
namespace {

using namespace model;

AccountId const juliet{"juliet@localhost"};
AccountId const romeo{"romeo@localhost"};
Instant const start = from_unix_seconds(1'800'000'000);

Registrations phone(std::string const& token) {
  return {.devices = {Device{.instance = InstanceId{"11111111-2222-3333-4444-555555555555"},
                             .voip = {.token = token},
                             .services = {.call = true}}}};
}

TEST(TokenIndex, knows_each_holder_whoever_came_first) {
  Directory directory;
  auto& one = directory.put(juliet, {});
  auto& other = directory.put(romeo, {});
  TokenIndex index;
  auto const holders = [&index] {
    int count = 0;
    index.for_each(7, [&count](Entry&) { ++count; });
    return count;
  };
  index.add(7, one);
  index.add(7, other);
  EXPECT_EQ(holders(), 2);
  index.remove(7, one);
  index.for_each(7, [&](Entry& entry) { EXPECT_EQ(&entry, &other); });
  EXPECT_EQ(holders(), 1);
  index.remove(7, one);
  EXPECT_EQ(holders(), 1) << "it holds none any more";
  index.add(7, one);
  index.remove(7, one);
  EXPECT_EQ(holders(), 1);
  index.remove(7, other);
  EXPECT_EQ(holders(), 0);
}

TEST(Directory, keeps_packed_what_it_is_given) {
  Directory directory;
  auto& entry = directory.put(juliet, Verifier{.ha1_md5 = "abc"});
  directory.set_registrations(entry, phone("token-1"));
  EXPECT_EQ(directory.find(juliet)->registrations(), phone("token-1"));
  EXPECT_EQ(directory.find(juliet)->verifier().ha1_md5, "abc");
  EXPECT_EQ(directory.find(romeo), nullptr);
  // A new password leaves the devices.
  directory.put(juliet, Verifier{.ha1_md5 = "def"});
  EXPECT_EQ(directory.find(juliet)->registrations(), phone("token-1"));
}

TEST(Directory, finds_the_holders_of_a_token) {
  Directory directory;
  auto& entry = directory.put(juliet, {});
  directory.set_registrations(entry, phone("shared"));
  directory.set_registrations(directory.put(romeo, {}), phone("shared"));
  EXPECT_EQ(directory.holders_of("shared").size(), 2U);
  directory.set_registrations(entry, phone("other"));
  EXPECT_EQ(directory.holders_of("shared").size(), 1U);
  EXPECT_EQ(directory.holders_of("other").size(), 1U);
  EXPECT_TRUE(directory.remove(juliet));
  EXPECT_TRUE(directory.holders_of("other").empty());
}

TEST(Directory, refuses_registrations_that_make_no_sense) {
  Directory directory;
  directory.put(juliet, {});
  EXPECT_FALSE(directory.put_packed_registrations(juliet, "nonsense"));
  EXPECT_FALSE(directory.put_packed_registrations(romeo, pack(phone("t"))));
}

TEST(Directory, is_visited_in_parts_and_leaves_out_none_that_stays) {
  Directory directory;
  auto const account = [](std::size_t number) { return model::AccountId{"u" + std::to_string(number) + "@e.org"}; };
  constexpr std::size_t many = 500;
  for (std::size_t i = 0; i < many; ++i) directory.put(account(i), {});
  std::map<std::string, int> seen;
  auto const visit = [&](Entry& entry) { ++seen[entry.account().value]; };
  int parts = 1;
  for (auto part = directory.for_some({}, 40, visit); part; part = directory.for_some(*part, 40, visit)) ++parts;
  EXPECT_GT(parts, 10);
  EXPECT_EQ(seen.size(), many);
  EXPECT_TRUE(std::ranges::all_of(seen, [](auto const& one) { return one.second == 1; }));
  // So many come between two parts that all change their places.
  seen.clear();
  auto part = directory.for_some({}, 40, visit);
  for (std::size_t i = many; i < 4 * many; ++i) directory.put(account(i), {});
  while (part) part = directory.for_some(*part, 40, visit);
  EXPECT_EQ(seen.size(), 4 * many);
}

TEST(Directory, takes_an_unexpired_udp_binding_for_a_live_flow) {
  Directory directory;
  auto& entry = directory.put(juliet, {});
  auto registrations = phone("t");
  auto const instance = registrations.devices[0].instance;
  registrations.bindings = {Binding{.expires_at = start + 60s, .instance = instance, .remote = "udp 192.0.2.1:5060"}};
  EXPECT_EQ(state_of(entry, registrations, registrations.devices[0], start), DeviceState::foreground);
  EXPECT_EQ(state_of(entry, registrations, registrations.devices[0], start + 61s), DeviceState::suspended);
}

TEST(Deadlines, run_in_order_and_can_be_dropped) {
  Deadlines deadlines;
  std::string heard;
  std::optional<Instant> earlier;
  deadlines.set_earlier([&](Instant at) { earlier = at; });
  deadlines.add(start + 2s, [&] { heard += 'b'; });
  auto const dropped = deadlines.add(start + 1s, [&] { heard += 'x'; });
  EXPECT_EQ(earlier, start + 1s);
  deadlines.add(start + 1s, [&] {
    heard += 'a';
    deadlines.add(start, [&] { heard += 'c'; });
  });
  deadlines.drop(dropped);
  deadlines.run(start + 1s);
  EXPECT_EQ(heard, "a");
  deadlines.run(start + 2s);
  EXPECT_EQ(heard, "acb");
  EXPECT_EQ(deadlines.next(), std::nullopt);
}

}  // namespace
}  // namespace reveille::dispatch
