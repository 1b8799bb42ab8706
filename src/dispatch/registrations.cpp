#include "dispatch/registrations.hpp"

#include "decide/registry/expiry.hpp"
#include "decide/registry/merge.hpp"
#include "decide/registry/register.hpp"
#include "dispatch/sip_runtime.hpp"
#include "model/contact.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

constexpr Duration sweep_every = 1h;
constexpr Duration sweep_pause = 50ms;
constexpr std::size_t sweep_at_once = 250;

// The device of a binding, or for a client without one a name made of its contact: without its push token, since the
// other party of a call reads the name in our Record-Route (B-CALL-7).
model::InstanceId name_of(model::InstanceId const& instance, std::string const& contact) {
  return instance.empty() ? model::InstanceId{model::without_private_parameters(contact)} : instance;
}

// COMPAT: the Record-Route of a call that an earlier version has set up may name the device by its whole contact.
bool is_named(model::Target const& target, model::InstanceId const& name) {
  return target.instance == name || target.contact == name.value;
}

bool is_udp(model::Binding const& binding) {
  return binding.remote.starts_with("udp ");
}

// Two devices may have the same Contact URI: the same private address in two homes.
bool is_flow_of(SipRuntime::Flow const& flow, model::InstanceId const& instance, std::string const& contact) {
  return flow.contact == contact && flow.instance == name_of(instance, contact);
}

SipRuntime const* runtime_of(Entry const& entry) {
  return static_cast<SipRuntime const*>(entry.calls.get());
}

SipRuntime::Flow const* flow_of(Entry const& entry, model::Binding const& binding) {
  auto const* runtime = runtime_of(entry);
  if (runtime == nullptr) return nullptr;
  auto const found = std::ranges::find_if(
      runtime->flows, [&](auto const& flow) { return is_flow_of(flow, binding.instance, binding.contact); });
  return found == runtime->flows.end() ? nullptr : &*found;
}

model::Target target_on(model::Binding const& binding, model::FlowId flow, std::string remote) {
  return {.instance = name_of(binding.instance, binding.contact),
          .contact = binding.contact,
          .path = binding.path,
          .flow = flow,
          .remote = std::move(remote),
          .q_thousandths = binding.q_thousandths};
}

// RFC 3261 section 16.6 step 7: where the Contact says, as far as we follow it. A client of RFC 5626 is reached by its
// flow alone (section 5.3), one behind an edge proxy by way of that.
std::optional<std::string> listening_at(model::Binding const& binding) {
  if (!binding.path.empty() || binding.reg_id != 0) return {};
  return model::way_by_contact(binding.contact, binding.remote);
}

// A phone that sleeps comes when it is pushed, and nobody listens there meanwhile.
bool can_be_pushed(model::Registrations const& registrations, model::InstanceId const& instance) {
  auto const* device = model::find_device(registrations, instance);
  return device != nullptr && !(device->voip.token.empty() && device->message.token.empty());
}

struct LiveWay {
  std::uint64_t age = 0;    // the higher, the newer, among those with a connection or those without
  std::string source = {};  // where its REGISTER came from
  model::Target target = {};
};

bool is_on(LiveWay const& live, model::Way const& way) {
  if (!way.flow.empty()) return live.target.flow == way.flow;
  return live.target.flow.empty() && live.source == way.remote;
}

std::optional<LiveWay> live_way(Entry const& entry, model::Registrations const& registrations,
                                model::Binding const& binding) {
  if (auto const* flow = flow_of(entry, binding); flow != nullptr && !is_udp(binding))
    return LiveWay{.age = flow->age, .source = binding.remote, .target = target_on(binding, flow->id, binding.remote)};
  auto listening = listening_at(binding);
  if (is_udp(binding))
    return LiveWay{.age = static_cast<std::uint64_t>(unix_seconds(binding.expires_at)),
                   .source = binding.remote,
                   .target = target_on(binding, {}, listening.value_or(binding.remote))};
  // Its connection is gone: we connect to it, unless it only sleeps.
  if (!listening || can_be_pushed(registrations, binding.instance)) return {};
  return LiveWay{.source = binding.remote, .target = target_on(binding, {}, *std::move(listening))};
}

// A connection that is up before an address that may lead nowhere; among those of a kind, newest first.
std::vector<LiveWay> live_ways(Entry const& entry, Instant now) {
  std::vector<LiveWay> found;
  auto const registrations = entry.registrations();
  for (auto const& binding : registrations.bindings) {
    if (binding.expires_at <= now) continue;
    if (auto way = live_way(entry, registrations, binding)) found.push_back(*std::move(way));
  }
  std::ranges::sort(found, std::ranges::greater{},
                    [](LiveWay const& way) { return std::pair(!way.target.flow.empty(), way.age); });
  return found;
}

}  // namespace

Registrations::Registrations(Shard& shard)
    : shard_(shard), refresh_pushes_(shard, [this](auto const& request, auto const& receipt) {
        on_receipt(request.account, request.instance, request.target.token, receipt);
      }) {}

void Registrations::lookup(model::AccountId const& account, CredentialPort::Answer answer) {
  auto const* entry = shard_.directory.find(account);
  if (entry == nullptr) return answer(failure(ErrorCode::not_found, "there is no such account"));
  answer(entry->verifier());
}

std::optional<model::KnownRegister> Registrations::known(model::RegisterFingerprint request) const {
  auto const* refresh = shard_.directory.find_refresh(request);
  if (refresh == nullptr || is_awaited(*refresh->entry)) return {};
  if (refresh->offer != decide::usable_offer_of(shard_.push, shard_.policy.wake)) return {};
  return model::KnownRegister{.account = refresh->entry->account(),
                              .keys = model::digest_keys_in(refresh->entry->packed_verifier())};
}

std::optional<model::Refreshed> Registrations::refresh(model::RegisterFingerprint request, std::uint32_t cseq) {
  auto const* refresh = shard_.directory.find_refresh(request);
  if (refresh == nullptr) return {};
  auto& entry = *refresh->entry;
  auto const now = shard_.now();
  auto const extended = shard_.directory.extend(*refresh, cseq, now);
  if (extended == decide::Extended::no) return {};
  if (extended == decide::Extended::to_be_written) note_refresh(entry);
  if (entry.calls || entry.messages) show(entry, refresh->known.places);
  return listed(*refresh, now);
}

std::optional<model::Refreshed> Registrations::repeat(model::RegisterFingerprint request, std::uint32_t cseq) const {
  auto const* refresh = shard_.directory.find_refresh(request);
  auto const now = shard_.now();
  if (refresh == nullptr) return {};
  if (!decide::is_last(refresh->entry->packed_registrations(), refresh->known, cseq, now)) return {};
  return listed(*refresh, now);
}

model::Refreshed Registrations::listed(Refresh const& refresh, Instant now) {
  auto const& [places, granted, providers] = refresh.known;
  return {.bindings = model::PackedBindings(refresh.entry->packed_registrations(), places),
          .own = places.binding,
          .now = now,
          .push_providers = providers};
}

// Something of the account is alive: the flow becomes the newest, and whoever listens hears of the device as ever.
void Registrations::show(Entry& entry, model::RefreshPlaces const& places) {
  model::PackedBindings bindings(entry.packed_registrations(), places);
  auto own = bindings.next();
  for (auto number = places.binding; number > 0; --number) own = bindings.next();
  if (!own) return;
  model::InstanceId instance;
  own->instance.append_to(instance.value);
  if (entry.calls) {
    auto& runtime = static_cast<SipRuntime&>(*entry.calls);
    for (auto& flow : runtime.flows)
      if (is_flow_of(flow, instance, std::string(own->contact))) flow.age = ++runtime.registered;
  }
  if (!instance.empty()) shard_.say(entry, instance, DeviceChange::liveness);
}

void Registrations::remember(Entry& entry, model::RegisterRequest const& request,
                             model::RegisterOutcome const& outcome) {
  auto const known = decide::repeatable(request, outcome, entry.registrations(), entry.packed_registrations());
  if (!known) return;
  shard_.directory.remember(
      request.fingerprint,
      {.entry = &entry, .known = *known, .offer = decide::usable_offer_of(shard_.push, shard_.policy.wake)});
}

void Registrations::register_contacts(model::AccountId const& account, model::RegisterRequest request, model::Way way,
                                      RegistrarPort::Answer answer) {
  auto* entry = shard_.directory.find(account);
  if (entry == nullptr) return answer({.status = 404});
  auto registrations = entry->registrations();
  auto outcome = decide::on_register(registrations, request, shard_.policy.registrar,
                                     decide::usable_offer_of(shard_.push, shard_.policy.wake), shard_.now());
  // One that only asks leaves all as it is; one without Contact that names the mode shows its device all the same.
  bool const only_asks = request.kind == model::ContactsKind::none && outcome.reachable.empty();
  if (outcome.status != 200 || only_asks) return answer(std::move(outcome));
  remember_flows(*entry, request, way);
  forget_unbound_flows(*entry, registrations);
  if (outcome.durability != model::Durability::before_answer) {
    if (outcome.durability == model::Durability::lazily) {
      note(*entry, registrations, store::Urgency::lazily);
    } else {
      (void)shard_.directory.set_registrations(*entry, registrations);
      shard_.census.count(*entry, registrations, shard_.now());
    }
    remember(*entry, request, outcome);
    refresh_pushes_.watch(*entry, registrations);
    answer(outcome);
    return tell(*entry, request, outcome, way);
  }
  // Until it is on disk, the same again waits for the disk too.
  shard_.directory.forget(request.fingerprint);
  write_then_answer(*entry, registrations,
                    {.request = std::move(request),
                     .outcome = std::move(outcome),
                     .way = std::move(way),
                     .answer = std::move(answer)});
}

void Registrations::write_then_answer(Entry& entry, model::Registrations const& registrations, Asked asked) {
  auto change = begin(entry, registrations, Stake::promise);
  store::Batch batch{change.write()};
  auto done = [this, change = std::move(change), asked = std::move(asked)](Result<void> saved) mutable {
    end(change, saved ? Fate::written : Fate::refused);
    auto* const now = shard_.directory.find(change.account);
    if (!saved || now == nullptr) return asked.answer({.status = 500, .reason = "Cannot Keep Registrations Now"});
    for (auto const& claim : asked.outcome.claims) take_from_others(*now, claim.instance, claim.token);
    remember(*now, asked.request, asked.outcome);
    refresh_pushes_.watch(*now, now->registrations());
    asked.answer(asked.outcome);
    tell(*now, asked.request, asked.outcome, asked.way);
  };
  shard_.store.commit(std::move(batch), store::Urgency::at_once, std::move(done));
}

Registrations::Change Registrations::begin(Entry& entry, model::Registrations const& registrations, Stake stake) {
  tentative_.begin(entry.account(), entry.packed_registrations(), stake);
  auto packed = shard_.directory.set_registrations(entry, registrations);
  shard_.census.count(entry, registrations, shard_.now());
  return {.account = entry.account(), .packed = std::move(packed)};
}

// RFC 3261 section 10.3, step 7: what was promised to nobody is removed.
void Registrations::end(Change const& change, Fate fate) {
  auto const back = tentative_.end(change.account, change.packed, fate);
  auto* const entry = shard_.directory.find(change.account);
  if (!back || entry == nullptr) return;
  auto const before = model::unpack_registrations(*back).value_or(model::Registrations{});
  (void)shard_.directory.set_registrations(*entry, before);
  forget_unbound_flows(*entry, before);
  shard_.census.count(*entry, before, shard_.now());
}

void Registrations::note(Entry& entry, model::Registrations const& registrations, store::Urgency urgency) {
  write_note(begin(entry, registrations, Stake::note), urgency);
}

void Registrations::note_refresh(Entry& entry) {
  tentative_.begin(entry.account(), entry.packed_registrations(), Stake::note);
  write_note({.account = entry.account(), .packed = std::string(entry.packed_registrations())}, store::Urgency::lazily);
}

void Registrations::write_note(Change change, store::Urgency urgency) {
  store::Batch batch{change.write()};
  shard_.store.commit(std::move(batch), urgency, [this, change = std::move(change)](Result<void> saved) {
    end(change, saved ? Fate::written : Fate::refused);
    if (!saved) distrust_disk(change.account);
  });
}

void Registrations::distrust_disk(model::AccountId const& account) {
  auto* const entry = shard_.directory.find(account);
  if (entry == nullptr) return;
  auto registrations = entry->registrations();
  for (auto& binding : registrations.bindings)
    binding.stored_until = std::min(binding.stored_until, binding.expires_at);
  (void)shard_.directory.set_registrations(*entry, registrations);
}

void Registrations::take_from_others(Entry const& entry, model::InstanceId const& instance, std::string const& token) {
  for (auto const& holder : shard_.directory.holders_of(token)) {
    if (holder.entry == &entry && holder.instance == instance) continue;
    auto registrations = holder.entry->registrations();
    if (!decide::take_token(registrations, holder.instance, token)) continue;
    note(*holder.entry, registrations, store::Urgency::soon);
    shard_.say(*holder.entry, holder.instance, DeviceChange::token_forgotten);
  }
}

void Registrations::remember_flows(Entry& entry, model::RegisterRequest const& request, model::Way const& way) {
  if (way.flow.empty()) return;
  if (!entry.calls) entry.calls = std::make_unique<SipRuntime>();
  auto& runtime = static_cast<SipRuntime&>(*entry.calls);
  for (auto const& contact : request.contacts) {
    auto const instance = name_of(contact.instance, contact.uri);
    std::erase_if(runtime.flows, [&](auto const& flow) { return is_flow_of(flow, contact.instance, contact.uri); });
    if (contact.expires && *contact.expires == Duration::zero()) continue;
    runtime.flows.push_back(
        {.instance = instance, .contact = contact.uri, .id = way.flow, .age = ++runtime.registered});
    auto const [first, last] = accounts_of_.equal_range(way.flow);
    if (std::find_if(first, last, [&](auto const& known) { return known.second == entry.account(); }) == last)
      accounts_of_.emplace(way.flow, entry.account());
  }
}

// A connection counts for a device only as long as a binding names it: what a client unbinds, or binds anew under
// another contact, is gone.
void Registrations::forget_unbound_flows(Entry& entry, model::Registrations const& registrations) {
  if (!entry.calls) return;
  auto& flows = static_cast<SipRuntime&>(*entry.calls).flows;
  std::erase_if(flows, [&](auto const& flow) {
    return std::ranges::none_of(registrations.bindings, [&](model::Binding const& binding) {
      return is_flow_of(flow, binding.instance, binding.contact);
    });
  });
  if (flows.empty()) entry.calls.reset();
}

void Registrations::forget_unbound_flows(Entry& entry) {
  auto const registrations = entry.registrations();
  forget_unbound_flows(entry, registrations);
  shard_.census.count(entry, registrations, shard_.now());
}

void Registrations::tell(Entry& entry, model::RegisterRequest const& request, model::RegisterOutcome const& outcome,
                         model::Way const& way) {
  for (auto const& instance : outcome.changed) shard_.say(entry, instance, DeviceChange::registered);
  for (auto const& instance : outcome.signed_out) {
    if (is_awaited(entry)) unregistered_(entry, instance);
    shard_.say(entry, instance, DeviceChange::signed_out);
  }
  for (auto const& instance : outcome.reachable) shard_.say(entry, instance, DeviceChange::liveness);
  if (!is_awaited(entry)) return;
  for (auto const& live : live_ways(entry, shard_.now())) {
    bool const is_device = std::ranges::find(outcome.reachable, live.target.instance) != outcome.reachable.end();
    // Whoever has no instance is known by its contact.
    bool const is_contact = std::ranges::any_of(request.contacts, [&](model::ContactUpdate const& contact) {
      return contact.instance.empty() && contact.uri == live.target.contact;
    });
    if (is_on(live, way) && (is_device || is_contact)) registered_(entry, live.target);
  }
}

std::vector<model::Target> Registrations::live_targets(Entry const& entry) const {
  std::vector<model::Target> targets;
  for (auto& live : live_ways(entry, shard_.now())) targets.push_back(std::move(live.target));
  return targets;
}

std::optional<model::Target> Registrations::newest_way(model::AccountId const& account,
                                                       model::InstanceId const& instance, model::Hops hops) const {
  auto const* entry = shard_.directory.find(account);
  if (entry == nullptr || instance.empty()) return {};
  for (auto& target : live_targets(*entry))
    if (is_named(target, instance) && model::may_take(target, hops)) return std::move(target);
  return {};
}

model::InstanceId Registrations::instance_at(model::AccountId const& account, model::Way const& way,
                                             std::string_view contact) const {
  auto const* entry = shard_.directory.find(account);
  if (entry == nullptr) return {};
  auto const name = model::without_private_parameters(contact);
  model::InstanceId newest;
  for (auto const& live : live_ways(*entry, shard_.now())) {
    if (!is_on(live, way)) continue;
    if (model::without_private_parameters(live.target.contact) == name) return live.target.instance;
    if (newest.empty()) newest = live.target.instance;
  }
  return newest;
}

void Registrations::forget_refreshes_on(Entry& entry, model::FlowId flow) {
  auto const registrations = entry.registrations();
  for (std::size_t number = 0; number < registrations.bindings.size(); ++number)
    if (auto const* at = flow_of(entry, registrations.bindings[number]); at != nullptr && at->id == flow)
      shard_.directory.forget_refresh(entry, static_cast<std::uint16_t>(number));
}

std::vector<model::AccountId> Registrations::on_flow_lost(model::FlowId flow) {
  std::vector<model::AccountId> accounts;
  auto const [first, last] = accounts_of_.equal_range(flow);
  for (auto at = first; at != last; ++at) accounts.push_back(at->second);
  accounts_of_.erase(flow);
  for (auto const& account : accounts) {
    auto* const entry = shard_.directory.find(account);
    if (entry == nullptr || !entry->calls) continue;
    auto& flows = static_cast<SipRuntime&>(*entry->calls).flows;
    std::vector<model::InstanceId> lost;
    for (auto const& one : flows)
      if (one.id == flow) lost.push_back(one.instance);
    forget_refreshes_on(*entry, flow);
    std::erase_if(flows, [&](auto const& one) { return one.id == flow; });
    if (flows.empty()) entry->calls.reset();
    shard_.recount(*entry);
    for (auto const& instance : lost) shard_.say(*entry, instance, DeviceChange::liveness);
  }
  return accounts;
}

void Registrations::on_receipt(model::AccountId const& account, model::InstanceId const& instance,
                               std::string const& token, model::PushReceipt const& receipt) {
  auto* const entry = shard_.directory.find(account);
  if (entry == nullptr) return;
  auto registrations = entry->registrations();
  auto* const device = model::find_device(registrations, instance);
  if (device == nullptr) return;
  device->last_push = {.id = receipt.id.value, .at = receipt.at, .outcome = std::string(model::name_of(receipt.state))};
  bool const judged = decide::on_token_verdict(registrations, instance, token, receipt, shard_.policy.wake);
  note(*entry, registrations, judged ? store::Urgency::soon : store::Urgency::lazily);
  if (judged) shard_.say(*entry, instance, DeviceChange::token_forgotten);
  for (auto const& one : recent_quarantines_.on(account, *device, token, receipt)) lift(one);
}

void Registrations::lift(decide::RecentQuarantines::Quarantine const& quarantine) {
  auto* const entry = shard_.directory.find(quarantine.account);
  if (entry == nullptr) return;
  auto registrations = entry->registrations();
  if (decide::lift_quarantine(registrations, quarantine.instance, quarantine.token, quarantine.given,
                              shard_.policy.wake))
    note(*entry, registrations, store::Urgency::soon);
}

void Registrations::start() {
  sweep_part({});
  shard_.deadlines.add(shard_.now() + sweep_every, [this] { start(); });
}

// A part at a time, so that calls do not wait for it.
void Registrations::sweep_part(Directory::Part part) {
  auto const next = shard_.directory.for_some(part, sweep_at_once, [this](Entry& entry) { sweep(entry); });
  if (next) shard_.deadlines.add(shard_.now() + sweep_pause, [this, next = *next] { sweep_part(next); });
}

void Registrations::sweep(Entry& entry) {
  auto registrations = entry.registrations();
  auto const swept = decide::sweep(registrations, shard_.policy.wake, shard_.now());
  refresh_pushes_.watch(entry, registrations);
  if (!swept.changed) return;
  note(entry, registrations, store::Urgency::lazily);
  for (auto const& instance : swept.signed_out) shard_.say(entry, instance, DeviceChange::signed_out);
  for (auto const& instance : swept.lost_binding) shard_.say(entry, instance, DeviceChange::liveness);
}

}  // namespace reveille::dispatch
