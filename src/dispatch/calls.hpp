// Calls: the dispatcher of INVITE and of every other request that finds its way by registrations.
//
// A call lives in its callee's mailbox: each event is put to decide/calls, and what that decides is done at once, since
// a live INVITE waits for no disk, nor does a push. What a restart must know of the call (B-CALL-13) is on its way to
// the disk meanwhile, and nothing is said to the caller before it is there: who has heard as little as a 100 of his
// call finds it accounted for, who has heard 200 finds it answered, and who has heard nothing repeats himself. A call's
// last milestones are on disk no later than its record is gone.
//
// Lifetime: as long as the shard. Threads: the shard's.
#pragma once

#include "decide/calls/record.hpp"
#include "deliver/deliver.hpp"
#include "dispatch/registrations.hpp"
#include "dispatch/shard.hpp"
#include "model/ports.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace reveille::dispatch {

class Calls final : public model::CallPort {
 public:
  Calls(Shard& shard, Registrations& registrations, deliver::CallHands& hands);

  // What the last run of this server left in set-up: before the first call.
  [[nodiscard]] Result<void> load();
  // Ends those (B-CALL-13): once pushes can be asked for.
  void start();

  void offer(model::Offer offer) override;
  void cancel(model::OfferId offer, std::string reason) override;
  std::vector<model::AccountId> on_flow_lost(model::FlowId flow) override;

  [[nodiscard]] std::size_t size() const { return calls_.size(); }

 private:
  struct Live {
    decide::Call call = {};
    DeadlineId deadline = {};
  };

  void hear(model::OfferId id, model::CallEvent const& event);
  void hear_of_callee(model::AccountId const& callee, model::CallEvent const& event);
  void perform(model::Offer const& offer, std::vector<model::CallDecision> decisions);
  void request_push(model::Offer const& offer, model::PushRequest request);
  void cancel_elsewhere(model::Offer const& offer, model::CancelElsewhere cancelled);
  void remember(model::OfferId id);
  void forget(model::Offer const& offer);
  void keep(model::OfferId id, store::Write write, store::Urgency urgency);
  void revive(decide::CallRecord record);
  void supersede(model::Offer const& offer);
  Live& add(model::Offer const& offer);
  void follow(model::OfferId id, std::vector<model::CallDecision> decisions);
  void end(model::OfferId id);
  void refuse_unknown(model::Offer const& offer);
  [[nodiscard]] decide::CallRules rules() const;

  Shard& shard_;
  Registrations& registrations_;
  deliver::CallHands& hands_;
  std::unordered_map<model::OfferId, std::unique_ptr<Live>> calls_ = {};
  std::unordered_multimap<model::AccountId, model::OfferId> by_callee_ = {};
  std::vector<decide::CallRecord> interrupted_ = {};
  std::uint32_t revived_ = 0;
};

}  // namespace reveille::dispatch
