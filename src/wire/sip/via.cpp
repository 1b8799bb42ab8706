#include "wire/sip/via.hpp"

#include <utility>

namespace reveille::sip {
namespace {

// Takes what stands before `stop`, with the white space around it, off the front.
std::optional<std::string_view> take_until(std::string_view& rest, char stop) {
  auto const at = rest.find(stop);
  if (at == rest.npos) return {};
  auto const found = trim(rest.substr(0, at));
  rest.remove_prefix(at + 1);
  return found;
}

// sent-by = host [ COLON port ], where COLON may have white space around it (section 25.1).
Parsed<HostPort> parse_sent_by(std::string_view text) {
  auto const plain = parse_host_port(text);
  if (plain) return plain;
  auto const colon = text.rfind(':');
  if (colon == text.npos) return plain;
  auto place = parse_host_port(trim_right(text.substr(0, colon)));
  auto const port = parse_number(trim_left(text.substr(colon + 1)));
  if (!place) return place;
  if (place->port || !port || *port > 0xffff) return std::unexpected(SyntaxFault::number);
  place->port = static_cast<std::uint16_t>(*port);
  return place;
}

}  // namespace

std::string_view name_of(Transport transport) {
  using enum Transport;
  switch (transport) {
    case udp: return "UDP";
    case tcp: return "TCP";
    case tls: return "TLS";
    case ws: return "WS";
    case wss: return "WSS";
    case sctp: return "SCTP";
    case other: return "";
  }
  std::unreachable();
}

Transport transport_named(std::string_view text) {
  using enum Transport;
  for (auto const transport : {udp, tcp, tls, ws, wss, sctp})
    if (equal_ignoring_case(text, name_of(transport))) return transport;
  return other;
}

std::optional<std::uint16_t> Via::rport() const {
  auto const number = parse_number(parameters.value("rport").value_or(std::string_view{}));
  return number && *number <= 0xffff ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
}

// via-parm = sent-protocol LWS sent-by *( SEMI via-params ), with white space allowed around the slashes.
Parsed<Via> parse_via(std::string_view text) {
  text = trim(text);
  auto rest = text;
  auto const protocol = take_until(rest, '/');
  auto const version = take_until(rest, '/');
  if (!protocol || !version) return std::unexpected(SyntaxFault::missing);
  if (!is_token(*protocol) || !is_token(*version)) return std::unexpected(SyntaxFault::character);
  rest = trim_left(rest);
  auto const end = rest.find_first_of(" \t\r\n");
  if (end == rest.npos) return std::unexpected(SyntaxFault::missing);
  Via via;
  via.transport_text = rest.substr(0, end);
  via.transport = transport_named(via.transport_text);
  if (!is_token(via.transport_text)) return std::unexpected(SyntaxFault::character);

  rest = trim_left(rest.substr(end));
  auto const semicolon = std::min(rest.find(';'), rest.size());
  auto const place = parse_sent_by(trim_right(rest.substr(0, semicolon)));
  if (!place) return std::unexpected(place.error());
  via.host_kind = place->kind;
  via.host = place->host;
  via.port = place->port;
  via.parameters = Parameters(rest.substr(semicolon));
  if (auto const fault = via.parameters.check()) return std::unexpected(*fault);
  return via;
}

void append_received(std::string& out, std::string_view text, Source source) {
  auto const via = parse_via(text);
  if (!via) {
    out += text;
    return;
  }
  append_received(out, text, *via, source);
}

void append_received(std::string& out, std::string_view text, Via const& via, Source source) {
  auto const parameters = via.parameters;
  bool const wants_rport = via.wants_rport();
  out += trim_right(text.substr(0, static_cast<std::size_t>(parameters.text().data() - text.data())));
  for (auto at = parameters.begin(); at != parameters.end(); ++at)
    if (!equal_ignoring_case(at->name, "received") && !equal_ignoring_case(at->name, "rport"))
      (out += ';') += at.text();
  // RFC 3261 section 18.2.1: when sent-by is not the source. RFC 3581 section 4: always beside rport.
  if (wants_rport) (out += ";rport=") += std::to_string(source.port);
  if (wants_rport || via.host != source.address) (out += ";received=") += source.address;
}

std::string mark_received(std::string_view via, Source source) {
  std::string out;
  append_received(out, via, source);
  return out;
}

}  // namespace reveille::sip
