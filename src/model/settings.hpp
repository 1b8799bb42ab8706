// Settings that decisions read. node/settings reads them from TOML; every member's default is the documented one
// (interfaces.md, section 1).
#pragma once

#include "base/instant.hpp"

#include <string>
#include <vector>

namespace reveille::model {

// RFC 3261 section 16.6 step 11: a proxy ends what has rung for so long.
inline constexpr Duration longest_ring = 3min;

// B-CALL-2, B-CALL-7, B-CALL-9.
struct CallPolicy {
  Duration ringback_after = 5s;
  Duration give_up_after = 13s;
  Duration no_answer_after = 30s;
  Duration late_invite_until = 60s;
  Duration request_bucket = 8s;  // RFC 8599: a non-INVITE waits at most this long for a woken device
};

// B-PUSH-0, B-SIGN-5, B-IM-2, B-MODE-4, B-MODE-5.
struct WakePolicy {
  bool enabled = true;  // B-PUSH-0: off, and no push goes out, nor is one offered
  Duration message_burst = 1s;
  Duration foreground_grace = 5s;
  Duration acknowledgement_wait = 10s;
  Duration resumable_for = 72h;
  Duration resumable_without_push = 10min;  // nobody who can be woken: a short loss only
  Duration device_unseen_for = 90 * 24h;
  bool away_overrides = false;  // B-MODE-5: dnd and xa are shown as away too
  Duration quarantine = 7 * 24h;
};

// RFC 3261 section 10, RFC 8599 section 4.1.
struct RegistrarPolicy {
  Duration expires_default = 3600s;
  Duration expires_least = 60s;
  Duration expires_most = 86'400s;
  Duration expires_least_with_push = 300s;  // room for the refresh push, 120 s before the end
  std::size_t most_bindings = 12;
};

struct Policy {
  std::vector<std::string> domains = {"localhost"};
  CallPolicy calls = {};
  WakePolicy wake = {};
  RegistrarPolicy registrar = {};
};

}  // namespace reveille::model
