// The INVITE server transaction: RFC 3261 section 17.2.1 with RFC 6026 sections 8.5 and 8.6.
//
// Its user has `unanswered_wait` for each next response; with none the transaction ends in silence.
// The 100 goes out at once: whoever answers sits behind a mailbox, and a caller must not repeat himself meanwhile.
// Repetitions of a 2xx are the user's (section 13.3.1.4); it hands each of them down again.
#pragma once

#include "wire/sip/transaction.hpp"

namespace reveille::sip {

// RFC 6026 figure 7:
//
//                                      |INVITE
//                                      |pass INV to TU
//                   INVITE             V send 100
//                   send response+------------+
//                       +--------|            |--------+ 101-199 from TU
//                       |        |            |        | send response
//                       +------->|            |<-------+
//                                | Proceeding |
//                                |            |--------+ Transport Err.
//                                |            |        | Inform TU
//                                |            |<-------+
//                                |            |-- unanswered: to Terminated
//                                +------------+
//                   300-699 from TU |    |2xx from TU
//                   send response   |    |send response
//                    +--------------+    +------------+
//                    |                                |
//   INVITE           V          Timer G fires         |
//   send response +-----------+ send response         |
//        +--------|           |--------+              |
//        |        |           |        |              |
//        +------->| Completed |<-------+      INVITE  |  Transport Err.
//                 |           |               -       |  Inform TU
//        +--------|           |----+          +-----+ |  +---+
//        |        +-----------+    | ACK      |     | v  |   v
//        |          ^   |          | -        |  +------------+
//        |          |   |          |          |  |            |---+ ACK
//        +----------+   |          |          +->|  Accepted  |   | to TU
//        Transport Err. |          |             |            |<--+
//        Inform TU      |          V             +------------+
//                       |      +-----------+        |  ^     |
//                       |      | Confirmed |        |  |     |
//                       |      +-----------+        |  +-----+
//                       |          |                |  2xx from TU
//         Timer H fires |          | Timer I fires  |  send response
//         inform TU     |          |                | Timer L fires
//                       |          V                |
//                       |      +------------+       |
//                       +----->| Terminated |<------+
//                              +------------+
struct ServerInviteTransaction {
  enum class Phase : std::uint8_t { idle, proceeding, completed, confirmed, accepted, terminated };

  Phase phase = Phase::idle;
  Reliability reliability = Reliability::unreliable;
  Duration interval = timer_g;

  bool operator==(ServerInviteTransaction const&) const = default;
};

[[nodiscard]] Step<ServerInviteTransaction> on(ServerInviteTransaction state, ServerInput const& input, Instant now);

}  // namespace reveille::sip
