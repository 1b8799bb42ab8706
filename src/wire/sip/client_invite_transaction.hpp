// The INVITE client transaction: RFC 3261 section 17.1.1 with RFC 6026 section 8.4, and section 9.1 for its CANCEL.
//
// Timer C (section 16.6 step 11) is here, so that nobody's INVITE stays for ever in `proceeding`: when it fires, the
// INVITE is cancelled. A user agent that lets a phone ring for longer hears a provisional response meanwhile (section
// 13.3.1.1: each minute). When the flow is lost while it rings, its user hears so; the phone may still answer over
// another connection (section 18.2.2), until timer C, or for 64*T1 after CancelWanted. Nothing else is heard then.
#pragma once

#include "wire/sip/transaction.hpp"

namespace reveille::sip {

// RFC 6026 figure 5, and the CANCEL of RFC 3261 section 9.1:
//
//                                    |INVITE from TU
//                  Timer A fires     |INVITE sent      Timer B fires
//                  Reset A,          V                 or Transport Err.
//                  INVITE sent +-----------+           inform TU
//                    +---------|           |--------------------------+
//                    |         |  Calling  |                          |
//                    +-------->|           |-----------+              |
//   300-699                    +-----------+ 2xx       |              |
//   ACK sent                      |  |       2xx to TU |              |
//   resp. to TU                   |  |1xx              |              |
//   +-----------------------------+  |1xx to TU        |              |
//   |                                |CANCEL if wanted |              |
//   |                1xx             V                 |              |
//   |                1xx to TU +-----------+           | 64*T1 after  |
//   |                +---------|           |-----------|--------------+
//   |                |         |Proceeding |           | CANCEL       |
//   |                +-------->|           |           | inform TU    |
//   |                          +-----------+ 2xx       |              |
//   |         300-699             |    |     2xx to TU |              |
//   |         ACK sent,  +--------+    +---------------+              |
//   |         resp. to TU|                             |              |
//   |                    V                             V              |
//   |              +-----------+                   +----------+       |
//   +------------->|           |Transport Err.     |          |       |
//                  | Completed |Inform TU          | Accepted |       |
//               +--|           |-------+           |          |-+     |
//       300-699 |  +-----------+       |           +----------+ |     |
//       ACK sent|    ^  |              |               |  ^     |     |
//               +----+  |Timer D fires |  Timer M fires|  +-----+     |
//                       |-             |             - |    2xx       |
//                       +--------+     |   +-----------+    2xx to TU |
//                                V     V   V                          |
//                               +------------+                        |
//                               | Terminated |<-----------------------+
//                               +------------+
struct ClientInviteTransaction {
  enum class Phase : std::uint8_t { idle, calling, proceeding, completed, accepted, terminated };
  enum class Cancel : std::uint8_t { not_wanted, wanted, sent };
  enum class Flow : std::uint8_t { stands, lost };

  Phase phase = Phase::idle;
  Cancel cancel = Cancel::not_wanted;
  Flow flow = Flow::stands;
  Reliability reliability = Reliability::unreliable;
  Duration interval = timer_a;

  bool operator==(ClientInviteTransaction const&) const = default;
};

[[nodiscard]] Step<ClientInviteTransaction> on(ClientInviteTransaction state, ClientInput const& input, Instant now);

}  // namespace reveille::sip
