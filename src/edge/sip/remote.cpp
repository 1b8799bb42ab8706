#include "edge/sip/remote.hpp"

#include "wire/sip/uri.hpp"

#include <algorithm>

namespace reveille::edge::sip {

std::string format_remote(Source const& source) {
  std::string text{wire::name_of(source.transport)};
  std::ranges::transform(text, text.begin(), wire::to_lower);
  return text + ' ' + format_address(source.remote);
}

std::optional<Target> parse_remote(std::string_view text) {
  auto const space = text.find(' ');
  if (space == std::string_view::npos) return {};
  auto const transport = wire::transport_named(text.substr(0, space));
  auto const place = wire::parse_host_port(text.substr(space + 1));
  if (!place || !place->port || transport == wire::Transport::other) return {};
  boost::system::error_code error;
  auto const ip = boost::asio::ip::make_address(std::string(place->host), error);
  if (error) return {};
  return Target{.transport = transport, .remote = {.ip = ip, .port = *place->port}};
}

}  // namespace reveille::edge::sip
