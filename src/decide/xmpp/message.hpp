// Messages: what a stanza means, as model nouns. RFC 6121 section 5; XEP-0085, 0184, 0333, 0334, 0353. Pure.
#pragma once

#include "model/message.hpp"
#include "wire/xmpp/element.hpp"

namespace reveille::decide {

[[nodiscard]] model::MessageTraits traits_of(xmpp::Element const& message);
// Only a client that uses markers (XEP-0333) says such a thing.
[[nodiscard]] bool has_chat_marker(xmpp::Element const& message);

}  // namespace reveille::decide
