// [listen]: "HOST:PORT", a port alone, or "off".
#include "node/settings/sections.hpp"
#include "wire/sip/uri.hpp"

#include <arpa/inet.h>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

namespace reveille::node {
namespace {

using Listener = std::optional<ListenAddress>;

bool is_address(std::string const& host) {
  unsigned char bytes[sizeof(in6_addr)] = {};
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

Listener listener_of(Value const& value) {
  if (auto const* port = std::get_if<std::int64_t>(&value.content))
    return *port >= 0 && *port <= std::numeric_limits<std::uint16_t>::max()
               ? Listener(ListenAddress{.port = static_cast<std::uint16_t>(*port)})
               : std::nullopt;
  auto const* text = std::get_if<std::string>(&value.content);
  return text ? parse_listen_address(*text) : std::nullopt;
}

void read_listener(Section& section, std::string_view key, Listener& into) {
  auto const* value = section.find(key);
  if (!value) return;
  auto const* text = std::get_if<std::string>(&value->content);
  if (text && *text == "off") {
    into.reset();
  } else if (auto const found = listener_of(*value)) {
    into = found;
  } else {
    section.blame(*value,
                  "'listen." + std::string(key) +
                      "' must be \"ADDRESS:PORT\", such as \"127.0.0.1:5060\" or \"[::1]:5060\", or \"off\"; here is " +
                      (text ? "\"" + *text + "\"" : std::string(type_of(*value))));
  }
}

// The listeners that take TCP ports; UDP has ports of its own.
struct TcpListener {
  std::string_view key = {};
  Listener const* address = nullptr;
};

std::vector<TcpListener> opened_by(Roles const& roles, ListenSettings const& listen) {
  std::vector<TcpListener> opened;
  if (roles.call_control) opened.insert(opened.end(), {{"sip_tcp", &listen.sip_tcp}, {"sip_tls", &listen.sip_tls}});
  if (roles.im) opened.insert(opened.end(), {{"xmpp", &listen.xmpp}, {"xmpp_tls", &listen.xmpp_tls}});
  if (roles.push || roles.call_control || roles.im) opened.push_back({"push", &listen.push});
  if (roles.admin) opened.push_back({"admin", &listen.admin});
  return opened;
}

// "::" takes IPv4 too; "0.0.0.0" takes that alone.
bool covers(std::string_view host, std::string_view other) {
  return host == other || host == "::" || (host == "0.0.0.0" && !other.contains(':'));
}

bool collide(Listener const& a, Listener const& b) {
  if (!a || !b || a->port == 0 || a->port != b->port) return false;
  return covers(a->host, b->host) || covers(b->host, a->host);
}

// RFC 1123 section 2.1: letters, digits and hyphens between dots, and the last label is no number.
bool is_host_name(std::string_view name) {
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  for (;;) {
    auto const dot = name.find('.');
    auto const label = name.substr(0, dot);
    if (label.empty() || label.starts_with('-') || label.ends_with('-')) return false;
    if (label.find_first_not_of(allowed) != std::string_view::npos) return false;
    if (dot == std::string_view::npos) return label.find_first_not_of(digits) != std::string_view::npos;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  auto const colon = text.rfind(':');
  auto const port = parse_port(colon == text.npos ? text : text.substr(colon + 1));
  if (!port) return std::nullopt;
  std::string host(colon == text.npos ? "" : text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.contains(':'))
    return std::nullopt;
  if (host.empty() || host == "localhost") host = "127.0.0.1";
  if (host == "*") host = "0.0.0.0";
  if (!is_address(host)) return std::nullopt;
  return ListenAddress{.host = std::move(host), .port = *port};
}

std::string describe(ListenAddress const& address) {
  auto const port = std::to_string(address.port);
  return address.host.contains(':') ? "[" + address.host + "]:" + port : address.host + ":" + port;
}

std::optional<std::string> parse_public_host(std::string_view text) {
  // RFC 1035 section 2.3.4.
  constexpr std::size_t longest_name = 253;
  bool const is_bare_ipv6 = text.contains(':') && !text.contains('[');
  std::string host = is_bare_ipv6 ? '[' + std::string(text) + ']' : std::string(text);
  std::ranges::transform(host, host.begin(), sip::to_lower);
  auto const place = sip::parse_host_port(host);
  if (!place || place->port || place->host.size() > longest_name) return std::nullopt;
  if (place->kind == sip::HostKind::name) return is_host_name(host) ? std::optional(host) : std::nullopt;
  boost::system::error_code error;
  auto const ip = boost::asio::ip::make_address(std::string(place->host), error);
  if (error || ip.is_unspecified() || ip.is_multicast() || ip == boost::asio::ip::address_v4::broadcast())
    return std::nullopt;
  return std::string(place->host);
}

void read_listen(Section section, ListenSettings& into) {
  read_listener(section, "sip_udp", into.sip_udp);
  read_listener(section, "sip_tcp", into.sip_tcp);
  read_listener(section, "sip_tls", into.sip_tls);
  read_listener(section, "xmpp", into.xmpp);
  read_listener(section, "xmpp_tls", into.xmpp_tls);
  read_listener(section, "push", into.push);
  read_listener(section, "admin", into.admin);
  section.finish();
}

void check_listen(Section section, ListenSettings const& listen, Roles const& roles) {
  auto const opened = opened_by(roles, listen);
  for (auto later = opened.begin(); later != opened.end(); ++later)
    for (auto earlier = opened.begin(); earlier != later; ++earlier) {
      if (!collide(*earlier->address, *later->address)) continue;
      auto const* first = section.find(earlier->key);
      auto const* second = section.find(later->key);
      // Where one is a default, the other is to blame: the defaults differ.
      auto const* blamed = !first || (second && second->line >= first->line) ? second : first;
      if (blamed)
        section.blame(*blamed, "'listen." + std::string(earlier->key) + "' and 'listen." + std::string(later->key) +
                                   "' both take port " + std::to_string((*later->address)->port) +
                                   "; give one of them another, or \"off\"");
    }
}

}  // namespace reveille::node
