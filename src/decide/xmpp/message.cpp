#include "decide/xmpp/message.hpp"

#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>
#include <utility>

namespace reveille::decide {
namespace {

using namespace xmpp;

model::MessageKind kind_of_message(Element const& message) {
  switch (message_type_of(message)) {
    case MessageType::normal: return model::MessageKind::normal;
    case MessageType::chat: return model::MessageKind::chat;
    case MessageType::groupchat: return model::MessageKind::groupchat;
    case MessageType::headline: return model::MessageKind::headline;
    case MessageType::error: return model::MessageKind::error;
  }
  std::unreachable();
}

bool has(Element const& message, std::string_view name, std::string_view space) {
  return message.child(name, space) != nullptr;
}

// What a person reads; an encrypted body counts, whatever its form.
bool has_readable_body(Element const& message) {
  if (!message.child_text("body").empty()) return true;
  for (auto const& child : message.children)
    if (child.name == "encrypted" && child.first_child()) return true;
  return false;
}

// XEP-0313 section 5.1.1, XEP-0334: what stands in the archive.
bool is_worth_keeping(Element const& message, bool body) {
  if (has(message, "no-store", ns::hints) || has(message, "no-permanent-store", ns::hints)) return false;
  if (body || has(message, "store", ns::hints)) return true;
  for (auto const& child : message.children)
    if (child.space == ns::receipts || child.space == ns::chat_markers || child.space == ns::jingle_message)
      return true;
  return false;
}

}  // namespace

bool has_chat_marker(Element const& message) {
  return std::ranges::any_of(message.children, [](auto const& child) { return child.space == ns::chat_markers; });
}

model::MessageTraits traits_of(Element const& message) {
  model::MessageTraits traits{.kind = kind_of_message(message)};
  bool const personal = traits.kind == model::MessageKind::normal || traits.kind == model::MessageKind::chat;
  traits.has_body = personal && has_readable_body(message);
  traits.is_kept = personal && is_worth_keeping(message, traits.has_body);
  if (auto const* marker = message.child("displayed", ns::chat_markers)) traits.displayed = marker->attribute("id");
  return traits;
}

}  // namespace reveille::decide
