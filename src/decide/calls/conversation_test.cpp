#include "decide/calls/conversation.hpp"

#include "wire/sip/transaction.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace reveille::decide::test {
namespace {

using namespace model;

Instant const start = from_unix_seconds(1'800'000'000);

std::string describe(RequestPush const& push) {
  auto const& request = push.request;
  return "push " + request.instance.value + ' ' + std::string(name_of(request.push_class)) + ' ' +
         std::string(name_of(request.channel));
}

std::string describe(CallDecision const& decision, std::map<std::string, std::string> const& devices) {
  auto const name = [&](PushId const& id) { return devices.at(id.value); };
  return std::visit(
      sip::Overloaded{
          [](RingFlow const& ring) { return "ring " + std::to_string(ring.branch) + ' ' + ring.target.instance.value; },
          [](ForwardResponse const& forward) { return "forward " + std::to_string(forward.branch); },
          [](AnswerCaller const& answer) { return "answer " + std::to_string(answer.status); },
          [](CancelBranch const& cancel) {
            return "cancel " + std::to_string(cancel.branch) + ' ' +
                   cancel.reason.substr(0, cancel.reason.find(";text"));
          },
          [](CancelElsewhere const& cancel) {
            return "cancel " + std::to_string(cancel.branch) + " on flow " + std::to_string(cancel.target.flow.slot) +
                   ' ' + cancel.reason.substr(0, cancel.reason.find(";text"));
          },
          [](CancelOldBranch const& cancel) { return "cancel old branch of " + cancel.branch.target.instance.value; },
          [](EndAnswered const& end) { return "acknowledge and end " + std::to_string(end.branch); },
          [](RequestPush const& push) { return describe(push); },
          [&](TakeBackPush const& push) { return "take back " + name(push.id); },
          [&](AcknowledgePush const& push) { return "has come " + name(push.id); },
          [](BeginTrace const&) { return std::string{}; },
          [](NoteMilestone const&) { return std::string{}; },
          [](RememberCall const&) { return std::string("remember"); },
          [](ForgetCall const&) { return std::string("forget"); },
      },
      decision);
}

}  // namespace

// One run of a script.
struct Conversation::Stage {
  Call call = {};
  VirtualClock clock{start};
  std::vector<std::string> nodes = {"node.example:5061"};
  std::map<std::string, std::string> devices = {};  // by push id
  std::vector<std::string> said = {};
  std::vector<std::string> milestones = {};
  std::map<std::string, std::string> uuids = {};  // by device
  std::size_t finals = 0;
  std::size_t ends = 0;

  void hear(Conversation const& script, CallEvent const& event) {
    CallRules const rules{.policy = script.policy, .push = script.push, .nodes = nodes};
    auto const decisions = on(call, event, rules, clock.now());
    for (auto const& decision : decisions) take(decision, event);
  }
  void take(CallDecision const& decision, CallEvent const& event) {
    if (auto const* asked = std::get_if<RequestPush>(&decision))
      devices[asked->request.id.value] = asked->request.instance.value;
    if (auto const* noted = std::get_if<NoteMilestone>(&decision)) {
      auto const device = noted->step.device.value;
      milestones.push_back(std::string(name_of(noted->step.milestone)) + (device.empty() ? "" : ' ' + device));
      if (device.empty() && is_end(TraceKind::call, noted->step.milestone)) ++ends;
    }
    if (auto const* ring = std::get_if<RingFlow>(&decision)) {
      auto const [known, added] = uuids.try_emplace(ring->target.instance.value, ring->call_uuid);
      EXPECT_EQ(known->second, ring->call_uuid) << "B-CALL-4: one call shows once";
    }
    auto const* answer = std::get_if<AnswerCaller>(&decision);
    auto const* answered = std::get_if<BranchAnswered>(&event);
    bool const success =
        std::holds_alternative<ForwardResponse>(decision) && answered && sip::is_success(answered->status);
    bool const refusal = std::holds_alternative<ForwardResponse>(decision) && !(answered && answered->status < 300);
    if ((answer && answer->status >= 200) || refusal || (success && finals == 0)) ++finals;
    if (auto text = describe(decision, devices); !text.empty()) said.push_back(std::move(text));
  }
  // "Answered with its first final word, at the latest when it expires" (model/push.hpp): first those of the call.
  void settle_pushes(Conversation const& script) {
    for (int round = 0; round < 2; ++round)
      for (auto const& [id, device] : std::map(devices))
        hear(script, PushAnswered{{.id = PushId{id}, .state = PushState::unconfirmed}});
  }
  // Lets time pass, deadline by deadline.
  void pass_until(Conversation const& script, Instant until) {
    for (auto next = next_deadline(call); next && *next <= until; next = next_deadline(call)) {
      ASSERT_GE(*next, clock.now()) << "a deadline that has passed must be gone";
      clock.set(*next);
      hear(script, DeadlinePassed{});
      if (next_deadline(call) == next) {
        ASSERT_TRUE(is_over(call, clock.now())) << "a deadline must move the call";
        break;
      }
    }
    clock.set(until);
  }
};

Conversation::Conversation() {
  offer = {.callee = AccountId{"juliet@localhost"},
           .tracking = TrackingId{"tracking"},
           .call_id = "call-id",
           .from_tag = "tag",
           .cseq = 1,
           .caller = {.name = "Romeo", .address = "romeo@localhost", .account = AccountId{"romeo@localhost"}},
           .arrived = start};
}

Conversation& Conversation::has(Device device) {
  offered_.devices.push_back(std::move(device));
  return *this;
}

Conversation& Conversation::is_at(Target target) {
  offered_.targets.push_back(std::move(target));
  return *this;
}

Conversation& Conversation::call(std::vector<std::string> says) {
  offered_.offer = offer;
  steps_.push_back({.event = offered_, .says = std::move(says)});
  return *this;
}

Conversation& Conversation::hear(Duration at, CallEvent event, std::vector<std::string> says) {
  steps_.push_back({.at = at, .event = std::move(event), .says = std::move(says)});
  return *this;
}

Conversation& Conversation::wait(Duration until, std::vector<std::string> says) {
  steps_.push_back({.at = until, .says = std::move(says)});
  return *this;
}

Conversation& Conversation::notes(std::vector<std::string> milestones) {
  notes_ = std::move(milestones);
  return *this;
}

void Conversation::play(Stage& stage, std::size_t steps, std::vector<std::vector<std::string>>* heard) const {
  for (std::size_t number = 0; number < steps; ++number) {
    auto const& step = steps_[number];
    stage.pass_until(*this, start + step.at);
    // Whoever keeps the call forgets it as soon as it is over, and hears of nothing after that.
    bool const is_forgotten = number > 0 && is_over(stage.call, stage.clock.now());
    auto const before = stage.said.size();
    if (step.event) stage.hear(*this, *step.event);
    EXPECT_FALSE(is_forgotten && stage.said.size() > before) << "step " << number << " comes too late";
    if (heard) heard->push_back(stage.said);
    stage.said.clear();
  }
}

// Every flow fails after `at` steps, and nobody says anything any more.
void Conversation::check_cut(std::size_t at) const {
  SCOPED_TRACE("line cut after step " + std::to_string(at));
  Stage stage;
  play(stage, at, nullptr);
  auto const branches = stage.call.branches.size();
  for (std::size_t branch = 0; branch < branches; ++branch) stage.hear(*this, BranchFailed{branch});
  stage.pass_until(*this, start + 10min);
  stage.settle_pushes(*this);
  EXPECT_EQ(stage.finals, 1U) << "the caller hears one end";
  EXPECT_TRUE(is_over(stage.call, stage.clock.now()));
  if (offer.kind == OfferKind::invite) {
    EXPECT_EQ(stage.ends + static_cast<std::size_t>(std::ranges::count_if(
                               stage.milestones, [](auto const& text) { return text.starts_with("answered "); })),
              1U)
        << "the trace has one end";
  }
}

void Conversation::hold() {
  Stage stage;
  std::vector<std::vector<std::string>> heard;
  play(stage, steps_.size(), &heard);
  for (std::size_t number = 0; number < steps_.size(); ++number)
    EXPECT_EQ(heard[number], steps_[number].says) << "step " << number;
  if (notes_) EXPECT_EQ(stage.milestones, *notes_);
  EXPECT_EQ(stage.finals, 1U);
  for (std::size_t at = 1; at <= steps_.size(); ++at) check_cut(at);
}

Device iphone(std::string const& name, std::string const& os) {
  bool const old = os.starts_with("12");
  return {.instance = InstanceId{name},
          .app = "org.app",
          .platform = Platform::ios,
          .os_version = os,
          .provider = Provider::apns,
          .team = "TEAM",
          .layout = old ? ChannelLayout::shared : ChannelLayout::split,
          .voip = {.token = name + "-voip"},
          .message = {.token = old ? "" : name + "-message"},
          .services = {.call = true, .im = true}};
}

Device android(std::string const& name) {
  return {.instance = InstanceId{name},
          .platform = Platform::android,
          .os_version = "14",
          .provider = Provider::fcm,
          .project = "project",
          .voip = {.token = name + "-token"},
          .message = {.token = name + "-token"},
          .services = {.call = true, .im = true}};
}

Device desk(std::string const& name) {
  return {.instance = InstanceId{name}, .services = {.call = true}};
}

Target at(std::string const& instance, std::uint32_t flow) {
  return {.instance = InstanceId{instance},
          .contact = "sip:" + instance + "@192.0.2.1",
          .flow = flow == 0 ? FlowId{} : FlowId{.slot = flow, .generation = 1},
          .remote = flow == 0 ? "udp 192.0.2.1:5060" : "tcp 192.0.2.1:" + std::to_string(flow)};
}

CallEvent registers(std::string const& instance, std::uint32_t flow) {
  return FlowRegistered{.target = at(instance, flow)};
}

CallEvent says(BranchNumber branch, int status) {
  return BranchAnswered{.branch = branch, .status = status};
}

CallEvent provider_says(Conversation const& conversation, std::string const& instance, PushState state) {
  auto const& offer = conversation.offer;
  return PushAnswered{{.id = PushId{derive_uuid("call-push", {offer.call_id, offer.from_tag, std::to_string(offer.cseq),
                                                              offer.callee.value, instance})},
                       .state = state,
                       .provider_status = state == PushState::refused ? 410U : 0U,
                       .reason = "Unregistered"}};
}

}  // namespace reveille::decide::test
