#include "dispatch/calls.hpp"

#include "decide/registry/expiry.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

bool changes_record(model::CallDecision const& decision) {
  return std::holds_alternative<model::RememberCall>(decision) || std::holds_alternative<model::ForgetCall>(decision);
}

// One that has only done with messages still does.
bool takes_calls(Entry const& entry, model::InstanceId const& instance) {
  auto const registrations = entry.registrations();
  auto const* device = model::find_device(registrations, instance);
  return device != nullptr && device->services.call;
}

// No request has a handle of this thread.
constexpr std::uint16_t thread_of_the_revived = 0xffff;

// It would come so again, and could not be rung.
bool comes_in_clear_only(model::Device const& device, std::vector<model::Binding> const& bindings, model::Hops hops) {
  auto const is_its = [&](model::Binding const& binding) { return binding.instance == device.instance; };
  return std::ranges::any_of(bindings, is_its) && std::ranges::none_of(bindings, [&](model::Binding const& binding) {
           return is_its(binding) && model::may_take({.remote = binding.remote}, hops);
         });
}

}  // namespace

Calls::Calls(Shard& shard, Registrations& registrations, deliver::CallHands& hands)
    : shard_(shard), registrations_(registrations), hands_(hands) {
  hands_.listen([this](model::OfferId id, model::CallEvent event) { hear(id, event); });
  registrations_.set_registered([this](model::AccountId const& callee) { return by_callee_.contains(callee); },
                                [this](Entry& entry, model::Target const& target) {
                                  hear_of_callee(entry.account(), model::FlowRegistered{.target = target});
                                },
                                [this](Entry& entry, model::InstanceId const& instance) {
                                  if (!takes_calls(entry, instance))
                                    hear_of_callee(entry.account(), model::DeviceUnregistered{.instance = instance});
                                });
  shard_.listen([this](Entry& entry, model::InstanceId const& instance, DeviceChange change) {
    if (change == DeviceChange::signed_out && !takes_calls(entry, instance))
      hear_of_callee(entry.account(), model::DeviceSignedOut{.instance = instance});
  });
}

decide::CallRules Calls::rules() const {
  return {.policy = shard_.policy.calls,
          .push = decide::push_offer_of(shard_.push, shard_.policy.wake),
          .nodes = shard_.nodes};
}

Result<void> Calls::load() {
  return shard_.store.for_each(store::Table::calls, [this](std::string_view key, std::string_view packed) {
    if (auto record = decide::unpack_call_record(packed)) return interrupted_.push_back(std::move(*record));
    // Of another version: nobody can say what it was.
    shard_.store.commit({store::Erase{store::Table::calls, std::string(key)}}, store::Urgency::lazily, [](auto) {});
  });
}

void Calls::start() {
  for (auto& record : std::exchange(interrupted_, {})) revive(std::move(record));
}

void Calls::revive(decide::CallRecord record) {
  record.offer.id = {.thread = thread_of_the_revived, .slot = ++revived_, .generation = 1};
  auto const* entry = shard_.directory.find(record.offer.callee);
  auto const devices = entry == nullptr ? std::vector<model::Device>{} : entry->registrations().devices;
  auto revival = decide::revive(std::move(record), devices, rules(), shard_.now());
  auto const& offer = revival.call.offer;
  hands_.revive(offer);
  auto const id = offer.id;
  add(offer).call = std::move(revival.call);
  follow(id, std::move(revival.then));
}

Calls::Live& Calls::add(model::Offer const& offer) {
  by_callee_.emplace(offer.callee, offer.id);
  return *calls_.insert_or_assign(offer.id, std::make_unique<Live>()).first->second;
}

// A caller who had heard nothing repeats his INVITE, and with it his credentials under the next CSeq where those of the
// last run are stale: it is the call that counts now, and the phone gets no other. What rings by the last run's INVITE
// knows this one for the same by its CSeq alone (RFC 3261 section 8.2.2.2), and is taken back under another.
void Calls::supersede(model::Offer const& offer) {
  auto const [first, last] = by_callee_.equal_range(offer.callee);
  for (auto at = first; at != last; ++at) {
    auto& before = calls_.at(at->second)->call;
    if (at->second.thread != thread_of_the_revived || before.offer.call_id != offer.call_id ||
        before.offer.from_tag != offer.from_tag || before.offer.cseq > offer.cseq)
      continue;
    for (auto& leg : before.legs) leg.spoke = true;
    if (before.offer.cseq == offer.cseq) before.old_branches.clear();
  }
}

void Calls::offer(model::Offer offer) {
  auto* const entry = shard_.directory.find(offer.callee);
  if (entry == nullptr) return refuse_unknown(offer);
  auto const id = offer.id;
  supersede(offer);
  add(offer);
  // B-SIGN-5: a third party's client whose binding has just run out is not pushed, whenever the sweep comes by.
  auto registrations = entry->registrations();
  (void)decide::sweep(registrations, shard_.policy.wake, shard_.now());
  auto targets = registrations_.live_targets(*entry);
  std::erase_if(targets, [&](auto const& target) { return !model::may_take(target, offer.hops); });
  std::erase_if(registrations.devices,
                [&](auto const& device) { return comes_in_clear_only(device, registrations.bindings, offer.hops); });
  hear(id, model::CallOffered{
               .offer = std::move(offer), .devices = std::move(registrations.devices), .targets = std::move(targets)});
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

std::vector<model::AccountId> Calls::on_flow_lost(model::FlowId flow) {
  auto accounts = registrations_.on_flow_lost(flow);
  for (auto const& account : accounts) {
    auto const [first, last] = by_callee_.equal_range(account);
    std::vector<model::OfferId> offers;
    for (auto at = first; at != last; ++at) offers.push_back(at->second);
    for (auto const& id : offers) {
      auto const found = calls_.find(id);
      if (found == calls_.end()) continue;
      std::vector<model::BranchNumber> lost;
      auto const& branches = found->second->call.branches;
      for (model::BranchNumber number = 0; number < branches.size(); ++number)
        if (branches[number].target.flow == flow && !branches[number].lost) lost.push_back(number);
      for (auto const number : lost) hear(id, model::BranchFailed{.branch = number});
    }
  }
  std::erase_if(accounts, [this](auto const& account) {
    auto const* entry = shard_.directory.find(account);
    return entry != nullptr && entry->calls != nullptr;
  });
  return accounts;
}

void Calls::hear_of_callee(model::AccountId const& callee, model::CallEvent const& event) {
  auto const [first, last] = by_callee_.equal_range(callee);
  std::vector<model::OfferId> offers;
  for (auto at = first; at != last; ++at) offers.push_back(at->second);
  for (auto const& id : offers) hear(id, event);
}

void Calls::hear(model::OfferId id, model::CallEvent const& event) {
  auto const found = calls_.find(id);
  if (found != calls_.end()) follow(id, decide::on(found->second->call, event, rules(), shard_.now()));
}

void Calls::follow(model::OfferId id, std::vector<model::CallDecision> decisions) {
  auto& live = *calls_.at(id);
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

// The record is given to the disk before a push is asked for: the push has the longer way to go, and whoever rings by
// it is known to the next run. A push that was asked for in vain is known there too.
void Calls::perform(model::Offer const& offer, std::vector<model::CallDecision> decisions) {
  std::vector<model::PushRequest> pushes;
  if (std::ranges::any_of(decisions, changes_record)) hands_.hold(offer.id);
  for (auto& decision : decisions)
    std::visit(Overloaded{
                   [&](model::RingFlow const& ring) { hands_.ring(offer, ring); },
                   [&](model::ForwardResponse const& forward) { hands_.forward(offer.id, forward); },
                   [&](model::AnswerCaller const& answer) { hands_.answer(offer.id, answer.status); },
                   [&](model::CancelBranch const& cancelled) { hands_.cancel(offer.id, cancelled); },
                   [&](model::CancelElsewhere& cancelled) { cancel_elsewhere(offer, std::move(cancelled)); },
                   [&](model::CancelOldBranch const& cancelled) { hands_.cancel_old(offer, cancelled); },
                   [&](model::EndAnswered const& ended) { hands_.end_answered(offer.id, ended); },
                   [&](model::RequestPush& push) { pushes.push_back(std::move(push.request)); },
                   [&](model::TakeBackPush const& push) { shard_.push.take_back(push.id); },
                   [&](model::AcknowledgePush const& push) { shard_.push.acknowledge(push.id); },
                   [&](model::BeginTrace& trace) { shard_.traces.begin(std::move(trace.head)); },
                   [&](model::NoteMilestone& note) { shard_.traces.step(std::move(note.step)); },
                   [&](model::RememberCall const&) { remember(offer.id); },
                   [&](model::ForgetCall const&) { forget(offer); },
               },
               decision);
  for (auto& push : pushes) request_push(offer, std::move(push));
}

void Calls::cancel_elsewhere(model::Offer const& offer, model::CancelElsewhere cancelled) {
  auto via = hands_.via_of(offer.id, cancelled.branch);
  // It was never sent.
  if (via.empty()) return;
  hands_.cancel_old(offer, {.branch = {.target = std::move(cancelled.target), .via = std::move(via)},
                            .reason = std::move(cancelled.reason)});
}

void Calls::remember(model::OfferId id) {
  auto const& call = calls_.at(id)->call;
  auto record = decide::record_of(call);
  bool const in_setup = call.phase == decide::CallPhase::ringing;
  for (std::size_t number = 0; in_setup && number < record.branches.size(); ++number)
    record.branches[number].via = hands_.via_of(id, number);
  // Nothing to be cancelled.
  std::erase_if(record.branches, [](auto const& branch) { return branch.via.empty(); });
  using enum store::Urgency;
  keep(id, store::Put{store::Table::calls, call.offer.tracking.value, decide::pack(record)}, in_setup ? at_once : soon);
}

void Calls::forget(model::Offer const& offer) {
  keep(offer.id, store::Erase{store::Table::calls, offer.tracking.value}, store::Urgency::soon);
}

// On disk together with the milestones so far, or after them. A full disk keeps nobody from calling.
void Calls::keep(model::OfferId id, store::Write write, store::Urgency urgency) {
  shard_.traces.flush();
  shard_.store.commit({std::move(write)}, urgency, [this, id](auto) { hands_.release(id); });
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
