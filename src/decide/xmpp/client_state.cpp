#include "decide/xmpp/client_state.hpp"

#include "decide/xmpp/message.hpp"
#include "decide/xmpp/roster.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <utility>

namespace reveille::decide {
namespace {

using namespace xmpp;

// Every contact of the largest roster, twice: what a first presence brings may wait until it is acknowledged.
constexpr std::size_t most_held = 2 * most_roster_items;
constexpr std::size_t most_gone = 50;
constexpr std::size_t most_gone_bytes = std::size_t{4} * 1024;

bool is_chat_state_alone(Element const& stanza) {
  auto const traits = traits_of(stanza);
  if (traits.has_body || traits.is_kept || traits.kind == model::MessageKind::error) return false;
  for (auto const& child : stanza.children)
    if (child.space != ns::chat_states && child.space != ns::hints && child.name != "thread") return false;
  return true;
}

bool shows_presence(Element const& stanza) {
  if (kind_of(stanza) != StanzaKind::presence) return false;
  auto const type = presence_type_of(stanza);
  return type == PresenceType::available || type == PresenceType::unavailable;
}

bool is_unavailable(Element const& stanza) {
  return kind_of(stanza) == StanzaKind::presence && presence_type_of(stanza) == PresenceType::unavailable;
}

// True: that is news. So many, and no more.
bool remember_gone(std::set<std::string>& gone, std::string const& from) {
  if (gone.contains(from)) return false;
  std::size_t bytes = from.size();
  for (auto const& one : gone) bytes += one.size();
  bool const fits = gone.size() < most_gone && bytes <= most_gone_bytes;
  return gone.insert(fits ? from : std::string(gone_without_number)).second;
}

}  // namespace

bool is_fleeting(Element const& stanza) {
  return shows_presence(stanza) || (kind_of(stanza) == StanzaKind::message && is_chat_state_alone(stanza));
}

bool miss_presence(ImSession& session, Element const& presence) {
  if (!shows_presence(presence)) return false;
  session.presence_is_stale = true;
  // Another session begins without knowing anybody.
  if (!session.is_live() && !session.is_resumable()) return false;
  std::string const from{presence.attribute("from")};
  if (presence_type_of(presence) == PresenceType::available) {
    session.gone.erase(from);
    return false;  // one too many on disk does no harm: who is there says so when he is asked
  }
  return remember_gone(session.gone, from);
}

void miss_everyone(ImSession& session) {
  session.presence_is_stale = true;
  // One that is not available has been shown nobody.
  if (session.is_available()) session.gone.emplace(gone_without_number);
}

std::set<std::string> gone_without_line(ImSession const& session) {
  auto gone = session.gone;
  for (auto const& [from, presence] : session.held) {
    if (is_unavailable(presence))
      remember_gone(gone, from);
    else
      gone.erase(from);
  }
  return gone;
}

bool must_survive(ImSession const& session, Element const& held) {
  return session.is_resumable() && is_unavailable(held);
}

bool hold_back(ImSession& session, Element const& stanza) {
  if (session.client_state == ClientState::active) return false;
  return hold_presence(session, stanza) || is_fleeting(stanza);
}

bool hold_presence(ImSession& session, Element const& stanza) {
  if (!shows_presence(stanza)) return false;
  auto const from = std::string(stanza.attribute("from"));
  if (session.held.size() >= most_held && !session.held.contains(from)) {
    static_cast<void>(miss_presence(session, stanza));
    return true;
  }
  session.held.insert_or_assign(from, stanza);
  return true;
}

std::vector<Element> let_go(ImSession& session) {
  std::vector<Element> stanzas;
  for (auto& [from, stanza] : std::exchange(session.held, {})) stanzas.push_back(std::move(stanza));
  return stanzas;
}

std::vector<Element> let_go(ImSession& session, std::string_view sender) {
  std::vector<Element> stanzas;
  auto const bare = sender.substr(0, sender.find('/'));
  std::erase_if(session.held, [&](auto& held) {
    bool const theirs = std::string_view(held.first).substr(0, held.first.find('/')) == bare;
    if (theirs) stanzas.push_back(std::move(held.second));
    return theirs;
  });
  return stanzas;
}

}  // namespace reveille::decide
