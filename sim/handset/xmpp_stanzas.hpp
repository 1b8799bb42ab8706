// The stanzas that a phone's app writes and reads beyond the basic ones: push registration, archive queries, markers.
// Pure. Sources beside each function.
#pragma once

#include "base/instant.hpp"
#include "wire/xmpp/element.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::sim::handset {

// interfaces.md 2: the fields of our publish-options form.
struct XmppPush {
  std::string app = {};
  std::string platform = {};
  std::string os_version = {};
  std::string provider = {};
  std::string environment = {};
  std::string team = {};
  std::string channels = {};
  std::string token_voip = {};
  std::string token_message = {};
  std::string services = {};
};

// XEP-0357 section 4, with our form.
[[nodiscard]] xmpp::Element enable_push(XmppPush const& push, std::string_view domain, std::string_view instance);
[[nodiscard]] xmpp::Element disable_push(std::string_view domain, std::string_view instance);

// XEP-0313 section 4, XEP-0059: the page behind `after`; without it, the newest archived message alone.
[[nodiscard]] xmpp::Element archive_query(std::string_view query, std::optional<std::string> const& after);

struct IncomingMessage {
  std::string from = {};  // bare
  std::string id = {};    // the sender's
  std::string text = {};
  std::string archive_id = {};
  bool markable = false;
};

// A message with a body; `account` is the bare address whose archive ids count (XEP-0359).
[[nodiscard]] std::optional<IncomingMessage> read_message(xmpp::Element const& message, std::string_view account);
// The same out of an archive's <result/> (XEP-0313 section 4.2), for the query named.
[[nodiscard]] std::optional<IncomingMessage> read_archived(xmpp::Element const& message, std::string_view query);

[[nodiscard]] xmpp::Element chat_message(std::string_view to, std::string_view id, std::string_view text);
// XEP-0333: the user has seen the message.
[[nodiscard]] xmpp::Element displayed_marker(std::string_view to, std::string_view id, std::string_view marked);

[[nodiscard]] std::string bare_of(std::string_view address);

}  // namespace reveille::sim::handset
