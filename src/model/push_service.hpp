// The push service as its doors see it: what tenants ask for, and what they are told. dispatch/push implements the
// port; arrive/rest and the in-process PushPort speak to it. B-PUSH-1 to B-PUSH-6, interfaces.md section 3.
//
// A tenant sees and spends only its own: every call names it, and ids of other tenants do not exist for it.
#pragma once

#include "base/id.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "model/device.hpp"
#include "model/push.hpp"
#include "model/registration.hpp"
#include "model/trace.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::model {

using TenantId = Id<struct TenantTag>;
// This server itself, where the push service is in its process.
inline TenantId const own_tenant{"local"};

// Why a request was not accepted: a closed list, which arrive/rest maps to problems.
enum class PushRefusal : std::uint8_t {
  not_found,         // no such notification of this tenant
  key_reused,        // the Idempotency-Key came before with another body
  no_device,         // no such device of this tenant, or several accounts on it and none named
  no_token,          // the device has no token for that channel
  token_dead,        // the provider's word, or in quarantine
  no_credential,     // no credential serves that provider, team, topic and environment
  unfit_target,      // no token or topic of that provider: it could never be sent
  unfit_voip_token,  // of a device: the provider can never have given it out
  unfit_message_token,
  too_large,          // more than the provider takes on that channel
  voip_is_for_calls,  // B-TABLE-3: nothing but a call goes on VoIP to iOS 13 and later
  service_not_used,   // the device has named the services that it is woken for, and that is none of them
  too_many_devices,   // of this tenant
  too_many,           // too many notifications of this tenant wait to be sent
  overloaded,         // of all tenants, or the disk does not keep up
  storage             // the disk is full or fails
};

struct Notification {
  TenantId tenant = {};
  PushRequest request = {};      // with its id; the target is empty where a device is named instead
  std::string fingerprint = {};  // of the body: the same key with another one is refused
  InstanceId device = {};        // pushed to by its registration at the push service; empty: by `target`
};

struct PushMilestone {
  Milestone name = Milestone::accepted;
  Instant at = {};
  Why why = Why::none;
  std::string detail = {};

  bool operator==(PushMilestone const&) const = default;
};

// What a tenant may know of a notification.
struct NotificationView {
  PushId id = {};
  PushClass push_class = PushClass::message;
  PushReceipt receipt = {};  // receipt.state is the state
  AccountId account = {};
  InstanceId instance = {};
  TrackingId tracking = {};
  Instant expires_at = {};
  std::vector<PushMilestone> milestones = {};

  bool operator==(NotificationView const&) const = default;
};

struct OwnedDevice {
  AccountId account = {};
  Device device = {};
};

// A sign of life of the client: for one notification, or for all of one tracking id (of one device, if named).
struct ClientReceipt {
  PushId id = {};
  TrackingId tracking = {};
  InstanceId instance = {};
};

// How long the asker waits for the provider's word; nothing: not at all.
using WaitUntil = std::optional<Instant>;

// Lifetime: outlives its doors. Threads: the shard's. Every answer comes exactly once, on the same thread, never from
// inside the call.
class PushServicePort {
 public:
  template <class T>
  using Answer = std::move_only_function<void(Result<T, PushRefusal>)>;

  virtual ~PushServicePort() = default;

  // Answered when the notification is on disk; with a wait, when there is a final word (accepted_by_provider or an end)
  // or the wait is over. The same id and fingerprint again: the same notification, also when it would be refused now.
  virtual void request(Notification notification, WaitUntil wait, Answer<NotificationView> answer) = 0;
  virtual void find(TenantId const& tenant, PushId const& id, WaitUntil wait, Answer<NotificationView> answer) = 0;
  // What became of it is in the answer: taken back, or too late for that.
  virtual void take_back(TenantId const& tenant, PushId const& id, Answer<NotificationView> answer) = 0;
  // The client has shown itself. not_found when no notification of that name is known.
  virtual void acknowledge(TenantId const& tenant, ClientReceipt const& receipt, Answer<NotificationView> answer) = 0;

  // Creates or changes; answered when on disk.
  virtual void put_device(TenantId const& tenant, AccountId const& account, InstanceId const& instance,
                          DeviceUpdate update, Answer<OwnedDevice> answer) = 0;
  // Of a device that is there, or not_found. An empty account: the only one on it; no_device where there are several.
  virtual void set_device_mode(TenantId const& tenant, AccountId const& account, InstanceId const& instance, Mode mode,
                               Answer<OwnedDevice> answer) = 0;
  // An empty account: every one on this device. not_found when there was none.
  virtual void remove_device(TenantId const& tenant, AccountId const& account, InstanceId const& instance,
                             Answer<void> answer) = 0;

  // Whether that tenant has a credential for that provider and environment, which only APNs tells apart: also one that
  // the provider has refused.
  [[nodiscard]] virtual bool has_credential(TenantId const& tenant, Provider provider,
                                            Environment environment) const = 0;
  // False while none of these is usable.
  [[nodiscard]] virtual bool serves(TenantId const& tenant, Provider provider, Environment environment) const = 0;
};

}  // namespace reveille::model
