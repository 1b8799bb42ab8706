// Calls: the dispatcher of INVITE and of every other request that finds its way by registrations.
//
// A call lives in its callee's mailbox: each event is put to decide/calls, and what that decides is done at once, since
// a live INVITE waits for no disk; what a restart must know of a call in set-up is written behind (B-CALL-13).
// Lifetime: as long as the shard. Threads: the shard's.
#pragma once

#include "decide/calls/call.hpp"
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
  void on_flow_lost(model::FlowId flow) override;

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
  void end(model::OfferId id);
  void refuse_unknown(model::Offer const& offer);
  [[nodiscard]] decide::CallRules rules() const;

  Shard& shard_;
  Registrations& registrations_;
  deliver::CallHands& hands_;
  std::unordered_map<model::OfferId, std::unique_ptr<Live>> calls_ = {};
  std::unordered_multimap<model::AccountId, model::OfferId> by_callee_ = {};
  std::vector<std::pair<std::string, std::string>> interrupted_ = {};
};

}  // namespace reveille::dispatch
