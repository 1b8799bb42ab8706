// The non-INVITE server transaction: RFC 3261 section 17.2.2 with RFC 4320.
//
// RFC 4320 section 4: no provisional response but 100, that one not before 3.5 s over an unreliable transport, and in
// any case then; never a 408.
#pragma once

#include "wire/sip/transaction.hpp"

namespace reveille::sip {

// RFC 3261 figure 8, with RFC 4320's 100 and RFC 6026's rule that a transport error forgets nothing:
//
//                                  |Request received
//                                  |pass to TU
//                                  V
//                            +-----------+
//                            |           |
//                            | Trying    |-------------+
//                            |           |             |
//                            +-----------+             |200-699 but 408
//                                  |                   |from TU
//                                  |3.5 s have passed  |send response
//                                  |send 100           |
//               Request            V                   |
//               send response+-----------+             |
//                   +--------|           |             |
//                   |        | Proceeding|             |
//                   +------->|           |             |
//                            +-----------+             |
//                                  |200-699 but 408    |
//                                  |from TU            |
//               Request            |send response      |
//               send response      V                   |
//                   +--------+-----------+             |
//                   |        | Completed |<------------+
//                   +------->|           |
//                            +-----------+
//                                  |Timer J fires        408 from TU in Trying
//                                  V                     or Proceeding: -
//                            +-----------+                     |
//                            | Terminated|<--------------------+
//                            +-----------+
struct ServerTransaction {
  enum class Phase : std::uint8_t { idle, trying, proceeding, completed, terminated };

  Phase phase = Phase::idle;
  Reliability reliability = Reliability::unreliable;

  bool operator==(ServerTransaction const&) const = default;
};

[[nodiscard]] Step<ServerTransaction> on(ServerTransaction state, ServerInput const& input, Instant now);

}  // namespace reveille::sip
