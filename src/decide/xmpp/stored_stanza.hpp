// A stanza as it is archived, and one from the archive, as it is sent to someone who comes late: with its archive id
// (XEP-0359) and the time of its arrival (XEP-0203). Pure.
#pragma once

#include "base/instant.hpp"
#include "wire/xmpp/element.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"
#include "wire/xmpp/xml.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::decide {

// What is written with escapes is longer than it came; beyond this it is not kept.
inline constexpr std::size_t longest_stored_stanza = std::size_t{512} * 1024;

// As it is archived; nothing for what could not be read again as it is.
[[nodiscard]] inline std::optional<std::string> store_stanza(xmpp::Element const& stanza) {
  auto text = xmpp::to_xml(stanza, xmpp::ns::client);
  if (text.size() > longest_stored_stanza) return std::nullopt;
  auto const again = xmpp::parse_element(text);
  return again && *again == stanza ? std::optional(std::move(text)) : std::nullopt;
}

[[nodiscard]] inline std::optional<xmpp::Element> late_stanza(std::string_view stored, std::string_view account,
                                                              std::string_view archive_id, Instant at) {
  auto stanza = xmpp::parse_element(stored);
  if (!stanza) return std::nullopt;
  xmpp::set_stanza_id(*stanza, account, archive_id);
  // XEP-0198 section 5: never a second one.
  if (!stanza->child("delay", xmpp::ns::delay))
    stanza->add(xmpp::make_delay(account.substr(account.find('@') + 1), at));
  return *stanza;
}

[[nodiscard]] inline std::string late_copy(std::string_view stored, std::string_view account,
                                           std::string_view archive_id, Instant at) {
  auto const stanza = late_stanza(stored, account, archive_id, at);
  return stanza ? xmpp::to_xml(*stanza, xmpp::ns::client) : std::string{};
}

}  // namespace reveille::decide
