// Directory: every account of a shard, and what is kept of it in memory.
//
// A sleeping account is two packed texts (verifier, registrations), and a third with suspended sessions (ImRuntime):
// about 1 KB with one device. What exists only while something is alive hangs at the entry as a Runtime, one for each
// subject, and goes when the subject drops it. An Entry stays where it is until its account is removed. Threads: the
// shard's.
//
// The Directory only remembers; what must be on disk is written by who changes it (dispatch/registrations).
#pragma once

#include "base/instant.hpp"
#include "base/packed_text.hpp"
#include "decide/registry/refresh.hpp"
#include "decide/wake/should_wake.hpp"
#include "dispatch/token_index.hpp"
#include "model/account.hpp"
#include "model/device.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace reveille::dispatch {

// What one subject (calls, messages) keeps of an account while something of it is alive.
class Runtime {
 public:
  virtual ~Runtime() = default;
  // What this subject knows to be alive of the device; the other member stays false.
  [[nodiscard]] virtual model::Liveness liveness_of(model::InstanceId const& instance) const = 0;
};

// What DeviceCensus has counted of an account's devices.
struct DeviceCounts {
  std::array<std::uint8_t, 4> states = {};  // by model::DeviceState
  std::uint8_t sip = 0;
  std::uint8_t xmpp = 0;
};

// One account.
class Entry {
 public:
  [[nodiscard]] model::AccountId const& account() const { return *account_; }
  // Unpacked anew at each call: keep the result while you work on it.
  [[nodiscard]] model::Registrations registrations() const;
  [[nodiscard]] model::Verifier verifier() const;
  [[nodiscard]] std::string_view packed_registrations() const { return registrations_.view(); }
  [[nodiscard]] std::string_view packed_verifier() const { return verifier_.view(); }

  std::unique_ptr<Runtime> calls = {};     // dispatch/calls.cpp
  std::unique_ptr<Runtime> messages = {};  // dispatch/messages.cpp
  DeviceCounts counted = {};               // dispatch/device_census.cpp

 private:
  friend class Directory;
  model::AccountId const* account_ = nullptr;
  PackedText verifier_ = {};
  PackedText registrations_ = {};
  model::RegisterFingerprint refreshes_ = {};  // the first of its chain; 0: none
};

// A REGISTER that may come again as it was (decide/registry/refresh.hpp).
struct Refresh {
  Entry* entry = nullptr;
  model::KnownRefresh known = {};
  decide::PushOffer offer = {};          // what it was answered by
  model::RegisterFingerprint next = {};  // the account's other one
};

class Directory {
 public:
  // Null when there is no such account.
  [[nodiscard]] Entry* find(model::AccountId const& account);
  [[nodiscard]] Entry const* find(model::AccountId const& account) const;

  // Adds the account or replaces its verifier; its registrations stay.
  Entry& put(model::AccountId const& account, model::Verifier const& verifier);
  // As they stand in the store.
  Entry& put_packed_verifier(model::AccountId const& account, std::string packed);
  Result<void> put_packed_registrations(model::AccountId const& account, std::string packed);
  bool remove(model::AccountId const& account);

  // Replaces what is kept, and gives the packed form for the store.
  std::string set_registrations(Entry& entry, model::Registrations const& registrations);

  // Refreshes are remembered, one for each binding, until the account's registrations or keys change.
  void remember(model::RegisterFingerprint request, Refresh const& refresh);
  void forget(model::RegisterFingerprint request);
  // The one for that binding, by its number in the record.
  void forget_refresh(Entry& entry, std::uint16_t binding);
  // Null when there is none.
  [[nodiscard]] Refresh const* find_refresh(model::RegisterFingerprint request) const;
  [[nodiscard]] std::size_t remembered() const { return refreshes_.size(); }
  // Changes the record as decide says, and keeps what is remembered.
  [[nodiscard]] decide::Extended extend(Refresh const& refresh, std::uint32_t cseq, Instant now);

  // Who holds this push token (B-SIGN-2: one device and account).
  struct Holder {
    Entry* entry = nullptr;
    model::InstanceId instance = {};
  };
  [[nodiscard]] std::vector<Holder> holders_of(std::string_view token);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // In no particular order. The visitor neither adds nor removes accounts.
  void for_each(std::function<void(Entry&)> const& visit);
  // The same in parts, between which accounts come and go. When so many have come that all change their places, it
  // begins anew: some are then visited twice, but none that stays is left out.
  struct Part {
    std::size_t places = 0;  // 0: before the first part
    std::size_t next = 0;
  };
  // Gives the part after that; nothing after the last.
  [[nodiscard]] std::optional<Part> for_some(Part part, std::size_t most, std::function<void(Entry&)> const& visit);

 private:
  void index_tokens(Entry& entry, model::Registrations const& registrations);
  void forget_tokens(Entry& entry, model::Registrations const& registrations);
  void forget_refreshes(Entry& entry);

  std::unordered_map<model::AccountId, Entry> entries_;
  TokenIndex by_token_ = {};
  boost::unordered_flat_map<model::RegisterFingerprint, Refresh> refreshes_;
};

// What is alive of a device: every subject's word, and for UDP, which has no connection, an unexpired binding.
[[nodiscard]] model::Liveness liveness_of(Entry const& entry, model::Registrations const& registrations,
                                          model::InstanceId const& instance, Instant now);
[[nodiscard]] model::DeviceState state_of(Entry const& entry, model::Registrations const& registrations,
                                          model::Device const& device, Instant now);

}  // namespace reveille::dispatch
