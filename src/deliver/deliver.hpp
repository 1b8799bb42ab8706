// What dispatch asks of the hands: the decisions that need a live connection. deliver/live performs them.
//
// Lifetime: as long as the process runs. Threads: the shard's. What comes of a decision returns as an event through the
// listener, never from inside the call.
#pragma once

#include "model/call.hpp"

#include <functional>
#include <string>

namespace reveille::deliver {

class CallHands {
 public:
  using Listener = std::function<void(model::OfferId, model::CallEvent)>;

  virtual ~CallHands() = default;
  virtual void listen(Listener listener) = 0;

  // From the first hold() to the last release(), which then says it all, nothing is said to the caller: not even 100,
  // when it is held during the offer.
  virtual void hold(model::OfferId offer) = 0;
  virtual void release(model::OfferId offer) = 0;
  // A call of this server's last run: its request is made anew, for phones that come late.
  virtual void revive(model::Offer const& offer) = 0;
  // Our Via in that branch's request as it was sent; empty when it was not.
  [[nodiscard]] virtual std::string via_of(model::OfferId offer, model::BranchNumber branch) = 0;
  virtual void cancel_old(model::Offer const& offer, model::CancelOldBranch const& decision) = 0;

  virtual void ring(model::Offer const& offer, model::RingFlow const& decision) = 0;
  virtual void forward(model::OfferId offer, model::ForwardResponse const& decision) = 0;
  virtual void answer(model::OfferId offer, int status) = 0;
  virtual void cancel(model::OfferId offer, model::CancelBranch const& decision) = 0;
  virtual void end_answered(model::OfferId offer, model::EndAnswered const& decision) = 0;
  // Nothing more will be asked for: the request and its responses are forgotten.
  virtual void forget(model::OfferId offer) = 0;
};

}  // namespace reveille::deliver
