// The timers of SIP transactions: RFC 3261 table 4 (page 265), with RFC 6026 (L, M) and RFC 4320 (the late 100).
//
// Units are in the types. Which timers a reliable transport does without, each says; its machine leaves them out.
#pragma once

#include "base/instant.hpp"

#include <algorithm>
#include <cstdint>

namespace reveille::sip {

// RFC 3261 section 17: whether the transport repeats what was lost (TCP, TLS, WebSocket) or we must (UDP).
enum class Reliability : std::uint8_t { unreliable, reliable };

// RFC 3261 section 17.1.1.1: estimate of the round-trip time.
inline constexpr Duration t1 = 500ms;
// RFC 3261 section 17.1.2.2: the longest interval between repetitions of a non-INVITE request or an INVITE response.
inline constexpr Duration t2 = 4s;
// RFC 3261 section 17.1.2.2: how long a message may remain in the network.
inline constexpr Duration t4 = 5s;

// RFC 3261 section 17.1.1.2: INVITE request repeated, on unreliable transports; doubles without a limit.
inline constexpr Duration timer_a = t1;
// RFC 3261 section 17.1.1.2: INVITE transaction timeout.
inline constexpr Duration timer_b = 64 * t1;
// RFC 3261 section 16.6 step 11: proxy INVITE transaction timeout; more than 3 minutes.
inline constexpr Duration timer_c = 3min + 1s;
// RFC 3261 section 17.1.1.2: wait for response retransmissions, on unreliable transports.
inline constexpr Duration timer_d = 32s;
// RFC 3261 section 17.1.2.2: non-INVITE request repeated, on unreliable transports; doubles up to T2.
inline constexpr Duration timer_e = t1;
// RFC 3261 section 17.1.2.2: non-INVITE transaction timeout.
inline constexpr Duration timer_f = 64 * t1;
// RFC 3261 section 17.2.1: INVITE response repeated, on unreliable transports; doubles up to T2.
inline constexpr Duration timer_g = t1;
// RFC 3261 section 17.2.1: wait for the ACK.
inline constexpr Duration timer_h = 64 * t1;
// RFC 3261 section 17.2.1: wait for ACK retransmissions, on unreliable transports.
inline constexpr Duration timer_i = t4;
// RFC 3261 section 17.2.2: wait for non-INVITE request retransmissions, on unreliable transports.
inline constexpr Duration timer_j = 64 * t1;
// RFC 3261 section 17.1.2.2: wait for response retransmissions, on unreliable transports.
inline constexpr Duration timer_k = t4;
// RFC 6026 section 8.11: wait for INVITE retransmissions after a 2xx.
inline constexpr Duration timer_l = 64 * t1;
// RFC 6026 section 8.11: wait for retransmissions of a 2xx and for further ones.
inline constexpr Duration timer_m = 64 * t1;

// How long an INVITE waits for its user's next response. RFC 3261 sets no such timer, for a user who never forgets;
// what one does forget must not stay for ever. Timer C and the wait for a cancelled branch are over before.
inline constexpr Duration unanswered_wait = 4min;

// RFC 3261 section 9.1: how long a cancelled INVITE may still be answered.
inline constexpr Duration cancelled_wait = 64 * t1;

// RFC 4320 section 4.1: when a client's timer E is first reset to T2. Before, no 100 to a non-INVITE request over an
// unreliable transport; from then on there must be one.
[[nodiscard]] constexpr Duration late_trying_after() {
  Duration at = timer_e;
  for (Duration interval = 2 * timer_e; interval < t2; interval *= 2) at += interval;
  return at;
}

// The next interval of timers E and G: RFC 3261 sections 17.1.2.2 and 17.2.1.
[[nodiscard]] constexpr Duration doubled_up_to_t2(Duration interval) {
  return std::min(2 * interval, t2);
}

static_assert(timer_b == 32s && timer_f == 32s && timer_h == 32s && timer_j == 32s && timer_l == 32s && timer_m == 32s);
static_assert(timer_c > 3min && unanswered_wait > timer_c + cancelled_wait);
static_assert(timer_d >= 32s, "RFC 3261 section 17.1.1.2 names 32 s as the least");
// 500 ms + 1 s + 2 s: the fourth repetition interval is the first of 4 s.
static_assert(late_trying_after() == 3500ms);
static_assert(doubled_up_to_t2(t1) == 1s && doubled_up_to_t2(2s) == t2 && doubled_up_to_t2(t2) == t2);

}  // namespace reveille::sip
