#include "edge/places.hpp"

#include <algorithm>

namespace reveille::edge {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v6;

constexpr std::size_t bytes_of_subscriber = 8;

address subscriber_of(address const& remote) {
  if (!remote.is_v6()) return remote;
  auto const six = remote.to_v6();
  if (six.is_v4_mapped()) return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, six);
  auto bytes = six.to_bytes();
  std::fill(bytes.begin() + bytes_of_subscriber, bytes.end(), std::uint8_t{0});
  return address_v6{bytes};
}

}  // namespace

std::optional<Places::Place> Places::take(address const& remote) {
  auto const subscriber = subscriber_of(remote);
  auto const found = taken_->of_address.find(subscriber);
  bool const is_greedy = found != taken_->of_address.end() && found->second >= taken_->limits.of_address;
  if (is_greedy || taken_->in_all >= taken_->limits.in_all) return std::nullopt;
  ++taken_->in_all;
  ++taken_->of_address[subscriber];
  return Place{taken_, subscriber};
}

Places::Place::~Place() {
  if (!taken_) return;
  --taken_->in_all;
  auto const found = taken_->of_address.find(address_);
  if (--found->second == 0) taken_->of_address.erase(found);
}

}  // namespace reveille::edge
