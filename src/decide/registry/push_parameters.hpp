// What a Contact of a REGISTER says of its device: pn-* of RFC 8599 sections 4 and 8 in the URI, +sip.instance, reg-id
// and our reveille-* behind it (interfaces.md, section 2). Pure; any thread.
#pragma once

#include "model/registration.hpp"
#include "wire/sip/name_address.hpp"

#include <string>
#include <string_view>

namespace reveille::decide {

// The UUID of `"<urn:uuid:UUID>"`, lower case; another URN becomes a UUID of ours (model::derive_uuid). Empty for
// nothing.
[[nodiscard]] model::InstanceId parse_instance(std::string_view value);

// Fills wish, asked_provider, instance, reg_id and device; q, expires and uri are the caller's. A client without
// +sip.instance that wants to be pushed is one device per token: its instance derives from account and pn-*.
void read_device(model::ContactUpdate& contact, sip::NameAddress const& address, model::AccountId const& account);

// A URI or Contact parameter that nobody but the device itself and we may see (B-CALL-7).
[[nodiscard]] bool is_private_parameter(std::string_view name);
// The Contact URI as others see it. The text is returned as it is when it cannot be parsed or has nothing to hide.
[[nodiscard]] std::string without_private_parameters(std::string_view uri);

}  // namespace reveille::decide
