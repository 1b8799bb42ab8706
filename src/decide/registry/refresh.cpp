#include "decide/registry/refresh.hpp"

#include "decide/registry/storing.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

// The binding that the request names; nothing when any has run out, which on_register erases.
std::optional<model::PackedBinding> own_binding(std::string_view packed, model::RefreshPlaces const& places,
                                                Instant now) {
  std::optional<model::PackedBinding> own;
  std::size_t number = 0;
  for (model::PackedBindings left(packed, places); auto const binding = left.next(); ++number) {
    if (binding->expires_at <= now) return {};
    if (number == places.binding) own = *binding;
  }
  return own;
}

}  // namespace

std::optional<model::KnownRefresh> repeatable(model::RegisterRequest const& request,
                                              model::RegisterOutcome const& outcome,
                                              model::Registrations const& registrations, std::string_view packed) {
  if (outcome.status != 200 || request.contacts.size() != 1) return {};
  auto const& contact = request.contacts.front();
  auto const places = model::refresh_places(packed, registrations, contact.uri, contact.instance);
  if (!places) return {};
  auto const& binding = registrations.bindings[places->binding];
  auto const listed = std::ranges::find_if(outcome.bindings, [&](auto const& one) {
    return one.contact == contact.uri && one.instance == contact.instance;
  });
  if (listed == outcome.bindings.end() || binding.call_id != request.call_id || binding.cseq != request.cseq) return {};
  auto const granted = std::chrono::duration_cast<std::chrono::duration<std::uint32_t>>(listed->expires);
  return model::KnownRefresh{.places = *places, .granted = granted, .push_providers = outcome.push_providers};
}

bool is_refreshed_only(model::Registrations before, model::Registrations const& after) {
  if (before.devices.size() != after.devices.size() || before.bindings.size() != after.bindings.size()) return false;
  for (std::size_t i = 0; i < after.devices.size(); ++i) before.devices[i].seen_at = after.devices[i].seen_at;
  for (std::size_t i = 0; i < after.bindings.size(); ++i) {
    before.bindings[i].cseq = after.bindings[i].cseq;
    before.bindings[i].expires_at = after.bindings[i].expires_at;
    before.bindings[i].stored_until = after.bindings[i].stored_until;
  }
  return before == after;
}

Extended extend(std::span<char> packed, model::KnownRefresh const& known, std::uint32_t cseq, Instant now) {
  auto const own = own_binding({packed.data(), packed.size()}, known.places, now);
  // "If the Call-ID … agrees and CSeq is not higher, the update MUST be aborted": the refusal is on_register's.
  if (!own || cseq <= own->cseq) return Extended::no;
  auto const needed = durability_of_extension(own->stored_until, now, known.granted);
  if (needed == model::Durability::before_answer) return Extended::no;
  bool const writes = needed == model::Durability::lazily;
  model::RefreshedNumbers const numbers{.cseq = cseq,
                                        .expires_at = now + known.granted,
                                        .stored_until = writes ? to_store_until(now, known.granted) : own->stored_until,
                                        .seen_at = now};
  if (!model::refresh(packed, known.places, *own, numbers)) return Extended::no;
  return writes ? Extended::to_be_written : Extended::in_memory;
}

bool is_last(std::string_view packed, model::KnownRefresh const& known, std::uint32_t cseq, Instant now) {
  auto const own = own_binding(packed, known.places, now);
  return own && own->cseq == cseq;
}

}  // namespace reveille::decide
