#include "decide/calls/record.hpp"

#include "base/packing.hpp"
#include "decide/calls/notice.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

constexpr std::uint64_t version = 1;

}  // namespace

CallRecord record_of(Call const& call) {
  CallRecord record{.offer = call.offer};
  record.offer.id = {};
  for (auto const& leg : call.legs)
    if (leg.push != PushPhase::none) record.pushed.push_back({.instance = leg.instance, .call_uuid = leg.call_uuid});
  return record;
}

std::string pack(CallRecord const& record) {
  auto const& offer = record.offer;
  Packer out;
  out.number(version);
  out.text(offer.callee.value);
  out.uuid(offer.tracking.value);
  out.text(offer.call_id);
  out.text(offer.caller.name);
  out.text(offer.caller.address);
  out.choice(offer.media);
  out.instant(offer.arrived);
  out.number(record.pushed.size());
  for (auto const& one : record.pushed) {
    out.uuid(one.instance.value);
    out.uuid(one.call_uuid);
  }
  return out.take();
}

Result<CallRecord> unpack_call_record(std::string_view bytes) {
  Unpacker in(bytes);
  if (in.number() != version) return failure(ErrorCode::corrupt, "call record of an unknown version");
  CallRecord record;
  auto& offer = record.offer;
  offer.callee = model::AccountId{in.text()};
  offer.tracking = model::TrackingId{in.uuid()};
  offer.call_id = in.text();
  offer.caller.name = in.text();
  offer.caller.address = in.text();
  offer.media = in.choice(model::Media::video);
  offer.arrived = in.instant();
  for (auto left = in.count(); left > 0; --left) {
    auto instance = model::InstanceId{in.uuid()};
    record.pushed.push_back({.instance = std::move(instance), .call_uuid = in.uuid()});
  }
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "call record cut short");
  return record;
}

std::vector<model::CallDecision> after_restart(CallRecord const& record, std::vector<model::Device> const& devices,
                                               PushOffer offer, Instant now) {
  std::vector<model::CallDecision> then;
  then.emplace_back(model::NoteMilestone{{.tracking = record.offer.tracking,
                                          .milestone = model::Milestone::interrupted,
                                          .at = now,
                                          .why = model::Why::node_restarted}});
  for (auto const& one : record.pushed) {
    auto const device = std::ranges::find(devices, one.instance, &model::Device::instance);
    if (device == devices.end() || !device->services.call) continue;
    if (can_push(*device, notice_channel_of(*device), offer, now).verdict == WakeVerdict::let_sleep) continue;
    then.emplace_back(
        model::RequestPush{notice_for(record.offer, *device, one.call_uuid, model::PushClass::missed_call, now)});
  }
  then.emplace_back(model::ForgetCall{});
  return then;
}

}  // namespace reveille::decide
