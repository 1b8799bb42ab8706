#include "wire/sip/contact.hpp"

#include "wire/sip/cseq.hpp"

namespace reveille::sip {

std::string_view Contact::instance_uuid() const {
  constexpr std::string_view prefix = "urn:uuid:";
  if (instance.size() <= prefix.size() || !equal_ignoring_case(instance.substr(0, prefix.size()), prefix)) return {};
  return instance.substr(prefix.size());
}

bool is_star(std::string_view text) {
  return trim(text) == "*";
}

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ).
std::optional<std::uint16_t> parse_q(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return {};
  if (text.size() > 1 && text[1] != '.') return {};
  auto value = static_cast<unsigned>(text[0] - '0');
  for (std::size_t at = 2; at < 5; ++at) {
    if (at < text.size() && !character::is(text[at], character::digit)) return {};
    value = value * 10 + (at < text.size() ? static_cast<unsigned>(text[at] - '0') : 0);
  }
  return value <= 1000 ? std::optional(static_cast<std::uint16_t>(value)) : std::nullopt;
}

Parsed<Contact> parse_contact(std::string_view text) {
  auto const address = parse_name_address(text);
  if (!address) return std::unexpected(address.error());
  Contact contact{.address = *address};
  for (auto const parameter : address->parameters) {
    if (equal_ignoring_case(parameter.name, "expires")) {
      contact.expires = parse_expires(parameter.plain());
    } else if (equal_ignoring_case(parameter.name, "q")) {
      auto const q = parse_q(parameter.plain());
      if (!q) return std::unexpected(SyntaxFault::number);
      contact.q = *q;
    } else if (equal_ignoring_case(parameter.name, "+sip.instance")) {
      auto instance = parameter.plain();
      if (instance.starts_with('<') && instance.ends_with('>')) instance = instance.substr(1, instance.size() - 2);
      contact.instance = instance;
    } else if (equal_ignoring_case(parameter.name, "reg-id")) {
      contact.reg_id = parse_number(parameter.plain());
      if (!contact.reg_id || *contact.reg_id == 0) return std::unexpected(SyntaxFault::number);
    }
  }
  return contact;
}

}  // namespace reveille::sip
