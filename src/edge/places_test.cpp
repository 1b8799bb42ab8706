#include "edge/places.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace reveille::edge {
namespace {

using boost::asio::ip::make_address;

TEST(PlacesTest, GivesSoManyInAllAndSoManyToOneAddress) {
  Places places{{.in_all = 3, .of_address = 2}};
  std::vector<Places::Place> kept;
  for (auto const* from : {"192.0.2.1", "192.0.2.1", "192.0.2.2"}) kept.push_back(*places.take(make_address(from)));
  EXPECT_EQ(places.taken(), 3U);
  EXPECT_FALSE(places.take(make_address("192.0.2.3")));
  kept.pop_back();
  EXPECT_FALSE(places.take(make_address("192.0.2.1")));
  EXPECT_TRUE(places.take(make_address("192.0.2.3")));
}

TEST(PlacesTest, CountsASubscriberOfIpv6Once) {
  Places places{{.in_all = 9, .of_address = 1}};
  auto const one = places.take(make_address("2001:db8::1"));
  EXPECT_FALSE(places.take(make_address("2001:db8::ffff:2")));
  EXPECT_TRUE(places.take(make_address("2001:db8:0:1::1")));
  auto const mapped = places.take(make_address("::ffff:192.0.2.1"));
  EXPECT_FALSE(places.take(make_address("192.0.2.1")));
}

TEST(PlacesTest, APlaceComesBackEvenAfterThePlacesAreGone) {
  std::optional<Places> places{std::in_place, Places::Limits{.in_all = 1, .of_address = 1}};
  {
    auto const place = places->take(make_address("192.0.2.1"));
    EXPECT_FALSE(places->take(make_address("192.0.2.1")));
  }
  auto place = places->take(make_address("192.0.2.1"));
  EXPECT_TRUE(place);
  places.reset();
}

}  // namespace
}  // namespace reveille::edge
