// SipRuntime: the connections over which an account's devices can be reached by SIP now. There is none for an account
// whose phones sleep, nor for UDP, which has no connections. Threads: the shard's.
#pragma once

#include "dispatch/directory.hpp"
#include "model/registration.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace reveille::dispatch {

class SipRuntime final : public Runtime {
 public:
  struct Flow {
    model::InstanceId instance = {};
    std::string contact = {};
    model::FlowId id = {};
    std::uint64_t age = 0;  // the higher, the newer
  };

  [[nodiscard]] model::Liveness liveness_of(model::InstanceId const& instance) const override {
    for (auto const& flow : flows)
      if (flow.instance == instance) return {.sip_flow = true};
    return {};
  }

  std::vector<Flow> flows = {};
  std::uint64_t registered = 0;
};

}  // namespace reveille::dispatch
