#include "decide/registry/register.hpp"

#include "decide/registry/expiry.hpp"
#include "decide/registry/merge.hpp"
#include "decide/registry/storing.hpp"
#include "model/contact.hpp"
#include "wire/sip/uri.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace reveille::decide {
namespace {

using model::Binding;
using model::ContactUpdate;
using model::Durability;
using model::PushWish;
using model::RegisterOutcome;
using model::RegisterRequest;
using model::Registrations;

RegisterOutcome refuse(int status, std::string reason) {
  return {.status = status, .reason = std::move(reason)};
}

bool is_provider_served(std::string_view provider, PushOffer offer) {
  if (provider == "apns") return offer.apns;
  if (provider == "apns.dev") return offer.apns_sandbox;
  return provider == "fcm" && offer.fcm;
}

bool is_same_uri(std::string_view a, std::string_view b) {
  if (a == b) return true;
  auto const left = sip::parse_uri(a);
  auto const right = sip::parse_uri(b);
  return left && right && sip::equivalent(*left, *right);
}

// How surely a binding is the one that a Contact without reg-id names, by its URI.
enum class Sameness : std::uint8_t { other, address, client, instance };

// Equivalence without what the device says to us only: it un-registers without pn-prid (RFC 8599 section 4.1.2).
bool has_address_of(Binding const& binding, ContactUpdate const& contact) {
  return is_same_uri(binding.contact, contact.uri) || is_same_uri(model::without_private_parameters(binding.contact),
                                                                  model::without_private_parameters(contact.uri));
}

// Two homes have phones at the same private address: a device is told by its instance, which for a client without one
// is made of its pn-* (model/contact.hpp), so that those match too (RFC 8599 section 5.3); and a client that has
// changed or left out either is told by its Call-ID, which stays the same for it (RFC 3261 section 10.2).
Sameness sameness_of(Binding const& binding, ContactUpdate const& contact, std::string const& call_id) {
  if (!has_address_of(binding, contact)) return Sameness::other;
  if (binding.instance == contact.instance) return Sameness::instance;
  if (binding.call_id == call_id) return Sameness::client;
  bool const may_be_another = !binding.instance.empty() && !contact.instance.empty();
  return may_be_another ? Sameness::other : Sameness::address;
}

class Registrar {
 public:
  Registrar(Registrations& registrations, RegisterRequest const& request, model::RegistrarPolicy const& policy,
            PushOffer offer, Instant now)
      : registrations_(registrations), request_(request), policy_(policy), offer_(offer), now_(now) {}

  RegisterOutcome run();

 private:
  std::optional<RegisterOutcome> check_contact(ContactUpdate const& contact) const;
  std::optional<RegisterOutcome> check_outbound() const;
  std::optional<RegisterOutcome> remove_all();
  std::optional<RegisterOutcome> apply(ContactUpdate const& contact);
  std::optional<RegisterOutcome> bind(ContactUpdate const& contact, std::vector<Binding>::iterator at);
  bool merge_device(ContactUpdate const& contact, model::Freshness freshness);
  void remove(std::vector<Binding>::iterator at);
  std::vector<Binding>::iterator find(ContactUpdate const& contact);
  Duration grant(ContactUpdate const& contact) const;
  void note_mode();
  void write_list();
  void need(Durability durability) { outcome_.durability = std::max(outcome_.durability, durability); }

  Registrations& registrations_;
  RegisterRequest const& request_;
  model::RegistrarPolicy const& policy_;
  PushOffer offer_;
  Instant now_;
  RegisterOutcome outcome_ = {};
};

Duration Registrar::grant(ContactUpdate const& contact) const {
  auto const wanted = contact.expires.value_or(request_.expires.value_or(policy_.expires_default));
  return std::min(wanted, policy_.expires_most);
}

// What would make the whole request fail, before anything is changed.
std::optional<RegisterOutcome> Registrar::check_contact(ContactUpdate const& contact) const {
  auto const expires = grant(contact);
  bool const removes = expires <= Duration::zero();
  // RFC 8599 section 5.6.1: we know that nobody else between us and the client could push.
  if (!removes && offer_.switched_on) {
    bool const named = !contact.asked_provider.empty();
    if (contact.wish == PushWish::unsupported || (named && !is_provider_served(contact.asked_provider, offer_)))
      return refuse(555, "Push Notification Service Not Supported");
  }
  // RFC 3261 section 10.3, step 7: "too brief", which only an interval of less than one hour can be.
  auto least = policy_.expires_least;
  if (contact.wish == PushWish::request && offer_.switched_on) least = std::max(least, policy_.expires_least_with_push);
  if (!removes && expires < std::min<Duration>(least, 1h)) {
    auto refused = refuse(423, "Interval Too Brief");
    refused.min_expires = least;
    return refused;
  }
  return {};
}

// RFC 5626 section 6: at most one Contact with reg-id.
std::optional<RegisterOutcome> Registrar::check_outbound() const {
  auto const flows = std::ranges::count_if(request_.contacts, [](auto const& contact) { return contact.reg_id != 0; });
  if (flows > 1) return refuse(400, "More Than One reg-id");
  return {};
}

std::vector<Binding>::iterator Registrar::find(ContactUpdate const& contact) {
  auto& bindings = registrations_.bindings;
  auto const is_flow = [&](Binding const& binding) {
    return !contact.instance.empty() && binding.instance == contact.instance && binding.reg_id == contact.reg_id;
  };
  // RFC 5626 section 6: instance and reg-id name the binding whatever its URI is.
  if (contact.reg_id != 0) return std::ranges::find_if(bindings, is_flow);
  auto same = bindings.end();
  auto how = Sameness::other;
  for (auto at = bindings.begin(); at != bindings.end(); ++at) {
    auto const sameness = sameness_of(*at, contact, request_.call_id);
    if (sameness <= how) continue;
    how = sameness;
    same = at;
  }
  if (same != bindings.end()) return same;
  // An app that comes back at another address, or under another push token, is the same app: its old address is gone.
  return std::ranges::find_if(bindings, [&](auto const& binding) {
    return is_flow(binding) && !(binding.call_id == request_.call_id && binding.cseq == request_.cseq);
  });
}

bool Registrar::merge_device(ContactUpdate const& contact, model::Freshness freshness) {
  if (contact.instance.empty()) return true;
  auto update = contact.device;
  update.freshness = freshness;
  if (request_.mode) update.mode = request_.mode;
  auto merged = merge(registrations_, update, now_);
  if (merged.device == nullptr) return false;
  for (auto& token : merged.claimed_tokens)
    outcome_.claims.push_back({.instance = contact.instance, .token = std::move(token)});
  if (merged.change == Change::fields) {
    need(Durability::before_answer);
    outcome_.changed.push_back(contact.instance);
  }
  // Anew: when its tokens were registered, against which a 410 counts (B-SIGN-3).
  if (merged.change == Change::mode || freshness == model::Freshness::anew) need(Durability::lazily);
  outcome_.reachable.push_back(contact.instance);
  return true;
}

void Registrar::remove(std::vector<Binding>::iterator at) {
  auto const instance = at->instance;
  registrations_.bindings.erase(at);
  need(Durability::before_answer);
  // B-SIGN-5: this is the client's own word. The device signs out of calls with its last binding.
  bool const more = std::ranges::any_of(registrations_.bindings, [&](auto const& b) { return b.instance == instance; });
  if (!instance.empty() && !more && end_service(registrations_, instance, Service::call))
    outcome_.signed_out.push_back(instance);
}

// Step 6: "*" removes every binding.
std::optional<RegisterOutcome> Registrar::remove_all() {
  if (request_.expires != Duration::zero() || request_.contacts.size() > 1) return refuse(400, "Bad Contact");
  for (auto const& binding : registrations_.bindings)
    if (binding.call_id == request_.call_id && request_.cseq <= binding.cseq) return refuse(500, "CSeq Out Of Order");
  while (!registrations_.bindings.empty()) remove(registrations_.bindings.begin());
  // What is registered for push but has no binding any more signs out as well.
  for (auto const& device : registrations_.devices) {
    if (!device.services.call) continue;
    auto const instance = device.instance;
    if (end_service(registrations_, instance, Service::call)) outcome_.signed_out.push_back(instance);
    need(Durability::before_answer);
  }
  return {};
}

std::optional<RegisterOutcome> Registrar::bind(ContactUpdate const& contact, std::vector<Binding>::iterator at) {
  auto& bindings = registrations_.bindings;
  bool const is_new = at == bindings.end();
  if (is_new && bindings.size() >= policy_.most_bindings) return refuse(403, "Too Many Bindings");
  auto const freshness = is_new || at->call_id != request_.call_id ? model::Freshness::anew : model::Freshness::refresh;
  if (!merge_device(contact, freshness)) return refuse(403, "Too Many Devices");
  auto& binding = is_new ? bindings.emplace_back() : *at;
  auto const granted = grant(contact);
  bool const only_extends = !is_new && binding.contact == contact.uri && binding.instance == contact.instance &&
                            binding.written_instance == contact.written_instance && binding.reg_id == contact.reg_id &&
                            binding.path == request_.path && binding.q_thousandths == contact.q_thousandths;
  auto needed = only_extends ? durability_of_extension(binding.stored_until, now_, granted) : Durability::before_answer;
  if (binding.remote != request_.remote) needed = std::max(needed, Durability::lazily);
  need(needed);
  if (needed != Durability::none) binding.stored_until = to_store_until(now_, granted);
  if (!only_extends) {
    binding.contact = contact.uri;
    binding.instance = contact.instance;
    binding.written_instance = contact.written_instance;
    binding.reg_id = contact.reg_id;
    binding.path = request_.path;
    binding.q_thousandths = contact.q_thousandths;
  }
  if (binding.call_id != request_.call_id) binding.call_id = request_.call_id;
  if (binding.remote != request_.remote) binding.remote = request_.remote;
  if (binding.user_agent != request_.user_agent) binding.user_agent = request_.user_agent;
  binding.cseq = request_.cseq;
  binding.expires_at = now_ + granted;
  return {};
}

// Step 7, for one contact.
std::optional<RegisterOutcome> Registrar::apply(ContactUpdate const& contact) {
  auto const at = find(contact);
  bool const exists = at != registrations_.bindings.end();
  // "If the Call-ID … agrees and CSeq is not higher, the update MUST be aborted and the request fails."
  if (exists && at->call_id == request_.call_id && request_.cseq <= at->cseq) return refuse(500, "CSeq Out Of Order");
  if (grant(contact) > Duration::zero()) return bind(contact, at);
  if (exists) {
    remove(at);
  } else if (!contact.instance.empty() && end_service(registrations_, contact.instance, Service::call)) {
    // Its binding has expired meanwhile; the device signs out all the same.
    outcome_.signed_out.push_back(contact.instance);
    need(Durability::before_answer);
  }
  return {};
}

// A REGISTER without Contact says nothing but which mode the app is in, where its flow tells which device it is.
void Registrar::note_mode() {
  if (!request_.mode || request_.kind != model::ContactsKind::none) return;
  for (auto const& binding : registrations_.bindings) {
    if (binding.remote != request_.remote || binding.instance.empty()) continue;
    auto const merged =
        merge(registrations_,
              {.instance = binding.instance, .freshness = model::Freshness::refresh, .mode = request_.mode}, now_);
    if (merged.change == Change::mode) need(Durability::lazily);
    outcome_.reachable.push_back(binding.instance);
  }
}

// Step 8: "The response MUST contain Contact header field values enumerating all current bindings."
void Registrar::write_list() {
  for (auto const& binding : registrations_.bindings) {
    auto const left = binding.expires_at - now_;
    if (left <= Duration::zero()) continue;
    bool const own = std::ranges::any_of(request_.contacts, [&](auto const& contact) {
      return contact.uri == binding.contact && contact.instance == binding.instance;
    });
    outcome_.bindings.push_back({.contact = own ? binding.contact : model::without_private_parameters(binding.contact),
                                 .expires = left,
                                 .q_thousandths = binding.q_thousandths,
                                 .instance = binding.instance,
                                 .written_instance = binding.written_instance,
                                 .reg_id = binding.reg_id});
  }
}

// RFC 8599 section 5.6: one Feature-Caps for each provider that was asked for and is served.
model::PushProviders served_of(RegisterRequest const& request, PushOffer offer) {
  model::PushProviders served;
  for (auto const& contact : request.contacts) {
    if (contact.wish == PushWish::none) continue;
    auto const asks = [&](std::string_view name) {
      return is_provider_served(name, offer) && (contact.asked_provider.empty() || contact.asked_provider == name);
    };
    served.apns = served.apns || asks("apns");
    served.apns_sandbox = served.apns_sandbox || asks("apns.dev");
    served.fcm = served.fcm || asks("fcm");
    served.with_pnsreg = served.with_pnsreg || contact.refreshes_itself;
  }
  return served;
}

RegisterOutcome Registrar::run() {
  if (auto refused = check_outbound()) return *std::move(refused);
  // What has run out is no binding any more, whenever the sweep comes by: B-SIGN-5, the device stays.
  auto const lost = drop_expired(registrations_, now_);
  if (request_.kind == model::ContactsKind::all)
    if (auto refused = remove_all()) return *std::move(refused);
  for (auto const& contact : request_.contacts) {
    if (auto refused = check_contact(contact)) return *std::move(refused);
    if (auto refused = apply(contact)) return *std::move(refused);
  }
  // And a third party's does not: the sweep would not find it any more.
  for (auto const& instance : end_expired(registrations_, lost)) {
    outcome_.signed_out.push_back(instance);
    need(Durability::lazily);
  }
  note_mode();
  write_list();
  if (offer_.switched_on) outcome_.push_providers = served_of(request_, offer_);
  return std::move(outcome_);
}

}  // namespace

RegisterOutcome on_register(Registrations& registrations, RegisterRequest const& request,
                            model::RegistrarPolicy const& policy, PushOffer offer, Instant now) {
  // One contact fails before it changes anything; with several, the first may have been done when the second fails.
  if (request.contacts.size() <= 1) return Registrar(registrations, request, policy, offer, now).run();
  auto tried = registrations;
  auto outcome = Registrar(tried, request, policy, offer, now).run();
  if (outcome.status == 200) registrations = std::move(tried);
  return outcome;
}

}  // namespace reveille::decide
