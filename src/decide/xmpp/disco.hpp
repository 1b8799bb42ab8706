// XEP-0030: what the server and an account can do. Pure.
#pragma once

#include "decide/xmpp/im.hpp"

namespace reveille::decide {

enum class DiscoTarget : std::uint8_t { server, account };

[[nodiscard]] xmpp::Element answer_disco_info(xmpp::Element const& iq, DiscoTarget target, ImContext const& context);
[[nodiscard]] xmpp::Element answer_disco_items(xmpp::Element const& iq);

}  // namespace reveille::decide
