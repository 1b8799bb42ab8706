// What a Contact of a REGISTER says of its device, as an update of what we know: RFC 8599 sections 4 and 8, RFC 5626
// section 4.1 and our reveille-* (interfaces.md, section 2). Pure; any thread.
#pragma once

#include "model/registration.hpp"
#include "wire/sip/contact.hpp"

#include <string>
#include <string_view>

namespace reveille::model {

// A client without +sip.instance that wants to be pushed is one device per token: its instance derives from account and
// token. An instance that is no UUID becomes one of ours (derive_uuid).
[[nodiscard]] ContactUpdate read_contact(sip::Contact const& contact, AccountId const& account);

// The Contact URI as others see it (B-CALL-7). The text is returned as it is when it cannot be parsed.
[[nodiscard]] std::string without_private_parameters(std::string_view uri);

// The Contact URI as the target of a request: also without what no Request-URI has, a method and headers (RFC 3261
// section 16.6 step 2, and the table of section 19.1.1).
[[nodiscard]] std::string request_uri_to(std::string_view contact);

}  // namespace reveille::model
