// CallRecord: what a restart needs to know of a call in set-up (B-CALL-13), and what is done about it then. Pure; any
// thread.
#pragma once

#include "base/result.hpp"
#include "decide/calls/call.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

struct CallRecord {
  model::Offer offer = {};  // without the handle
  struct Pushed {
    model::InstanceId instance = {};
    std::string call_uuid = {};
  };
  std::vector<Pushed> pushed = {};
};

[[nodiscard]] CallRecord record_of(Call const& call);
[[nodiscard]] std::string pack(CallRecord const& record);
[[nodiscard]] Result<CallRecord> unpack_call_record(std::string_view bytes);

// "Its trace ends `interrupted` and a missed-call notice goes out after the restart", to those devices that it was
// pushed to and that can be pushed still.
[[nodiscard]] std::vector<model::CallDecision> after_restart(CallRecord const& record,
                                                             std::vector<model::Device> const& devices, PushOffer offer,
                                                             Instant now);

}  // namespace reveille::decide
