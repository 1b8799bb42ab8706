// PushDevices: the devices that tenants have registered at the push service (B-SIGN-2), all in memory, one row each on
// disk.
//
// A token belongs to one device and account of a tenant, in memory and on disk: registering it takes it from any other
// holder, in the same batch. Threads: the shard's. Changes are written before they are answered. Memory has a change at
// once, so that the next one builds on it; where the disk does not take it, memory goes back to what the disk has, so
// that saying it again writes it again.
#pragma once

#include "base/instant.hpp"
#include "model/push_service.hpp"
#include "store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace reveille::dispatch {

class PushDevices {
 public:
  template <class T>
  using Answer = model::PushServicePort::Answer<T>;

  // A tenant has at most so many; each takes about 1 KB.
  static constexpr std::size_t usual_most_of_tenant = 200'000;

  PushDevices(Clock const& clock, store::Store& store, std::size_t most_of_tenant = usual_most_of_tenant)
      : clock_(clock), store_(store), most_of_tenant_(most_of_tenant) {}

  Result<void> load();
  void put(model::TenantId const& tenant, model::AccountId const& account, model::InstanceId const& instance,
           model::DeviceUpdate update, Answer<model::OwnedDevice> answer);
  // An empty account: the only one on this device.
  void set_mode(model::TenantId const& tenant, model::AccountId const& account, model::InstanceId const& instance,
                model::Mode mode, Answer<model::OwnedDevice> answer);
  void remove(model::TenantId const& tenant, model::AccountId const& account, model::InstanceId const& instance,
              Answer<void> answer);
  // The device to push to; no_device when there is none (nor one that was seen in 90 days), or when several accounts
  // use it and none is named.
  [[nodiscard]] Result<model::OwnedDevice, model::PushRefusal> find(model::TenantId const& tenant,
                                                                    model::AccountId const& account,
                                                                    model::InstanceId const& instance) const;
  // The provider's word on a token, where a device of this tenant holds it. A token that was registered again after the
  // provider says it died stays.
  void on_verdict(model::TenantId const& tenant, std::string_view token, model::PushReceipt const& receipt);
  // Takes back the quarantine that was given at that time.
  void lift_quarantine(model::TenantId const& tenant, std::string_view token, Instant given);
  // A sign of life of that device, if it is registered here.
  void saw(model::TenantId const& tenant, model::AccountId const& account, model::InstanceId const& instance);
  // Forgets what nobody has seen for 90 days (B-SIGN-5): of the next few devices, so that no call waits for it.
  void sweep();
  [[nodiscard]] std::size_t size() const { return devices_.size(); }

 private:
  // Tenant, instance, account: so that all accounts of a device stand together.
  using Key = std::tuple<model::TenantId, model::InstanceId, model::AccountId>;
  using Devices = std::map<Key, model::Device>;
  using ChannelChange = std::function<bool(model::Channel&)>;  // whether it changed anything

  // What the disk has of a device while changes of it are on their way there, with what memory keeps without it.
  struct Unwritten {
    std::optional<model::Device> on_disk = {};
    std::size_t commits = 0;
  };
  using Tokens = std::multimap<std::pair<model::TenantId, std::string>, Key>;
  // Where a change could not be written: what of it memory keeps all the same.
  using Keep = std::function<void(Key const&, model::Device&)>;
  using Done = std::move_only_function<void(Result<void>)>;

  void set_token(Key const& key, model::Device& device, model::ChannelName channel, std::string token,
                 std::vector<Key>& changed);
  void change_holders(model::TenantId const& tenant, std::string_view token, ChannelChange const& change);
  static void add_tokens(Tokens& tokens, Key const& key, model::Device const& device);
  static void remove_tokens(Tokens& tokens, Key const& key, model::Device const& device);
  void forget_token(Key const& key, std::string const& token);
  void erase(Devices::iterator at);
  [[nodiscard]] bool is_gone(model::Device const& device) const;
  // Before a device is changed; each is followed by one commit that names it.
  void begin_change(Key const& key);
  void add_former_holders(std::vector<Key>& changed);
  void commit(std::vector<Key> changed, Keep keep, Done done);
  void note_written(Key const& key, std::optional<model::Device> device);
  void end_change(Key const& key);
  [[nodiscard]] std::vector<Key> keys_of(model::TenantId const& tenant, model::AccountId const& account,
                                         model::InstanceId const& instance) const;
  // An answer never comes from inside the call.
  template <class T>
  void refuse(Answer<T> answer, model::PushRefusal why) {
    store_.commit({}, store::Urgency::soon,
                  [why, answer = std::move(answer)](auto) mutable { answer(std::unexpected(why)); });
  }

  Clock const& clock_;
  store::Store& store_;
  std::size_t most_of_tenant_;
  Devices devices_ = {};
  std::map<model::TenantId, std::size_t> of_tenant_ = {};
  Tokens by_token_ = {};
  std::map<Key, Unwritten> unwritten_ = {};
  Tokens may_have_on_disk_ = {};  // of the unwritten: once for each form that the disk has, or is about to have
  Key swept_up_to_ = {};
};

}  // namespace reveille::dispatch
