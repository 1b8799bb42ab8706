// Phones behind a proxy that stays on the way to them (RFC 3327): B-CALL-1, B-CALL-3, B-CALL-9.
#include "decide/calls/conversation.hpp"

namespace reveille::decide {
namespace {

using namespace model;
using namespace test;
using enum PushState;

Target behind_proxy(std::string const& instance, std::uint32_t flow) {
  auto target = at(instance, flow);
  target.path = {"<sip:edge.example;lr>"};
  return target;
}

TEST(Path, B_CALL_1_a_proxy_that_cannot_reach_the_sleeping_phone_does_not_end_the_wait) {
  for (int const status : {408, 430, 480, 503}) {
    SCOPED_TRACE(status);
    Conversation call;
    call.has(iphone("iphone"))
        .is_at(behind_proxy("iphone", 1))
        .call({"push iphone call voip", "ring 0 iphone", "remember"})
        .hear(100ms, says(0, status), {})
        .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
        .hear(3s, FlowRegistered{behind_proxy("iphone", 1)}, {"has come iphone", "ring 1 iphone", "remember"})
        .hear(4s, says(1, 200), {"forward 1", "forget"})
        .hold();
  }
}

TEST(Path, B_CALL_3_and_it_has_not_come) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(behind_proxy("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(100ms, says(0, 480), {})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .wait(13s, {"answer 180", "answer 480", "push iphone missed_call message", "remember"})
      .hear(20s, FlowRegistered{behind_proxy("iphone", 1)},
            {"has come iphone", "ring 1 iphone", "cancel 1 SIP;cause=480"})
      .hold();
}

TEST(Path, what_the_phone_itself_says_is_its_word) {
  Conversation call;
  call.has(desk("desk"))
      .is_at(behind_proxy("desk", 1))
      .call({"ring 0 desk", "remember"})
      .hear(100ms, says(0, 180), {"forward 0"})
      .hear(1s, says(0, 480), {"forward 0", "forget"})
      .hold();
  Conversation straight;
  straight.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(300ms, provider_says(straight, "iphone", accepted_by_provider), {})
      .hear(1s, says(0, 480), {"forward 0", "forget"})
      .hold();
}

TEST(Path, B_CALL_1_a_phone_that_registers_over_the_same_connection_of_the_proxy_is_rung) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(behind_proxy("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(3s, FlowRegistered{behind_proxy("iphone", 1)}, {"has come iphone", "ring 1 iphone", "remember"})
      .hear(3100ms, FlowRegistered{behind_proxy("iphone", 1)}, {"has come iphone"})
      .hear(4s, says(1, 200), {"forward 1", "cancel 0 SIP;cause=200", "forget"})
      .hold();
}

}  // namespace
}  // namespace reveille::decide
