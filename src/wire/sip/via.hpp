// Via: one hop of a message's way (RFC 3261 section 20.42, RFC 3581 rport, RFC 5923 alias, RFC 7118 WS).
// Lifetime: of the text. Errors: SyntaxFault. Allocation-free but where std::string is returned. Threads: any.
#pragma once

#include "wire/sip/parameters.hpp"
#include "wire/sip/uri.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sip {

enum class Transport : std::uint8_t { udp, tcp, tls, ws, wss, sctp, other };

// As Via writes it: "UDP"; empty for `other`.
[[nodiscard]] std::string_view name_of(Transport transport);
[[nodiscard]] Transport transport_named(std::string_view text);

// RFC 3261 section 8.1.1.7: a branch that begins so identifies its transaction.
inline constexpr std::string_view branch_cookie = "z9hG4bK";

struct Via {
  Transport transport = Transport::other;
  std::string_view transport_text = {};
  HostKind host_kind = HostKind::name;
  std::string_view host = {};
  std::optional<std::uint16_t> port = {};
  Parameters parameters = {};

  [[nodiscard]] std::string_view branch() const { return parameters.value("branch").value_or(std::string_view{}); }
  [[nodiscard]] std::optional<std::string_view> received() const { return parameters.value("received"); }
  [[nodiscard]] std::optional<std::string_view> maddr() const { return parameters.value("maddr"); }
  // True when the sender asked for RFC 3581, with or without a value.
  [[nodiscard]] bool wants_rport() const { return parameters.has("rport"); }
  [[nodiscard]] std::optional<std::uint16_t> rport() const;
};

// One element of a Via field; a line with several is split by Elements or MessageView::elements.
[[nodiscard]] Parsed<Via> parse_via(std::string_view text);

// Where a message came from, as the receiver saw it.
struct Source {
  std::string_view address = {};  // an IP address, IPv6 without brackets
  std::uint16_t port = 0;
};

// The via-parm with `received` and `rport` as RFC 3261 section 18.2.1 and RFC 3581 section 4 ask of a receiver. What
// the sender itself wrote there is not believed.
[[nodiscard]] std::string mark_received(std::string_view via, Source source);
void append_received(std::string& out, std::string_view via, Source source);
// The same of one that is read already.
void append_received(std::string& out, std::string_view text, Via const& via, Source source);

}  // namespace reveille::sip
