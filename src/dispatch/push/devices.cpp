#include "dispatch/push/devices.hpp"

#include "model/push_token.hpp"
#include "model/settings.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace reveille::dispatch {
namespace {

using namespace model;

constexpr Duration quarantine = WakePolicy{}.quarantine;  // B-SIGN-3
constexpr Duration unseen_for_good = 90 * 24h;            // B-SIGN-5
constexpr Duration seen_again_after = 24h;                // so that not each sign of life is written
constexpr std::size_t looked_at_in_a_sweep = 2000;        // well under a millisecond
constexpr std::size_t forgotten_in_a_sweep = 200;
constexpr std::array channels = {ChannelName::voip, ChannelName::message};

template <class T>
void take(std::optional<T>& from, T& into) {
  if (from) into = std::move(*from);
}

// Everything but the tokens.
void merge(DeviceUpdate& update, Device& device, Instant now) {
  take(update.app, device.app);
  take(update.platform, device.platform);
  take(update.os_version, device.os_version);
  take(update.provider, device.provider);
  take(update.environment, device.environment);
  take(update.team, device.team);
  take(update.project, device.project);
  take(update.layout, device.layout);
  take(update.uses_call, device.services.call);
  take(update.uses_im, device.services.im);
  take(update.away_in_background, device.away_in_background);
  take(update.content_key, device.content_key);
  if (update.mode) device.mode_since = now;
  take(update.mode, device.reported_mode);
  device.seen_at = now;
}

// Android has one token for both channels.
bool holds(Device const& device, std::string_view token) {
  return std::ranges::any_of(channels, [&](auto const name) { return channel_of(device, name).token == token; });
}

std::string store_key(TenantId const& tenant, AccountId const& account, InstanceId const& instance) {
  return tenant.value + '\0' + account.value + '\0' + instance.value;
}

PushRefusal refusal_of(Error const& error) {
  return error.code == ErrorCode::busy ? PushRefusal::overloaded : PushRefusal::storage;
}

}  // namespace

Result<void> PushDevices::load() {
  Result<void> result;
  auto const read = store_.for_each(store::Table::push_devices, [&](std::string_view key, std::string_view value) {
    auto const first = key.find('\0');
    auto const second = key.find('\0', first + 1);
    auto unpacked = unpack_registrations(value);
    if (second == std::string_view::npos || !unpacked || unpacked->devices.size() != 1) {
      result = failure(ErrorCode::corrupt, "a device of the push service does not make sense");
      return;
    }
    auto& device = unpacked->devices.front();
    Key const owner{TenantId{key.substr(0, first)}, device.instance,
                    AccountId{key.substr(first + 1, second - first - 1)}};
    add_tokens(by_token_, owner, device);
    if (devices_.insert_or_assign(owner, std::move(device)).second) ++of_tenant_[std::get<0>(owner)];
  });
  return read ? result : read;
}

void PushDevices::put(TenantId const& tenant, AccountId const& account, InstanceId const& instance, DeviceUpdate update,
                      Answer<OwnedDevice> answer) {
  Key const key{tenant, instance, account};
  auto const known = devices_.find(key);
  if (auto const unfit = unfit_channel(known == devices_.end() ? nullptr : &known->second, update))
    return refuse(std::move(answer),
                  *unfit == ChannelName::voip ? PushRefusal::unfit_voip_token : PushRefusal::unfit_message_token);
  if (known == devices_.end() && of_tenant_[tenant] >= most_of_tenant_)
    return refuse(std::move(answer), PushRefusal::too_many_devices);
  begin_change(key);
  std::vector<Key> changed{key};
  auto const [at, is_new] = devices_.try_emplace(key);
  if (is_new) ++of_tenant_[tenant];
  auto& device = at->second;
  device.instance = instance;
  // B-SIGN-3: without a service it has signed out. Its tokens go, so that they can serve someone else; services that
  // nobody has ever named are no such word.
  bool const signs_out = update.uses_call == false && update.uses_im == false;
  if (signs_out) update.voip_token = update.message_token = "";
  merge(update, device, clock_.now());
  if (signs_out) device.content_key = {};
  if (update.voip_token) set_token(key, device, ChannelName::voip, std::move(*update.voip_token), changed);
  if (update.message_token) set_token(key, device, ChannelName::message, std::move(*update.message_token), changed);
  commit(std::move(changed), {},
         [account = std::get<2>(key), device, answer = std::move(answer)](Result<void> done) mutable {
           if (!done) return answer(std::unexpected(refusal_of(done.error())));
           answer(OwnedDevice{.account = std::move(account), .device = std::move(device)});
         });
}

void PushDevices::set_mode(TenantId const& tenant, AccountId const& account, InstanceId const& instance, Mode mode,
                           Answer<OwnedDevice> answer) {
  auto const keys = keys_of(tenant, account, instance);
  if (keys.empty()) return refuse(std::move(answer), PushRefusal::not_found);
  if (keys.size() > 1) return refuse(std::move(answer), PushRefusal::no_device);
  put(tenant, std::get<AccountId>(keys.front()), instance, {.mode = mode}, std::move(answer));
}

void PushDevices::set_token(Key const& key, Device& device, ChannelName channel, std::string token,
                            std::vector<Key>& changed) {
  auto& current = channel_of(device, channel);
  token = kept_token(device.provider, std::move(token));
  // The same one again is news too: what the provider says of an earlier time no longer holds.
  auto const old = std::exchange(current, {.token = std::move(token), .since = clock_.now()}).token;
  if (old != current.token && !holds(device, old)) forget_token(key, old);
  if (current.token.empty()) return;
  // A shared phone must not ring for the last user (B-SIGN-2).
  auto const holders = by_token_.equal_range({std::get<0>(key), current.token});
  for (auto at = holders.first; at != holders.second; at = by_token_.erase(at)) {
    if (at->second == key) continue;
    begin_change(at->second);
    changed.push_back(at->second);
    auto& other = devices_[at->second];
    for (auto const one : channels)
      if (channel_of(other, one).token == current.token) channel_of(other, one) = {};
  }
  by_token_.emplace(std::pair{std::get<0>(key), current.token}, key);
}

void PushDevices::add_tokens(Tokens& tokens, Key const& key, Device const& device) {
  for (auto const& token : std::set{device.voip.token, device.message.token})
    if (!token.empty()) tokens.emplace(std::pair{std::get<0>(key), token}, key);
}

// Once each: there may be more of them.
void PushDevices::remove_tokens(Tokens& tokens, Key const& key, Device const& device) {
  for (auto const& token : std::set{device.voip.token, device.message.token}) {
    auto const [first, last] = tokens.equal_range({std::get<0>(key), token});
    auto const at = std::ranges::find(first, last, key, &Tokens::value_type::second);
    if (at != last) tokens.erase(at);
  }
}

void PushDevices::forget_token(Key const& key, std::string const& token) {
  auto const range = by_token_.equal_range({std::get<0>(key), token});
  for (auto at = range.first; at != range.second;) at = at->second == key ? by_token_.erase(at) : std::next(at);
}

void PushDevices::erase(Devices::iterator at) {
  for (auto const channel : channels) forget_token(at->first, channel_of(at->second, channel).token);
  if (auto const mine = of_tenant_.find(std::get<0>(at->first)); --mine->second == 0) of_tenant_.erase(mine);
  devices_.erase(at);
}

void PushDevices::begin_change(Key const& key) {
  auto const [at, is_first] = unwritten_.try_emplace(key);
  ++at->second.commits;
  if (!is_first) return;
  auto const known = devices_.find(key);
  if (known == devices_.end()) return;
  at->second.on_disk = known->second;
  add_tokens(may_have_on_disk_, key, known->second);
}

// B-SIGN-2: a change that took a token from its holder may fail when another one after it, of the new holder alone, is
// written. So whoever is written with a token takes those with it who may still have that on disk.
void PushDevices::add_former_holders(std::vector<Key>& changed) {
  for (std::size_t i = 0; i < changed.size(); ++i) {
    auto const known = devices_.find(changed[i]);
    if (known == devices_.end()) continue;
    for (auto const channel : channels) {
      auto const [first, last] =
          may_have_on_disk_.equal_range({std::get<0>(known->first), channel_of(known->second, channel).token});
      std::set<Key> former;
      for (auto at = first; at != last; ++at) former.insert(at->second);
      for (auto const& key : former) {
        if (std::ranges::find(changed, key) != changed.end()) continue;
        begin_change(key);
        changed.push_back(key);
      }
    }
  }
}

void PushDevices::commit(std::vector<Key> changed, Keep keep, Done done) {
  add_former_holders(changed);
  store::Batch batch;
  std::vector<std::pair<Key, std::optional<Device>>> written;
  for (auto const& key : changed) {
    auto const& [tenant, instance, account] = key;
    auto name = store_key(tenant, account, instance);
    auto const known = devices_.find(key);
    if (known == devices_.end()) {
      batch.emplace_back(store::Erase{store::Table::push_devices, std::move(name)});
      written.emplace_back(key, std::nullopt);
    } else {
      batch.emplace_back(
          store::Put{store::Table::push_devices, std::move(name), pack(Registrations{{known->second}, {}})});
      written.emplace_back(key, known->second);
      add_tokens(may_have_on_disk_, key, known->second);
    }
  }
  store_.commit(std::move(batch), store::Urgency::soon,
                [this, keep = std::move(keep), written = std::move(written),
                 done = std::move(done)](Result<void> result) mutable {
                  for (auto& [key, device] : written) {
                    if (device) remove_tokens(may_have_on_disk_, key, *device);
                    auto& on_disk = unwritten_.at(key).on_disk;
                    if (result) note_written(key, std::move(device));
                    if (!result && keep && on_disk) keep(key, *on_disk);
                    end_change(key);
                  }
                  done(std::move(result));
                });
}

void PushDevices::note_written(Key const& key, std::optional<Device> device) {
  auto& on_disk = unwritten_.at(key).on_disk;
  if (on_disk) remove_tokens(may_have_on_disk_, key, *on_disk);
  on_disk = std::move(device);
  if (on_disk) add_tokens(may_have_on_disk_, key, *on_disk);
}

// Changes of one device may overtake each other's answers, and one that was written has those before it in it: so
// memory goes back with the last answer only, to what was written last.
void PushDevices::end_change(Key const& key) {
  auto const at = unwritten_.find(key);
  if (--at->second.commits > 0) return;
  auto const on_disk = std::move(at->second.on_disk);
  if (on_disk) remove_tokens(may_have_on_disk_, key, *on_disk);
  unwritten_.erase(at);
  auto const known = devices_.find(key);
  bool const is_there = known != devices_.end();
  if (is_there ? on_disk == known->second : !on_disk) return;
  if (is_there) erase(known);
  if (!on_disk) return;
  ++of_tenant_[std::get<0>(key)];
  add_tokens(by_token_, key, devices_.emplace(key, *on_disk).first->second);
}

std::vector<PushDevices::Key> PushDevices::keys_of(TenantId const& tenant, AccountId const& account,
                                                   InstanceId const& instance) const {
  std::vector<Key> keys;
  for (auto at = devices_.lower_bound({tenant, instance, account}); at != devices_.end(); ++at) {
    auto const& [of, on, who] = at->first;
    if (of != tenant || on != instance || (!account.empty() && who != account)) break;
    keys.push_back(at->first);
  }
  return keys;
}

void PushDevices::remove(TenantId const& tenant, AccountId const& account, InstanceId const& instance,
                         Answer<void> answer) {
  auto const keys = keys_of(tenant, account, instance);
  for (auto const& key : keys) {
    begin_change(key);
    erase(devices_.find(key));
  }
  commit(keys, {}, [found = !keys.empty(), answer = std::move(answer)](Result<void> done) mutable {
    if (!done) return answer(std::unexpected(refusal_of(done.error())));
    if (!found) return answer(std::unexpected(PushRefusal::not_found));
    answer({});
  });
}

bool PushDevices::is_gone(Device const& device) const {
  return device.seen_at + unseen_for_good <= clock_.now();
}

Result<OwnedDevice, PushRefusal> PushDevices::find(TenantId const& tenant, AccountId const& account,
                                                   InstanceId const& instance) const {
  auto keys = keys_of(tenant, account, instance);
  std::erase_if(keys, [&](Key const& key) { return is_gone(devices_.at(key)); });
  if (keys.size() != 1) return std::unexpected(PushRefusal::no_device);
  return OwnedDevice{.account = std::get<AccountId>(keys.front()), .device = devices_.at(keys.front())};
}

void PushDevices::saw(TenantId const& tenant, AccountId const& account, InstanceId const& instance) {
  Key const key{tenant, instance, account};
  auto const known = devices_.find(key);
  if (known == devices_.end() || clock_.now() - known->second.seen_at < seen_again_after) return;
  begin_change(key);
  known->second.seen_at = clock_.now();
  auto const keep = [key, now = clock_.now()](Key const& one, Device& device) {
    if (one == key) device.seen_at = now;
  };
  commit({key}, keep, [](Result<void>) {});
}

void PushDevices::sweep() {
  std::vector<Key> gone;
  auto at = devices_.upper_bound(swept_up_to_);
  for (std::size_t i = 0; i < looked_at_in_a_sweep && at != devices_.end(); ++i, ++at) {
    swept_up_to_ = at->first;
    if (is_gone(at->second)) gone.push_back(at->first);
    if (gone.size() == forgotten_in_a_sweep) break;
  }
  if (at == devices_.end()) swept_up_to_ = {};
  if (gone.empty()) return;
  for (auto const& key : gone) {
    begin_change(key);
    erase(devices_.find(key));
  }
  // Where it could not be written, the next round finds them again.
  commit(std::move(gone), {}, [](Result<void>) {});
}

void PushDevices::on_verdict(TenantId const& tenant, std::string_view token, PushReceipt const& receipt) {
  if (receipt.token == TokenVerdict::alive) return;
  change_holders(tenant, token, [receipt](Channel& channel) {
    if (receipt.token == TokenVerdict::quarantined)
      channel.quarantined_until = receipt.at + quarantine;
    else if (!receipt.dead_since || *receipt.dead_since >= channel.since)
      channel.dead_since = receipt.dead_since.value_or(receipt.at);
    return true;
  });
}

void PushDevices::lift_quarantine(TenantId const& tenant, std::string_view token, Instant given) {
  change_holders(tenant, token, [given](Channel& channel) {
    if (channel.quarantined_until != given + quarantine) return false;
    channel.quarantined_until.reset();
    return true;
  });
}

void PushDevices::change_holders(TenantId const& tenant, std::string_view token, ChannelChange const& change) {
  auto const change_device = [token = std::string(token), change](Device& device) {
    bool is_changed = false;
    for (auto const one : channels)
      if (auto& channel = channel_of(device, one); channel.token == token) is_changed |= change(channel);
    return is_changed;
  };
  auto const range = by_token_.equal_range({tenant, std::string(token)});
  std::vector<Key> changed;
  for (auto at = range.first; at != range.second; ++at) {
    auto& device = devices_[at->second];
    auto after = device;
    if (!change_device(after)) continue;
    begin_change(at->second);
    changed.push_back(at->second);
    device = std::move(after);
  }
  if (changed.empty()) return;
  // The provider will not say it again, so memory keeps it.
  auto const keep = [change_device](Key const&, Device& device) { (void)change_device(device); };
  commit(std::move(changed), keep, [](Result<void> done) {
    if (!done) spdlog::warn("push: the provider's word on a token could not be recorded: {}", done.error().ours);
  });
}

}  // namespace reveille::dispatch
