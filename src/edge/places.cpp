#include "edge/places.hpp"

#include "edge/subscriber.hpp"

namespace reveille::edge {

using boost::asio::ip::address;

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
