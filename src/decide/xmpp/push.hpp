// XEP-0357 with our form: an app says which device it runs on and by which tokens it is woken (docs: interfaces,
// section 2). Pure.
#pragma once

#include "decide/xmpp/im.hpp"

namespace reveille::decide {

// The answer to the IQ, or the request that leads to it, is among the effects.
void on_push_enable(ImAccount const& account, ImSession const& session, xmpp::Element const& iq,
                    ImContext const& context, ImEffects& effects);
void on_push_disable(ImSession const& session, xmpp::Element const& iq, ImContext const& context, ImEffects& effects);

}  // namespace reveille::decide
