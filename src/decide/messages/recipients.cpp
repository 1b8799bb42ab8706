#include "decide/messages/recipients.hpp"

#include <algorithm>
#include <utility>

namespace reveille::decide {
namespace {

using model::MessageKind;

Otherwise otherwise_for(model::MessageTraits const& message) {
  switch (message.kind) {
    case MessageKind::groupchat: return Otherwise::refuse;
    case MessageKind::headline:
    case MessageKind::error: return Otherwise::drop;
    case MessageKind::normal:
    case MessageKind::chat:
      if (message.is_kept) return Otherwise::wait;
      // Section 8.5.2.2.1: what a person wrote is kept or goes back. What has no words is about the moment only.
      return message.has_body ? Otherwise::refuse : Otherwise::drop;
  }
  std::unreachable();
}

}  // namespace

Recipients recipients_of(model::MessageTraits const& message, std::string_view resource,
                         std::vector<Resource> const& present) {
  Recipients recipients{.otherwise = otherwise_for(message)};
  auto& chosen = recipients.resources;
  // Section 8.5.3.1: a full address whose resource is there, whatever its priority.
  auto const named = resource.empty() ? present.end() : std::ranges::find(present, resource, &Resource::name);
  bool const is_there = named != present.end();
  if (is_there) chosen.push_back(named->name);
  // B-IM-1 asks for more than that section, which delivers to the named one alone: every device gets what is kept, and
  // each that sleeps is woken for it, so those that are there must not miss it.
  bool const is_for_all = !is_there || message.is_kept;
  // Section 8.5.3.2.1: a resource that is not there: chat as to the bare address, others not at all. Other than there,
  // normal too when it is kept: it is for every device (B-IM-1), and not lost since one has bound another name.
  bool const as_bare = resource.empty() || message.kind == MessageKind::chat || message.is_kept;
  // Sections 8.5.2.1.1 and 8.5.4: never groupchat or error to a bare address.
  if (!is_for_all || !as_bare || message.kind == MessageKind::groupchat || message.kind == MessageKind::error)
    return recipients;
  // Every available resource with a priority that is not negative.
  for (auto const& one : present)
    if (one.available && one.priority >= 0 && (!is_there || one.name != named->name)) chosen.push_back(one.name);
  return recipients;
}

}  // namespace reveille::decide
