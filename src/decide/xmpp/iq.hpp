// IQs of an account's own client: who answers which. RFC 6120 section 8.2.3, RFC 6121 section 8. Pure.
#pragma once

#include "decide/xmpp/im.hpp"

namespace reveille::decide {

void on_outbound_iq(ImAccount& account, ImSession& session, xmpp::Element iq, ImContext const& context,
                    ImEffects& effects);
// From another account, to one of this account's resources or to its bare address.
void on_inbound_iq(ImAccount& account, xmpp::Element const& iq, ImEffects& effects);

}  // namespace reveille::decide
