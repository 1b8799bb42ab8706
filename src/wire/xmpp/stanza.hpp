// Stanzas: what message, presence and IQ have in common, and the answers that every entity owes.
//
// Source: RFC 6120 section 8, RFC 6121 sections 4.7 and 5.2; XEP-0203 (delay), XEP-0359 (stanza-id).
#pragma once

#include "base/instant.hpp"
#include "wire/xmpp/element.hpp"
#include "wire/xmpp/errors.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::xmpp {

enum class StanzaKind : std::uint8_t { message, presence, iq };
enum class IqType : std::uint8_t { get, set, result, error };
enum class MessageType : std::uint8_t { normal, chat, groupchat, headline, error };
enum class PresenceType : std::uint8_t {
  available,
  unavailable,
  subscribe,
  subscribed,
  unsubscribe,
  unsubscribed,
  probe,
  error
};

// Nothing for an element that is no stanza of jabber:client.
[[nodiscard]] std::optional<StanzaKind> kind_of(Element const& element);
[[nodiscard]] std::optional<IqType> iq_type_of(Element const& iq);
// RFC 6121 section 5.2.2: an absent or unknown type is normal.
[[nodiscard]] MessageType message_type_of(Element const& message);
// Nothing for a type that RFC 6121 section 4.7.1 does not know.
[[nodiscard]] std::optional<PresenceType> presence_type_of(Element const& presence);
[[nodiscard]] std::string_view name_of(IqType type);
[[nodiscard]] std::string_view name_of(MessageType type);
[[nodiscard]] std::string_view name_of(PresenceType type);  // empty for available

[[nodiscard]] Element make_iq(IqType type, std::string_view id);
// The result of a get or set: id kept, from and to exchanged.
[[nodiscard]] Element result_of(Element const& request);
[[nodiscard]] Element result_of(Element const& request, Element payload);
// RFC 6120 section 8.3.1: the stanza back with an error; nothing for one that must not be answered (an error, or the
// result of an IQ).
[[nodiscard]] std::optional<Element> error_of(Element const& stanza, StanzaError condition, std::string_view text = {});
// The condition inside a stanza of type error.
[[nodiscard]] std::optional<std::string> condition_of(Element const& stanza);

// RFC 6120 section 4.9: <stream:error/>.
[[nodiscard]] Element make_stream_error(StreamError condition, std::string_view text = {});

// XEP-0203. The 'stamp' has milliseconds.
[[nodiscard]] Element make_delay(std::string_view from, Instant at);

// XEP-0359 section 3: the id that `by`, a prepared address, gave; whatever claims to be from `by` without being so is
// taken out.
void set_stanza_id(Element& message, std::string_view by, std::string_view id);
void strip_stanza_ids(Element& message, std::string_view by);
[[nodiscard]] std::string_view stanza_id_of(Element const& message, std::string_view by);

}  // namespace reveille::xmpp
