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
    case MessageKind::chat: return message.is_kept ? Otherwise::wait : Otherwise::drop;
  }
  std::unreachable();
}

}  // namespace

Recipients recipients_of(model::MessageTraits const& message, std::string_view resource,
                         std::vector<Resource> const& present) {
  Recipients recipients{.otherwise = otherwise_for(message)};
  // Section 8.5.3.1: a full address whose resource is there, whatever its priority.
  auto const named = std::ranges::find(present, resource, &Resource::name);
  if (!resource.empty() && named != present.end()) {
    recipients.resources.push_back(named->name);
    return recipients;
  }
  // Section 8.5.3.2.1: one that is not there: chat and normal as to the bare address, others not at all.
  bool const as_bare = resource.empty() || message.kind == MessageKind::chat || message.kind == MessageKind::normal;
  // Sections 8.5.2.1.1 and 8.5.4: never groupchat or error to a bare address.
  if (!as_bare || message.kind == MessageKind::groupchat || message.kind == MessageKind::error) return recipients;
  // Every available resource with a priority that is not negative.
  for (auto const& one : present)
    if (one.available && one.priority >= 0) recipients.resources.push_back(one.name);
  return recipients;
}

}  // namespace reveille::decide
