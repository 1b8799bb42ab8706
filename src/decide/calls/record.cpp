#include "decide/calls/record.hpp"

#include "base/packing.hpp"
#include "decide/calls/mind.hpp"
#include "decide/calls/notice.hpp"

#include <algorithm>
#include <utility>

namespace reveille::decide {
namespace {

// Version 2 did not say who had been told.
constexpr std::uint64_t version = 3;
constexpr std::uint64_t oldest_version = 2;

void put(Packer& out, model::OldBranch const& branch) {
  out.uuid(branch.target.instance.value);
  out.text(branch.target.contact);
  out.number(branch.target.path.size());
  for (auto const& hop : branch.target.path) out.text(hop);
  out.text(branch.target.remote);
  out.text(branch.via);
}

model::OldBranch get_branch(Unpacker& in) {
  model::OldBranch branch;
  branch.target.instance = model::InstanceId{in.uuid()};
  branch.target.contact = in.text();
  for (auto left = in.count(); left > 0 && !in.failed(); --left) branch.target.path.push_back(in.text());
  branch.target.remote = in.text();
  branch.via = in.text();
  return branch;
}

void put(Packer& out, model::Offer const& offer) {
  out.text(offer.callee.value);
  out.uuid(offer.tracking.value);
  out.text(offer.call_id);
  out.text(offer.from_tag);
  out.number(offer.cseq);
  out.text(offer.caller.name);
  out.text(offer.caller.address);
  out.text(offer.caller.account.value);
  out.uuid(offer.caller.instance.value);
  out.choice(offer.media);
  out.instant(offer.arrived);
}

model::Offer get_offer(Unpacker& in) {
  model::Offer offer;
  offer.callee = model::AccountId{in.text()};
  offer.tracking = model::TrackingId{in.uuid()};
  offer.call_id = in.text();
  offer.from_tag = in.text();
  offer.cseq = static_cast<std::uint32_t>(in.number());
  offer.caller.name = in.text();
  offer.caller.address = in.text();
  offer.caller.account = model::AccountId{in.text()};
  offer.caller.instance = model::InstanceId{in.uuid()};
  offer.media = in.choice(model::Media::video);
  offer.arrived = in.instant();
  return offer;
}

bool is_told_of_the_end(Leg const& leg) {
  return leg.notice == NoticePhase::due || leg.notice == NoticePhase::requested;
}

// What a phone that comes late hears by CANCEL: as it would have without the restart.
std::string reason_after(CallEnd end) {
  switch (end) {
    case CallEnd::answered:
    case CallEnd::completed_elsewhere: return reason_field(200, "Call completed elsewhere");
    case CallEnd::declined: return reason_field(603, "Declined");
    case CallEnd::caller_gave_up: return reason_field(487, "Caller gave up");
    case CallEnd::nobody: return reason_field(480, "Not reachable in time");
    case CallEnd::none:
    case CallEnd::interrupted: return reason_field(480, "Interrupted");
  }
  std::unreachable();
}

}  // namespace

CallRecord record_of(Call const& call) {
  bool const ended = call.phase == CallPhase::ended;
  CallRecord record{.offer = call.offer, .end = ended ? call.end : CallEnd::none, .branches = call.old_branches};
  record.offer.id = {};
  using enum CallRecord::Pushed::Told;
  for (auto const& leg : call.legs)
    if (ended ? is_told_of_the_end(leg) || may_come(leg) : leg.push != PushPhase::none)
      record.pushed.push_back({.instance = leg.instance, .told = !ended || is_told_of_the_end(leg) ? no : yes});
  if (!ended)
    for (auto const& branch : call.branches) record.branches.push_back({.target = branch.target});
  return record;
}

std::string pack(CallRecord const& record) {
  Packer out;
  out.number(version);
  put(out, record.offer);
  out.choice(record.end);
  out.number(record.pushed.size());
  for (auto const& [instance, told] : record.pushed) {
    out.uuid(instance.value);
    out.choice(told);
  }
  out.number(record.branches.size());
  for (auto const& branch : record.branches) put(out, branch);
  out.choice(record.offer.hops);
  return out.take();
}

Result<CallRecord> unpack_call_record(std::string_view bytes) {
  Unpacker in(bytes);
  auto const written = in.number();
  if (written < oldest_version || written > version)
    return failure(ErrorCode::corrupt, "call record of an unknown version");
  CallRecord record{.offer = get_offer(in), .end = in.choice(CallEnd::interrupted)};
  using Told = CallRecord::Pushed::Told;
  for (auto left = in.count(); left > 0 && !in.failed(); --left) {
    auto& pushed = record.pushed.emplace_back(model::InstanceId{in.uuid()});
    if (written > oldest_version) pushed.told = in.choice(Told::yes);
  }
  for (auto left = in.count(); left > 0 && !in.failed(); --left) record.branches.push_back(get_branch(in));
  if (written > oldest_version) record.offer.hops = in.choice(model::Hops::secured);
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "call record cut short");
  return record;
}

Standing standing_of(Call const& call) {
  using enum Standing::Stage;
  if (call.offer.kind != model::OfferKind::invite || call.phase == CallPhase::offered) return {};
  if (call.phase == CallPhase::ringing) return {.stage = in_setup, .branches = call.branches.size()};
  auto const owed = static_cast<std::size_t>(std::ranges::count_if(call.legs, is_told_of_the_end));
  auto const awaited = static_cast<std::size_t>(std::ranges::count_if(call.legs, may_come));
  if (owed == 0 && awaited == 0 && call.old_branches.empty()) return {.stage = settled};
  return {.stage = owes, .branches = call.old_branches.size(), .owed = owed, .awaited = awaited};
}

void Mind::keep_record(Standing const& before) {
  auto after = standing_of(call_);
  // Who might have come does so no more.
  if (after.stage == Standing::Stage::owes && is_over(call_, now_)) after = {.stage = Standing::Stage::settled};
  if (after == before) return;
  if (after.stage == Standing::Stage::settled) return decide(model::ForgetCall{});
  decide(model::RememberCall{});
}

// Over a connection there is no way to the phone until it registers anew; a datagram finds it where it was.
void Mind::cancel_old_branches(model::Target const* way) {
  std::erase_if(call_.old_branches, [&](model::OldBranch& branch) {
    if (way == nullptr && !branch.target.remote.starts_with("udp ")) return false;
    if (way != nullptr && way->instance != branch.target.instance) return false;
    if (way != nullptr) {
      branch.target.flow = way->flow;
      branch.target.remote = way->remote;
    }
    decide(model::CancelOldBranch{.branch = std::move(branch), .reason = call_.end_reason});
    return true;
  });
}

void Mind::interrupt() {
  decide(model::BeginTrace{trace_head_of(call_.offer)});
  note(model::Milestone::interrupted, {}, model::Why::node_restarted);
  for (auto const& leg : call_.legs)
    if (is_push_out(leg)) decide(model::TakeBackPush{leg.push_id});
  pay_notices();
  cancel_old_branches(nullptr);
}

void Mind::pay_notices() {
  // Nobody wants to know of it any more.
  if (now_ >= call_.offer.arrived + missed_call_kept_for) return;
  for (auto& leg : call_.legs)
    if (is_push_out(leg) && leg.notice == NoticePhase::none) send_notice(leg);
}

Revival revive(CallRecord record, std::vector<model::Device> const& devices, CallRules const& rules, Instant now) {
  bool const in_setup = record.end == CallEnd::none;
  Revival revival;
  auto& call = revival.call;
  call = {.offer = std::move(record.offer),
          .phase = CallPhase::ended,
          .end = in_setup ? CallEnd::interrupted : record.end,
          .old_branches = std::move(record.branches),
          .end_reason = reason_after(record.end)};
  call.late_until = call.offer.arrived + rules.policy.late_invite_until;
  Standing const before{.stage = in_setup ? Standing::Stage::in_setup : Standing::Stage::owes};
  Mind mind(call, rules, now);
  if (now >= call.late_until) call.old_branches.clear();
  for (auto const& [instance, told] : record.pushed) {
    mind.add_pushed(instance, devices);
    if (told == CallRecord::Pushed::Told::yes) call.legs.back().notice = NoticePhase::settled;
  }
  in_setup ? mind.interrupt() : mind.pay_notices();
  mind.keep_record(before);
  revival.then = mind.take();
  return revival;
}

// It may have gone out: nobody was there to hear.
void Mind::add_pushed(model::InstanceId const& instance, std::vector<model::Device> const& devices) {
  auto& leg = call_.legs[leg_of(instance)];
  leg.push = PushPhase::accepted;
  auto const device = std::ranges::find(devices, instance, &model::Device::instance);
  if (device != devices.end() && device->services.call) leg.device = *device;
}

}  // namespace reveille::decide
