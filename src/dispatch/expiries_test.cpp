#include "dispatch/expiries.hpp"

#include "base/random.hpp"
#include "dispatch/directory.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>

namespace reveille::dispatch {
namespace {

// Beside a map that does the same the simple way.
TEST(Expiries, gives_what_is_due_in_order_whatever_moves_and_goes) {
  SeededRandom random{7};
  Expiries expiries;
  std::deque<Entry> entries(200);
  std::vector<std::unique_ptr<Expiries::Place>> places;
  for (auto& entry : entries) places.push_back(std::make_unique<Expiries::Place>(expiries, entry));
  std::map<Entry*, Instant> expected;
  auto const earliest = [&] {
    std::optional<Instant> first;
    for (auto const& [entry, at] : expected) first = first ? std::min(*first, at) : at;
    return first;
  };
  for (int step = 0; step < 20'000; ++step) {
    auto const which = random.number() % entries.size();
    auto& place = places[which];
    auto const at = from_unix_seconds(static_cast<std::int64_t>(1 + random.number() % 1'000));
    switch (random.number() % 6) {
      case 0:
        place->move({});
        expected.erase(&entries[which]);
        break;
      case 1:
        place = std::make_unique<Expiries::Place>(expiries, entries[which]);
        expected.erase(&entries[which]);
        break;
      case 2:
        if (auto* const due = expiries.take_due(at)) {
          ASSERT_EQ(expected.at(due), earliest());
          expected.erase(due);
        } else {
          ASSERT_TRUE(expected.empty() || *earliest() > at);
        }
        break;
      case 3:
        place->move_forward(at);
        if (auto const [known, is_new] = expected.try_emplace(&entries[which], at); !is_new)
          known->second = std::min(known->second, at);
        break;
      default:
        place->move(at);
        expected[&entries[which]] = at;
        break;
    }
    ASSERT_EQ(expiries.size(), expected.size());
    ASSERT_EQ(expiries.next(), earliest());
  }
}

}  // namespace
}  // namespace reveille::dispatch
