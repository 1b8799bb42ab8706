#include "edge/sip/remote.hpp"

#include "wire/sip/uri.hpp"

#include <algorithm>

namespace reveille::edge::sip {

std::string format_remote(Source const& source) {
  std::string text{wire::name_of(source.transport)};
  std::ranges::transform(text, text.begin(), wire::to_lower);
  return text + ' ' + format_address(source.remote);
}

std::optional<Address> parse_address(std::string_view text) {
  auto const place = wire::parse_host_port(text);
  if (!place || !place->port) return {};
  boost::system::error_code error;
  auto const ip = boost::asio::ip::make_address(std::string(place->host), error);
  if (error) return {};
  return Address{.ip = ip, .port = *place->port};
}

std::optional<Target> parse_remote(std::string_view text) {
  auto const space = text.find(' ');
  if (space == std::string_view::npos) return {};
  auto const transport = wire::transport_named(text.substr(0, space));
  auto const remote = parse_address(text.substr(space + 1));
  if (!remote || transport == wire::Transport::other) return {};
  return Target{.transport = transport, .remote = *remote};
}

}  // namespace reveille::edge::sip
