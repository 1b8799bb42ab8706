// Contact: one binding of a REGISTER or the target of a dialog (RFC 3261 sections 10.2 and 20.10; RFC 5626 instance and
// reg-id).
// Lifetime: of the text. Errors: SyntaxFault. Threads: any.
#pragma once

#include "wire/sip/name_address.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace reveille::sip {

struct Contact {
  NameAddress address = {};
  std::optional<std::chrono::seconds> expires = {};
  // Thousandths: 0 to 1000. A Contact without q counts as 1000 (section 10.2.1.2).
  std::uint16_t q = 1000;
  // The URN of +sip.instance without < and >: "urn:uuid:…". Empty when there is none.
  std::string_view instance = {};
  std::optional<std::uint32_t> reg_id = {};

  // The UUID within the URN, or an empty text.
  [[nodiscard]] std::string_view instance_uuid() const;
};

// True for the value "*", which is no Contact but stands for all (section 10.2.2).
[[nodiscard]] bool is_star(std::string_view text);

// One element; "*" is refused.
[[nodiscard]] Parsed<Contact> parse_contact(std::string_view text);

// 0 to 1000, from "0", "1", "0.5", "1.000".
[[nodiscard]] std::optional<std::uint16_t> parse_q(std::string_view text);

}  // namespace reveille::sip
