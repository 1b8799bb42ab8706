// DevicePort: a user's own devices, as arrive/rest asks for changes of them on his behalf. dispatch implements it.
// B-SIGN-2, B-MODE-4; interfaces.md section 2.
//
// Lifetime: as long as the process runs. Threads: the shard's. Every answer comes exactly once, on the same thread.
#pragma once

#include "base/result.hpp"
#include "model/account.hpp"
#include "model/device.hpp"
#include "model/registration.hpp"

#include <cstdint>
#include <functional>

namespace reveille::model {

// Why nothing was changed: a closed list, which arrive/rest maps to problems.
enum class DeviceRefusal : std::uint8_t {
  not_found,         // the user has no such device
  too_many_devices,  // and all of them are signed in
  unfit_voip_token,  // the device's provider can never have given it out
  unfit_message_token,
  overloaded,  // the disk does not keep up
  storage      // the disk is full or fails
};

class DevicePort {
 public:
  template <class T>
  using Answer = std::move_only_function<void(Result<T, DeviceRefusal>)>;

  virtual ~DevicePort() = default;

  // Adds the device or changes the fields that are named, and takes its tokens from whoever held them. Answered when
  // that is on disk.
  virtual void register_device(AccountId const& account, DeviceUpdate update, Answer<Device> answer) = 0;
  // Stands at once.
  virtual void set_mode(AccountId const& account, InstanceId const& instance, Mode mode, Answer<Device> answer) = 0;
  // Ends all of it: services, tokens, bindings. Answered when that is on disk; again: the same answer.
  virtual void sign_out(AccountId const& account, InstanceId const& instance, Answer<void> answer) = 0;
};

}  // namespace reveille::model
