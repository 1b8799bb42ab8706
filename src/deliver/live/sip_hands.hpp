// SipHands: performs what was decided of a call on live SIP connections (RFC 3261 sections 16.6 and 16.7).
//
// It keeps what a decision does not carry: the caller's request (edge's KeptRequests) and each branch's responses. What
// is private to a device (pn-*, reveille-*) leaves with nobody. Our Record-Route names the device at the other end of
// the dialog: the caller's towards the callee, the callee's in the response to the caller (section 16.7 step 9).
// Lifetime: connect() before the first call; what it refers to outlives it. Threads: the shard's.
#pragma once

#include "deliver/deliver.hpp"
#include "edge/sip/dialog_token.hpp"
#include "edge/sip/kept_requests.hpp"
#include "edge/sip/stack.hpp"
#include "model/call.hpp"
#include "wire/sip/owned_message.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace reveille::deliver {

class SipHands final : public CallHands {
 public:
  SipHands(edge::sip::KeptRequests& kept, edge::sip::DialogTokens const& tokens, Random& random,
           boost::asio::any_io_executor executor)
      : kept_(kept), tokens_(tokens), random_(random), executor_(std::move(executor)) {}

  // `realms`: of the credentials that are for us.
  void connect(edge::sip::Stack& stack, std::vector<std::string> realms) {
    stack_ = &stack;
    realms_ = std::move(realms);
  }

  void listen(Listener listener) override { listener_ = std::move(listener); }
  void hold(model::OfferId offer) override;
  void release(model::OfferId offer) override;
  void revive(model::Offer const& offer) override;
  [[nodiscard]] std::string via_of(model::OfferId offer, model::BranchNumber branch) override;
  void cancel_old(model::Offer const& offer, model::CancelOldBranch const& decision) override;
  void ring(model::Offer const& offer, model::RingFlow const& decision) override;
  void forward(model::OfferId offer, model::ForwardResponse const& decision) override;
  void answer(model::OfferId offer, int status) override;
  void cancel(model::OfferId offer, model::CancelBranch const& decision) override;
  void end_answered(model::OfferId offer, model::EndAnswered const& decision) override;
  void forget(model::OfferId offer) override;

 private:
  // One branch. It lives on with its client transaction when the call is forgotten: each repetition of its 2xx must
  // still reach the caller (RFC 6026).
  struct Branch {
    model::OfferId offer = {};
    model::BranchNumber number = 0;
    edge::sip::Target target = {};
    enum class Trying : std::uint8_t { of_some_hop, of_the_phone } trying = Trying::of_some_hop;
    std::string caller_route = {};  // our Record-Route in responses to the caller
    ClientTransactionHandle transaction = {};
    std::string via = {};  // ours, as it was sent: the CANCEL may have to go where the transaction does not
    std::optional<sip::Message> latest = {};
    enum class Success : std::uint8_t { none, passed_on, ended } success = Success::none;
    std::string acknowledgement = {};  // of a 2xx that we end ourselves
  };
  using BranchPointer = std::shared_ptr<Branch>;
  using Challenges = std::vector<std::pair<sip::HeaderName, std::string>>;
  struct Fork {
    std::vector<BranchPointer> branches = {};
    std::string tag = {};
  };

  [[nodiscard]] static Branch::Trying trying_of(model::Offer const& offer, model::Target const& target);
  [[nodiscard]] std::optional<edge::sip::Target> target_of(model::Target const& target) const;
  [[nodiscard]] std::string route_to(edge::sip::DialogEnd const& end, std::string_view call_id,
                                     edge::sip::Target const& through, std::string_view request_uri) const;
  [[nodiscard]] std::string branch_request(sip::MessageView const& request, model::RingFlow const& decision,
                                           std::string const& route) const;
  [[nodiscard]] std::string response_for_caller(Branch const& branch, Challenges const& challenges) const;
  [[nodiscard]] BranchPointer find(model::OfferId offer, model::BranchNumber number) const;
  void hear(BranchPointer const& branch, edge::sip::Heard const& heard);
  void on_trying(Branch const& branch);
  void on_success(BranchPointer const& branch);
  void pass_on(Branch& branch, Challenges const& challenges = {});
  void refuse_instead(Branch const& branch);
  void fail_later(model::OfferId offer, model::BranchNumber number);
  void tell(model::OfferId offer, model::CallEvent event);
  void say(model::OfferId offer, std::string response);

  edge::sip::KeptRequests& kept_;
  edge::sip::DialogTokens const& tokens_;
  Random& random_;
  boost::asio::any_io_executor executor_;
  edge::sip::Stack* stack_ = nullptr;
  std::vector<std::string> realms_ = {};
  Listener listener_ = {};
  std::unordered_map<model::OfferId, Fork> forks_ = {};
  struct Held {
    std::size_t holds = 0;
    std::vector<std::string> responses = {};
  };
  std::unordered_map<model::OfferId, Held> held_ = {};
};

}  // namespace reveille::deliver
