// PRECIS: the two string profiles that JIDs, user names and passwords are prepared with.
//
// Errors: nothing when the text is not of the profile. Inputs are bounded by the caller (a JID part has 1023 bytes).
// Source: RFC 8264 (classes), RFC 8265 (profiles), RFC 7622 (use in JIDs); the tables are ICU's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reveille::xmpp {

// RFC 8265 section 3.3, UsernameCaseMapped: width mapped, lower case, NFC, letters and digits and printable ASCII.
[[nodiscard]] std::optional<std::string> prepare_username(std::string_view text);
// RFC 8265 section 4.2, OpaqueString: spaces mapped to U+0020, NFC, nothing invisible. For resources and passwords.
[[nodiscard]] std::optional<std::string> prepare_opaque(std::string_view text);
// RFC 7622 section 3.2: a domain name in lower case with U-labels, without its final dot; or an IP literal.
[[nodiscard]] std::optional<std::string> prepare_domain(std::string_view text);

}  // namespace reveille::xmpp
