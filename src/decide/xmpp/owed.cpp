#include "decide/xmpp/owed.hpp"

#include "decide/xmpp/message.hpp"
#include "wire/xmpp/stanza.hpp"
#include "wire/xmpp/xml.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace reveille::decide {
namespace {

bool is_named(std::string_view resource, xmpp::Element const& message) {
  auto const to = xmpp::parse_jid(message.attribute("to"));
  return to && to->resource == resource;
}

bool wants_an_answer(xmpp::Element const& stanza) {
  if (xmpp::kind_of(stanza) == xmpp::StanzaKind::iq) {
    auto const type = xmpp::iq_type_of(stanza);
    return type == xmpp::IqType::get || type == xmpp::IqType::set;
  }
  auto const traits = traits_of(stanza);
  return xmpp::kind_of(stanza) == xmpp::StanzaKind::message && traits.has_body &&
         (traits.kind == model::MessageKind::chat || traits.kind == model::MessageKind::normal);
}

// As an error; nothing for what the server itself said, or a resource of the same user.
std::optional<xmpp::Element> refused(ImAccount const& account, std::string_view text) {
  auto const stanza = xmpp::parse_element(text);
  if (!stanza || !wants_an_answer(*stanza)) return std::nullopt;
  auto const from = xmpp::parse_jid(stanza->attribute("from"));
  if (!from || from->local.empty() || from->bare() == account.jid) return std::nullopt;
  return xmpp::error_of(*stanza, xmpp::StanzaError::service_unavailable);
}

}  // namespace

Share live_share_of(ImSession const& session) {
  return session.is_available() && session.priority >= 0 ? Share::all : Share::named;
}

Share late_share_of(ImSession const& session) {
  return session.instance.empty() ? live_share_of(session) : Share::all;
}

std::uint64_t settled_up_to(ImSession const& session, Share share) {
  return share == Share::all ? session.cursor : session.named_cursor;
}

bool is_owed(ImSession const& session, Share share, std::uint64_t row, xmpp::Element const& message) {
  return is_named(session.resource, message) ? row > session.named_cursor : share == Share::all && row > session.cursor;
}

void settle(ImSession& session, Share share, std::uint64_t row) {
  session.named_cursor = std::max(session.named_cursor, row);
  if (share == Share::all) session.cursor = std::max(session.cursor, row);
}

std::vector<xmpp::Element> given_back(ImAccount const& account, ImSession const& session) {
  std::vector<xmpp::Element> errors;
  auto const give_back = [&](std::string_view text) {
    if (auto error = refused(account, text)) errors.push_back(std::move(*error));
  };
  if (!session.is_live())
    for (auto const& [reference, text] : session.kept) give_back(text);
  for (auto const& text : session.late) give_back(text);
  return errors;
}

Seen seen_by(ImSession const& session) {
  Seen seen{.resource = session.resource, .cursor = session.cursor, .named_cursor = session.named_cursor};
  for (auto const reference : session.sent.waiting())
    if (reference >= first_archive_reference) seen.unacknowledged.push_back(reference);
  std::ranges::sort(seen.unacknowledged);
  return seen;
}

std::uint64_t all_seen_up_to(Seen const& seen) {
  return seen.unacknowledged.empty() ? seen.cursor : std::min(seen.cursor, seen.unacknowledged.front() - 1);
}

bool is_seen(Seen const& seen, std::uint64_t row, xmpp::Element const& message) {
  auto const cursor = is_named(seen.resource, message) ? seen.named_cursor : seen.cursor;
  return row <= cursor && !std::ranges::binary_search(seen.unacknowledged, row);
}

}  // namespace reveille::decide
