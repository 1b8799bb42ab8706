#include "dispatch/directory.hpp"

#include "base/give_back_room.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

std::uint64_t hash_of(std::string_view token) {
  return std::hash<std::string_view>{}(token);
}

// The distinct tokens of an account, as hashes.
std::vector<std::uint64_t> token_hashes(model::Registrations const& registrations) {
  std::vector<std::uint64_t> hashes;
  for (auto const& device : registrations.devices)
    for (auto const* channel : {&device.voip, &device.message})
      if (!channel->token.empty()) hashes.push_back(hash_of(channel->token));
  std::ranges::sort(hashes);
  auto const repeated = std::ranges::unique(hashes);
  hashes.erase(repeated.begin(), repeated.end());
  return hashes;
}

}  // namespace

model::Registrations Entry::registrations() const {
  if (registrations_.empty()) return {};
  return model::unpack_registrations(registrations_.view()).value_or(model::Registrations{});
}

model::Verifier Entry::verifier() const {
  return model::unpack_verifier(verifier_.view()).value_or(model::Verifier{});
}

Entry* Directory::find(model::AccountId const& account) {
  auto const found = entries_.find(account);
  return found == entries_.end() ? nullptr : &found->second;
}

Entry const* Directory::find(model::AccountId const& account) const {
  auto const found = entries_.find(account);
  return found == entries_.end() ? nullptr : &found->second;
}

Entry& Directory::put(model::AccountId const& account, model::Verifier const& verifier) {
  return put_packed_verifier(account, model::pack(verifier));
}

Entry& Directory::put_packed_verifier(model::AccountId const& account, std::string packed) {
  auto const [at, added] = entries_.try_emplace(account);
  if (added) at->second.account_ = &at->first;
  forget_refreshes(at->second);
  at->second.verifier_.assign(packed);
  return at->second;
}

Result<void> Directory::put_packed_registrations(model::AccountId const& account, std::string packed) {
  auto* const entry = find(account);
  if (entry == nullptr) return failure(ErrorCode::not_found, "registrations of an account that does not exist");
  if (!entry->packed_registrations().empty()) set_registrations(*entry, {});
  // It takes its place before anything else is allocated, so that reading a whole database leaves no holes.
  entry->registrations_.assign(packed);
  auto registrations = model::unpack_registrations(packed);
  if (!registrations) {
    entry->registrations_.assign({});
    return std::unexpected(registrations.error());
  }
  // Refreshes wrote nothing while enough was on disk (decide/registry/storing.hpp): what was promised to the client
  // since then ends with stored_until at the latest.
  for (auto& binding : registrations->bindings) binding.expires_at = std::max(binding.expires_at, binding.stored_until);
  index_tokens(*entry, *registrations);
  entry->registrations_.assign(model::pack(*registrations));
  return {};
}

bool Directory::remove(model::AccountId const& account) {
  auto const found = entries_.find(account);
  if (found == entries_.end()) return false;
  forget_tokens(found->second, found->second.registrations());
  forget_refreshes(found->second);
  entries_.erase(found);
  return true;
}

std::string Directory::set_registrations(Entry& entry, model::Registrations const& registrations) {
  auto before = entry.registrations();
  auto packed = model::pack(registrations);
  bool const same_places = packed.size() == entry.packed_registrations().size();
  if (!same_places || !decide::is_refreshed_only(std::move(before), registrations)) {
    forget_refreshes(entry);
    before = entry.registrations();
    if (token_hashes(before) != token_hashes(registrations)) {
      forget_tokens(entry, before);
      index_tokens(entry, registrations);
    }
  }
  entry.registrations_.assign(packed);
  return packed;
}

void Directory::remember(model::RegisterFingerprint request, Refresh const& refresh) {
  if (request == model::RegisterFingerprint{}) return;
  auto& entry = *refresh.entry;
  // One for each binding: a client that says something new each time leaves nothing behind.
  forget_refresh(entry, refresh.known.places.binding);
  forget(request);
  refreshes_.insert_or_assign(request, refresh).first->second.next = std::exchange(entry.refreshes_, request);
}

void Directory::forget_refresh(Entry& entry, std::uint16_t binding) {
  for (auto at = entry.refreshes_; at != model::RegisterFingerprint{};) {
    auto const& other = refreshes_.find(at)->second;
    auto const here = std::exchange(at, other.next);
    if (other.known.places.binding == binding) forget(here);
  }
}

void Directory::forget(model::RegisterFingerprint request) {
  auto const found = refreshes_.find(request);
  if (found == refreshes_.end()) return;
  auto* link = &found->second.entry->refreshes_;
  while (*link != request) link = &refreshes_.find(*link)->second.next;
  *link = found->second.next;
  refreshes_.erase(found);
  give_back_room(refreshes_);
}

Refresh const* Directory::find_refresh(model::RegisterFingerprint request) const {
  auto const found = refreshes_.find(request);
  return found == refreshes_.end() ? nullptr : &found->second;
}

decide::Extended Directory::extend(Refresh const& refresh, std::uint32_t cseq, Instant now) {
  return decide::extend(refresh.entry->registrations_.bytes(), refresh.known, cseq, now);
}

void Directory::forget_refreshes(Entry& entry) {
  while (entry.refreshes_ != model::RegisterFingerprint{}) forget(entry.refreshes_);
}

std::vector<Directory::Holder> Directory::holders_of(std::string_view token) {
  std::vector<Holder> holders;
  by_token_.for_each(hash_of(token), [&](Entry& entry) {
    for (auto const& device : entry.registrations().devices)
      if (device.voip.token == token || device.message.token == token)
        holders.push_back({.entry = &entry, .instance = device.instance});
  });
  return holders;
}

void Directory::for_each(std::function<void(Entry&)> const& visit) {
  for (auto& [account, entry] : entries_) visit(entry);
}

std::optional<Directory::Part> Directory::for_some(Part part, std::size_t most,
                                                   std::function<void(Entry&)> const& visit) {
  auto const places = entries_.bucket_count();
  if (part.places != places) part = {.places = places, .next = 0};
  for (auto const end = std::min(places, part.next + most); part.next < end; ++part.next)
    for (auto at = entries_.begin(part.next); at != entries_.end(part.next); ++at) visit(at->second);
  return part.next < places ? std::optional(part) : std::nullopt;
}

void Directory::index_tokens(Entry& entry, model::Registrations const& registrations) {
  for (auto const hash : token_hashes(registrations)) by_token_.add(hash, entry);
}

void Directory::forget_tokens(Entry& entry, model::Registrations const& registrations) {
  for (auto const hash : token_hashes(registrations)) by_token_.remove(hash, entry);
}

model::Liveness liveness_of(Entry const& entry, model::Registrations const& registrations,
                            model::InstanceId const& instance, Instant now) {
  model::Liveness alive;
  for (auto const* runtime : {entry.calls.get(), entry.messages.get()}) {
    if (runtime == nullptr) continue;
    auto const part = runtime->liveness_of(instance);
    alive.sip_flow = alive.sip_flow || part.sip_flow;
    alive.xmpp_stream = alive.xmpp_stream || part.xmpp_stream;
    alive.inactive = alive.inactive || part.inactive;
  }
  for (auto const& binding : registrations.bindings)
    if (binding.instance == instance && binding.expires_at > now && binding.remote.starts_with("udp "))
      alive.sip_flow = true;
  return alive;
}

model::DeviceState state_of(Entry const& entry, model::Registrations const& registrations, model::Device const& device,
                            Instant now) {
  return model::state_of(device, liveness_of(entry, registrations, device.instance, now));
}

}  // namespace reveille::dispatch
