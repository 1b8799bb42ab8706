#include "dispatch/device_census.hpp"

#include <limits>

namespace reveille::dispatch {
namespace {

void count_one(std::uint8_t& counter) {
  if (counter < std::numeric_limits<std::uint8_t>::max()) ++counter;
}

}  // namespace

void DeviceCensus::count(Entry& entry, model::Registrations const& registrations, Instant now) {
  DeviceCounts counts;
  for (auto const& device : registrations.devices) {
    auto const alive = liveness_of(entry, registrations, device.instance, now);
    count_one(counts.states[static_cast<std::size_t>(model::state_of(device, alive))]);
    if (alive.sip_flow) count_one(counts.sip);
    if (alive.xmpp_stream) count_one(counts.xmpp);
  }
  if (counts.sip < entry.counted.sip) lost_ += entry.counted.sip - counts.sip;
  if (counts.xmpp < entry.counted.xmpp) lost_ += entry.counted.xmpp - counts.xmpp;
  take_away(entry.counted);
  add(counts);
  entry.counted = counts;
}

void DeviceCensus::forget(Entry& entry) {
  take_away(entry.counted);
  entry.counted = {};
}

void DeviceCensus::add(DeviceCounts const& counts) {
  for (std::size_t state = 0; state < states_.size(); ++state) states_[state] += counts.states[state];
  sip_ += counts.sip;
  xmpp_ += counts.xmpp;
}

void DeviceCensus::take_away(DeviceCounts const& counts) {
  for (std::size_t state = 0; state < states_.size(); ++state) states_[state] -= counts.states[state];
  sip_ -= counts.sip;
  xmpp_ -= counts.xmpp;
}

}  // namespace reveille::dispatch
