// The non-INVITE client transaction: RFC 3261 section 17.1.2.
#pragma once

#include "wire/sip/transaction.hpp"

namespace reveille::sip {

// RFC 3261 figure 6:
//
//                                   |Request from TU
//                                   |send request
//               Timer E             V
//               send request  +-----------+
//                   +---------|           |-------------------+
//                   |         |  Trying   |  Timer F          |
//                   +-------->|           |  or Transport Err.|
//                             +-----------+  inform TU        |
//                200-699         |  |                         |
//                resp. to TU     |  |1xx                      |
//                +---------------+  |resp. to TU              |
//                |                  |                         |
//                |   Timer E        V       Timer F           |
//                |   send req +-----------+ or Transport Err. |
//                |  +---------|           | inform TU         |
//                |  |         |Proceeding |------------------>|
//                |  +-------->|           |-----+             |
//                |            +-----------+     |1xx          |
//                |              |      ^        |resp to TU   |
//                | 200-699      |      +--------+             |
//                | resp. to TU  |                             |
//                |              V                             |
//                |            +-----------+                   |
//                |            |           |                   |
//                +----------->| Completed |                   |
//                             |           |                   |
//                             +-----------+                   |
//                               |                             |
//                               | Timer K                     |
//                               V                             |
//                             +-----------+                   |
//                             | Terminated|<------------------+
//                             +-----------+
struct ClientTransaction {
  enum class Phase : std::uint8_t { idle, trying, proceeding, completed, terminated };

  Phase phase = Phase::idle;
  Reliability reliability = Reliability::unreliable;
  Duration interval = timer_e;

  bool operator==(ClientTransaction const&) const = default;
};

// CancelWanted changes nothing: section 9.1, a request other than INVITE is not cancelled.
[[nodiscard]] Step<ClientTransaction> on(ClientTransaction state, ClientInput const& input, Instant now);

}  // namespace reveille::sip
