// Devices: the dispatcher of what users say of their own devices over REST (B-SIGN-2, B-MODE-4); SIP and XMPP say the
// same by their own ways, and all of them change the same record.
//
// A registration and a sign-out are promises: answered, and told to whoever listens, when they are on disk. A mode
// stands at once, and is answered at once: after a crash no connection is left, and the device asleep whatever it said.
// Lifetime: as long as the shard. Threads: the shard's.
#pragma once

#include "dispatch/registrations.hpp"
#include "dispatch/shard.hpp"
#include "model/device_port.hpp"

namespace reveille::dispatch {

class Devices final : public model::DevicePort {
 public:
  Devices(Shard& shard, Registrations& registrations) : shard_(shard), registrations_(registrations) {}

  void register_device(model::AccountId const& account, model::DeviceUpdate update,
                       Answer<model::Device> answer) override;
  void set_mode(model::AccountId const& account, model::InstanceId const& instance, model::Mode mode,
                Answer<model::Device> answer) override;
  void sign_out(model::AccountId const& account, model::InstanceId const& instance, Answer<void> answer) override;

 private:
  // The account while it is there, and whether the disk has it.
  using Kept = std::move_only_function<void(Result<Entry*, model::DeviceRefusal>)>;
  void keep(Entry& entry, model::Registrations const& registrations, Kept kept);

  Shard& shard_;
  Registrations& registrations_;
};

}  // namespace reveille::dispatch
