// What a Contact of a REGISTER says of its device, as an update of what we know: RFC 8599 sections 4 and 8, RFC 5626
// section 4.1 and our reveille-* (interfaces.md, section 2). Pure; any thread.
#pragma once

#include "model/registration.hpp"
#include "wire/sip/contact.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::model {

// A client without +sip.instance that wants to be pushed is one device per token: its instance derives from account and
// token. An instance that is no UUID becomes one of ours (derive_uuid).
[[nodiscard]] ContactUpdate read_contact(sip::Contact const& contact, AccountId const& account);

// RFC 3261 section 18.1.1: where a Contact listens, whose REGISTER came from `remote` ("udp 192.0.2.1:40000", as text
// of the same form: "udp 192.0.2.1:5060"). Nothing when it names another transport, or a host that is not the address
// that the REGISTER came from: then a NAT stands between, and only that address leads there. So nobody can aim us at
// others.
[[nodiscard]] std::optional<std::string> way_by_contact(std::string_view contact, std::string_view remote);

// The Contact URI as others see it (B-CALL-7). The text is returned as it is when it cannot be parsed.
[[nodiscard]] std::string without_private_parameters(std::string_view uri);

// The Contact URI as the target of a request: also without what no Request-URI has, a method and headers (RFC 3261
// section 16.6 step 2, and the table of section 19.1.1).
[[nodiscard]] std::string request_uri_to(std::string_view contact);

}  // namespace reveille::model
