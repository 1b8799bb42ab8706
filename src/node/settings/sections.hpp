// The sections of a configuration file, a function each; settings.cpp calls them in the file's documented order.
#pragma once

#include "node/settings.hpp"
#include "node/settings/section.hpp"

namespace reveille::node {

void read_general(Section& top, Settings& into);
void read_listen(Section section, ListenSettings& into);
// Once the roles are known: no two listeners of the process take the same port.
void check_listen(Section section, ListenSettings const& listen, Roles const& roles);
void read_tls(Section section, TlsSettings& into);
void read_sip(Section section, SipSettings& into);
void read_limits(Section section, LimitSettings& into);
void read_calls(Section section, model::CallPolicy& into);
void read_wake(Section section, model::WakePolicy& into);
void read_push(Section section, PushSettings& into);

}  // namespace reveille::node
