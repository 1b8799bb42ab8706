// DeviceCensus: how many devices are in which state, counted as states change, so that asking costs the same whether
// ten phones sleep or a million.
//
// Who changes what an account's devices are, or what is alive of them, says so by count(); what was counted of the
// account before stands in its Entry. Time alone changes one thing: a UDP binding that runs out is noticed by the
// hourly sweep. Lifetime: the shard's. Threads: the shard's.
#pragma once

#include "base/instant.hpp"
#include "dispatch/directory.hpp"
#include "model/device.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace reveille::dispatch {

class DeviceCensus {
 public:
  void count(Entry& entry, model::Registrations const& registrations, Instant now);
  // Before the account is removed.
  void forget(Entry& entry);

  [[nodiscard]] std::size_t in(model::DeviceState state) const { return states_[static_cast<std::size_t>(state)]; }
  // Devices with a SIP connection (or an unexpired binding over UDP), and with an XMPP stream.
  [[nodiscard]] std::size_t with_sip() const { return sip_; }
  [[nodiscard]] std::size_t with_xmpp() const { return xmpp_; }
  // How often a device lost one or the other since the start.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  void add(DeviceCounts const& counts);
  void take_away(DeviceCounts const& counts);

  std::array<std::size_t, DeviceCounts{}.states.size()> states_ = {};
  std::size_t sip_ = 0;
  std::size_t xmpp_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace reveille::dispatch
