#include "edge/listening.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

namespace reveille::edge {
namespace {

std::string_view advice_for(boost::system::error_code error) {
  namespace reasons = boost::asio::error;
  if (error == reasons::address_in_use) return "choose another port or end the program that has it";
  if (error == reasons::access_denied)
    return "choose a port above 1023, or allow the program this one (CAP_NET_BIND_SERVICE)";
  if (error == boost::system::errc::address_not_available) return "choose an address of this machine";
  return "choose another address or port";
}

}  // namespace

std::unexpected<Error> cannot_listen(std::string_view where, boost::system::error_code error) {
  return failure(ErrorCode::refused,
                 fmt::format("cannot listen on {}: {}; {}", where, error.message(), advice_for(error)));
}

}  // namespace reveille::edge
