// Registrations: the dispatcher of REGISTER, and the owner of every account's devices and SIP flows, whichever role
// changes them (B-SIGN-2, B-SIGN-5, B-CALL-1).
//
// Lifetime: as long as the shard, and one for each. Threads: the shard's. A REGISTER that promises something new is
// answered when that is on disk; one that only extends a binding is answered at once and writes nothing.
#pragma once

#include "decide/registry/recent_quarantines.hpp"
#include "dispatch/refresh_pushes.hpp"
#include "dispatch/shard.hpp"
#include "dispatch/tentative.hpp"
#include "model/ports.hpp"

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace reveille::dispatch {

class Registrations final : public model::RegistrarPort, public model::LocationPort, public model::CredentialPort {
 public:
  // A device has shown itself on this way: said after its REGISTER was answered.
  using Registered = std::function<void(Entry&, model::Target const&)>;

  // Whether anybody waits for that account's devices: else Registered need not be said.
  using Awaited = std::function<bool(model::AccountId const&)>;

  // A device's client has taken back its last binding: said before the listeners of the shard hear of it.
  using Unregistered = std::function<void(Entry&, model::InstanceId const&)>;

  explicit Registrations(Shard& shard);
  void set_registered(Awaited awaited, Registered registered, Unregistered unregistered) {
    awaited_ = std::move(awaited);
    registered_ = std::move(registered);
    unregistered_ = std::move(unregistered);
  }
  // Begins the slow sweep (B-SIGN-5), which also finds whom the last run would have pushed to refresh (B-CALL-7).
  void start();

  void lookup(model::AccountId const& account, CredentialPort::Answer answer) override;
  [[nodiscard]] std::optional<model::KnownRegister> known(model::RegisterFingerprint request) const override;
  [[nodiscard]] std::optional<model::Refreshed> refresh(model::RegisterFingerprint request,
                                                        std::uint32_t cseq) override;
  [[nodiscard]] std::optional<model::Refreshed> repeat(model::RegisterFingerprint request,
                                                       std::uint32_t cseq) const override;
  void register_contacts(model::AccountId const& account, model::RegisterRequest request, model::Way way,
                         RegistrarPort::Answer answer) override;
  [[nodiscard]] std::optional<model::Target> newest_way(model::AccountId const& account,
                                                        model::InstanceId const& instance,
                                                        model::Hops hops) const override;
  [[nodiscard]] model::InstanceId instance_at(model::AccountId const& account, model::Way const& way,
                                              std::string_view contact) const override;

  // Every way on which the account can be reached now: connections before addresses, and newest first.
  [[nodiscard]] std::vector<model::Target> live_targets(Entry const& entry) const;
  // The accounts that had this flow.
  std::vector<model::AccountId> on_flow_lost(model::FlowId flow);
  // The provider's word on a token (B-SIGN-3), and that the device was pushed.
  void on_receipt(model::AccountId const& account, model::InstanceId const& instance, std::string const& token,
                  model::PushReceipt const& receipt);
  // What was changed outside (XMPP): it stands at once; what is returned is to be written, and its fate to be said.
  struct Change {
    model::AccountId account = {};
    std::string packed = {};

    [[nodiscard]] store::Put write() const { return {store::Table::registrations, account.value, packed}; }
  };
  [[nodiscard]] Change begin(Entry& entry, model::Registrations const& registrations, Stake stake);
  void end(Change const& change, Fate fate);
  // Both, in a batch of its own, for what nobody waits for.
  void note(Entry& entry, model::Registrations const& registrations, store::Urgency urgency);
  void take_from_others(Entry const& entry, model::InstanceId const& instance, std::string const& token);
  // A connection whose binding is gone serves its device no more.
  void forget_unbound_flows(Entry& entry);

 private:
  // A new connection is another way, on which the same REGISTER is another.
  void forget_refreshes_on(Entry& entry, model::FlowId flow);
  void remember_flows(Entry& entry, model::RegisterRequest const& request, model::Way const& way);
  void forget_unbound_flows(Entry& entry, model::Registrations const& registrations);
  [[nodiscard]] static model::Refreshed listed(Refresh const& refresh, Instant now);
  void show(Entry& entry, model::RefreshPlaces const& places);
  // That the same request may come again.
  void remember(Entry& entry, model::RegisterRequest const& request, model::RegisterOutcome const& outcome);
  [[nodiscard]] bool is_awaited(Entry const& entry) const { return awaited_ && awaited_(entry.account()); }
  // A REGISTER whose answer waits for the disk.
  struct Asked {
    model::RegisterRequest request = {};
    model::RegisterOutcome outcome = {};
    model::Way way = {};
    RegistrarPort::Answer answer = {};
  };
  void write_then_answer(Entry& entry, model::Registrations const& registrations, Asked asked);
  // What extended a binding in place.
  void note_refresh(Entry& entry);
  void write_note(Change change, store::Urgency urgency);
  // The disk did not take a note: it holds what was promised so far, and the next REGISTER waits for it.
  void distrust_disk(model::AccountId const& account);
  void tell(Entry& entry, model::RegisterRequest const& request, model::RegisterOutcome const& outcome,
            model::Way const& way);
  void lift(decide::RecentQuarantines::Quarantine const& quarantine);
  void sweep_part(Directory::Part part);
  void sweep(Entry& entry);

  Shard& shard_;
  Awaited awaited_ = {};
  Registered registered_ = {};
  Unregistered unregistered_ = {};
  std::unordered_multimap<model::FlowId, model::AccountId> accounts_of_ = {};
  Tentative tentative_ = {};
  decide::RecentQuarantines recent_quarantines_ = {};
  RefreshPushes refresh_pushes_;
};

}  // namespace reveille::dispatch
