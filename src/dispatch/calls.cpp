#include "dispatch/calls.hpp"

#include "decide/calls/record.hpp"
#include "decide/registry/expiry.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace

Calls::Calls(Shard& shard, Registrations& registrations, deliver::CallHands& hands)
    : shard_(shard), registrations_(registrations), hands_(hands) {
  hands_.listen([this](model::OfferId id, model::CallEvent event) { hear(id, event); });
  registrations_.set_registered([this](model::AccountId const& callee) { return by_callee_.contains(callee); },
                                [this](Entry& entry, model::Target const& target) {
                                  hear_of_callee(entry.account(), model::FlowRegistered{.target = target});
                                });
  shard_.listen([this](Entry& entry, model::InstanceId const& instance, DeviceChange change) {
    if (change == DeviceChange::signed_out)
      hear_of_callee(entry.account(), model::DeviceSignedOut{.instance = instance});
  });
}

decide::CallRules Calls::rules() const {
  return {.policy = shard_.policy.calls,
          .push = decide::push_offer_of(shard_.push, shard_.policy.wake),
          .nodes = shard_.nodes};
}

Result<void> Calls::load() {
  return shard_.store.for_each(store::Table::calls, [this](std::string_view key, std::string_view record) {
    interrupted_.emplace_back(key, record);
  });
}

void Calls::start() {
  for (auto const& [key, bytes] : std::exchange(interrupted_, {})) {
    if (auto const record = decide::unpack_call_record(bytes)) {
      auto const* entry = shard_.directory.find(record->offer.callee);
      auto const devices = entry == nullptr ? std::vector<model::Device>{} : entry->registrations().devices;
      perform(record->offer, decide::after_restart(*record, devices, rules().push, shard_.now()));
    }
    shard_.store.commit({store::Erase{store::Table::calls, key}}, store::Urgency::lazily, [](auto) {});
  }
}

void Calls::offer(model::Offer offer) {
  auto* const entry = shard_.directory.find(offer.callee);
  if (entry == nullptr) return refuse_unknown(offer);
  auto const id = offer.id;
  by_callee_.emplace(offer.callee, id);
  calls_.insert_or_assign(id, std::make_unique<Live>());
  // B-SIGN-5: a third party's client whose binding has just run out is not pushed, whenever the sweep comes by.
  auto registrations = entry->registrations();
  (void)decide::sweep(registrations, shard_.policy.wake, shard_.now());
  hear(id, model::CallOffered{.offer = std::move(offer),
                              .devices = std::move(registrations.devices),
                              .targets = registrations_.live_targets(*entry)});
}

void Calls::refuse_unknown(model::Offer const& offer) {
  shard_.traces.begin({.tracking = offer.tracking,
                       .kind = model::TraceKind::call,
                       .from = offer.caller.address,
                       .to = offer.callee.value,
                       .call_id = offer.call_id,
                       .began = offer.arrived});
  shard_.traces.step({.tracking = offer.tracking,
                      .milestone = model::Milestone::unreachable,
                      .at = shard_.now(),
                      .why = model::Why::user_unknown,
                      .detail = "404"});
  hands_.answer(offer.id, 404);
  hands_.forget(offer.id);
}

void Calls::cancel(model::OfferId offer, std::string reason) {
  hear(offer, model::CallerCancelled{.reason = std::move(reason)});
}

void Calls::on_flow_lost(model::FlowId flow) {
  for (auto const& account : registrations_.on_flow_lost(flow)) {
    auto const [first, last] = by_callee_.equal_range(account);
    std::vector<model::OfferId> offers;
    for (auto at = first; at != last; ++at) offers.push_back(at->second);
    for (auto const& id : offers) {
      auto const found = calls_.find(id);
      if (found == calls_.end()) continue;
      std::vector<model::BranchNumber> lost;
      auto const& branches = found->second->call.branches;
      for (model::BranchNumber number = 0; number < branches.size(); ++number)
        if (branches[number].target.flow == flow && !branches[number].terminated) lost.push_back(number);
      for (auto const number : lost) hear(id, model::BranchFailed{.branch = number});
    }
  }
}

void Calls::hear_of_callee(model::AccountId const& callee, model::CallEvent const& event) {
  auto const [first, last] = by_callee_.equal_range(callee);
  std::vector<model::OfferId> offers;
  for (auto at = first; at != last; ++at) offers.push_back(at->second);
  for (auto const& id : offers) hear(id, event);
}

void Calls::hear(model::OfferId id, model::CallEvent const& event) {
  auto const found = calls_.find(id);
  if (found == calls_.end()) return;
  auto& live = *found->second;
  auto decisions = decide::on(live.call, event, rules(), shard_.now());
  shard_.deadlines.drop(live.deadline);
  bool const over = decide::is_over(live.call, shard_.now());
  if (auto const next = decide::next_deadline(live.call); next && !over)
    live.deadline = shard_.deadlines.add(*next, [this, id] { hear(id, model::DeadlinePassed{}); });
  // A copy: what is performed may end the call.
  auto const offer = live.call.offer;
  perform(offer, std::move(decisions));
  if (over) end(id);
}

void Calls::end(model::OfferId id) {
  auto const found = calls_.find(id);
  if (found == calls_.end()) return;
  auto const [first, last] = by_callee_.equal_range(found->second->call.offer.callee);
  auto const indexed = std::find_if(first, last, [&](auto const& one) { return one.second == id; });
  if (indexed != last) by_callee_.erase(indexed);
  shard_.deadlines.drop(found->second->deadline);
  calls_.erase(found);
  hands_.forget(id);
}

void Calls::perform(model::Offer const& offer, std::vector<model::CallDecision> decisions) {
  auto const keep = [&](store::Write write) {
    shard_.store.commit({std::move(write)}, store::Urgency::lazily, [](auto) {});
  };
  for (auto& decision : decisions)
    std::visit(Overloaded{
                   [&](model::RingFlow const& ring) { hands_.ring(offer, ring); },
                   [&](model::ForwardResponse const& forward) { hands_.forward(offer.id, forward); },
                   [&](model::AnswerCaller const& answer) { hands_.answer(offer.id, answer.status); },
                   [&](model::CancelBranch const& cancelled) { hands_.cancel(offer.id, cancelled); },
                   [&](model::EndAnswered const& ended) { hands_.end_answered(offer.id, ended); },
                   [&](model::RequestPush& push) { request_push(offer, std::move(push.request)); },
                   [&](model::TakeBackPush const& push) { shard_.push.take_back(push.id); },
                   [&](model::AcknowledgePush const& push) { shard_.push.acknowledge(push.id); },
                   [&](model::BeginTrace& trace) { shard_.traces.begin(std::move(trace.head)); },
                   [&](model::NoteMilestone& note) { shard_.traces.step(std::move(note.step)); },
                   [&](model::RememberCall& call) {
                     keep(store::Put{store::Table::calls, offer.tracking.value, std::move(call.record)});
                   },
                   [&](model::ForgetCall const&) { keep(store::Erase{store::Table::calls, offer.tracking.value}); },
               },
               decision);
}

void Calls::request_push(model::Offer const& offer, model::PushRequest request) {
  // The call's trace is found by the id of each of its pushes too.
  shard_.traces.begin({.tracking = offer.tracking, .push_id = request.id.value, .began = shard_.now()});
  auto answer = [this, id = offer.id, account = request.account, instance = request.instance,
                 token = request.target.token](model::PushReceipt receipt) {
    registrations_.on_receipt(account, instance, token, receipt);
    hear(id, model::PushAnswered{.receipt = std::move(receipt)});
  };
  shard_.push.request(std::move(request), std::move(answer));
}

}  // namespace reveille::dispatch
