// CallRecord: what a restart has to know of a call (B-CALL-13), and what is done about it then. Pure; any thread.
//
// A call has a record from its INVITE until it is over, no pushed phone may come late any more (B-CALL-9), and every
// one that needs a notice has it in the push service's hands: so whatever the caller or a phone has heard of a call,
// either its trace has an end on disk or its record is there. What the ids of a call derive from is in it, so a restart
// asks for the same pushes by the same names.
#pragma once

#include "base/result.hpp"
#include "decide/calls/call.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

struct CallRecord {
  // In set-up: whom it was pushed to; after its end: who has yet to be told of that, or may come yet.
  struct Pushed {
    model::InstanceId instance = {};
    enum class Told : std::uint8_t { no, yes } told = Told::no;
  };
  model::Offer offer = {};      // without the handle
  CallEnd end = CallEnd::none;  // none: it was in set-up
  std::vector<Pushed> pushed = {};
  std::vector<model::OldBranch> branches = {};  // that may ring still
};

// Without the Via of branches, which are the hands' to tell.
[[nodiscard]] CallRecord record_of(Call const& call);
[[nodiscard]] std::string pack(CallRecord const& record);
[[nodiscard]] Result<CallRecord> unpack_call_record(std::string_view bytes);

// "Its trace ends `interrupted` and a missed-call notice goes out after the restart": to those that it was pushed to.
// The push is taken back where it has not been sent; a phone that rings gets CANCEL as soon as there is a way to it,
// and one that comes within 60 s INVITE and CANCEL, as after any other end (B-CALL-9): the call lives on as one that
// has ended. A call that had ended already, with notices outstanding, asks for them again: they are the same ones.
struct Revival {
  Call call = {};
  std::vector<model::CallDecision> then = {};
};
[[nodiscard]] Revival revive(CallRecord record, std::vector<model::Device> const& devices, CallRules const& rules,
                             Instant now);

}  // namespace reveille::decide
