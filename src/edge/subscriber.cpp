#include "edge/subscriber.hpp"

#include <algorithm>
#include <cstdint>

namespace reveille::edge {

using boost::asio::ip::address;
using boost::asio::ip::address_v6;

address subscriber_of(address const& remote) {
  constexpr std::size_t bytes_of_subscriber = 8;
  if (!remote.is_v6()) return remote;
  auto const six = remote.to_v6();
  if (six.is_v4_mapped()) return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, six);
  auto bytes = six.to_bytes();
  std::fill(bytes.begin() + bytes_of_subscriber, bytes.end(), std::uint8_t{0});
  return address_v6{bytes};
}

}  // namespace reveille::edge
