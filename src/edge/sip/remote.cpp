#include "edge/sip/remote.hpp"

#include "wire/sip/uri.hpp"

#include <algorithm>

namespace reveille::edge::sip {

namespace {

constexpr std::string_view at = " at ";

}  // namespace

std::string format_remote(Source const& source) {
  std::string text{wire::name_of(source.transport)};
  std::ranges::transform(text, text.begin(), wire::to_lower);
  text += ' ' + format_address(source.remote);
  return source.local.is_unspecified() ? text : text + std::string(at) + format_ip(source.local);
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
  auto const end = text.find(at, space + 1);
  auto const remote = parse_address(text.substr(space + 1, end == text.npos ? end : end - space - 1));
  if (!remote || transport == wire::Transport::other) return {};
  Target target{.transport = transport, .remote = *remote};
  if (end == text.npos) return target;
  boost::system::error_code error;
  target.local = boost::asio::ip::make_address(std::string(text.substr(end + at.size())), error);
  return error ? std::nullopt : std::optional(target);
}

}  // namespace reveille::edge::sip
