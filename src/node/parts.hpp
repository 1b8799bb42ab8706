// Parts: one function a role makes what it runs, on a core. Each adds its listeners to the core's. Errors: a listener
// that cannot be opened, a file that cannot be read, in a sentence with what to do.
#pragma once

#include "node/core.hpp"

#include <memory>

namespace reveille::node {

// make_admin.cpp: the control socket, and HTTP for the role admin.
[[nodiscard]] Result<std::unique_ptr<Part>> make_admin(Core& core);

// make_push.cpp: the port through which this process asks for pushes, and the push service for the role push.
[[nodiscard]] Result<void> make_push(Core& core);

// make_call_control.cpp: SIP for the role call-control.
[[nodiscard]] Result<std::unique_ptr<Part>> make_call_control(Core& core);

// make_sweep.cpp: forgets old traces.
[[nodiscard]] std::unique_ptr<Part> make_sweep(Core& core);

// make_wall_clock.cpp: the core's clock follows the system's when that is set.
[[nodiscard]] std::unique_ptr<Part> make_wall_clock(Core& core);

// make_trim.cpp: gives memory back after the start, and when many phones have fallen asleep. To be made last.
[[nodiscard]] std::unique_ptr<Part> make_trim(Core& core);

// make_im.cpp: XMPP for the role im.
[[nodiscard]] Result<std::unique_ptr<Part>> make_im(Core& core);

// make_rest.cpp: HTTPS for tenants of the push service and for users' devices; null where neither is served.
[[nodiscard]] Result<std::unique_ptr<Part>> make_rest(Core& core);

}  // namespace reveille::node
