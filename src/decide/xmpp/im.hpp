// Instant messaging's state of one account, and what comes of an event: the words of decide/xmpp.
//
// What:     an ImAccount is everything that decisions about an account's stanzas may look at; a handler changes it and
//           says in Effects what is to be done. Stanzas for others leave as routes: their own mailbox takes them up.
// Lifetime: plain values. Threads: any; nothing here does I/O.
#pragma once

#include "base/handle.hpp"
#include "base/instant.hpp"
#include "model/device.hpp"
#include "model/registration.hpp"
#include "model/roster.hpp"
#include "model/settings.hpp"
#include "wire/xmpp/client_stream.hpp"
#include "wire/xmpp/element.hpp"
#include "wire/xmpp/jid.hpp"
#include "wire/xmpp/stream_management.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

// References of sent stanzas: rows of the archive, and below them numbers of stanzas that are kept by the session.
inline constexpr xmpp::StanzaReference first_archive_reference = std::uint64_t{1} << 32U;

// One bound resource; it outlives its stream when it can be resumed.
//
//   (bind) ──▶ live ──lost──▶ suspended ──resume──▶ live
//               └──closed, replaced──▶ gone ◀──expired──┘
struct ImSession {
  std::string resource = {};
  StreamHandle stream = {};         // empty: suspended
  model::InstanceId instance = {};  // the device, once it has enabled push (XEP-0357)
  std::string resume_id = {};       // empty: cannot be resumed
  bool is_managed = false;          // stanzas are counted (XEP-0198), whether it can be resumed or not
  xmpp::SentQueue sent = {};
  std::uint32_t received = 0;
  std::map<xmpp::StanzaReference, std::string> kept = {};  // sent, not acknowledged, not in the archive
  xmpp::StanzaReference last_kept = 0;
  std::uint64_t cursor = 0;                 // the newest row of the archive that is settled for it (owed.hpp)
  std::uint64_t named_cursor = 0;           // the same for what names its resource; never below the other
  std::vector<std::string> late = {};       // stanzas that are not archived, to be sent when it has caught up
  std::vector<std::string> questions = {};  // of the archive, not answered yet
  bool is_asking = false;                   // the first of them is being answered
  xmpp::ClientState client_state = xmpp::ClientState::active;
  std::optional<xmpp::Element> presence = {};  // as the client sent it, when it is available
  int priority = 0;
  bool interested = false;                         // has asked for the roster
  bool presence_is_stale = false;                  // contacts' presence changed while nobody could be told
  std::set<std::string> directed = {};             // who was sent presence without being a contact
  std::map<std::string, xmpp::Element> held = {};  // XEP-0352: presence by sender, newest
  std::set<std::string> gone = {};                 // who went away while nobody could be told (client_state.hpp)
  std::optional<Instant> lost_at = {};
  bool uses_markers = false;  // says itself what has been read (XEP-0333)

  [[nodiscard]] bool is_live() const { return !stream.empty(); }
  [[nodiscard]] bool is_resumable() const { return !resume_id.empty(); }
  [[nodiscard]] bool is_available() const { return presence.has_value(); }
};

struct ImAccount {
  xmpp::Jid jid = {};
  model::Roster roster = {};
  std::vector<ImSession> sessions = {};
  std::vector<model::Device> devices = {};
};

[[nodiscard]] ImSession* find_session(ImAccount& account, std::string_view resource);
[[nodiscard]] model::Device const* device_of(ImAccount const& account, ImSession const& session);
// It cannot be resumed: its client comes back with another one, and catches up from the archive.
void keep_presence_only(ImSession& session);

// What handlers need of the world.
struct ImContext {
  Instant now = {};
  model::Policy const* policy = nullptr;
  std::string domain = {};  // the account's
};

struct ImDelivery {
  std::string resource = {};
  xmpp::Element stanza = {};
  std::uint64_t row = 0;  // of the archive; 0: not archived
};

// A query of one's own archive (XEP-0313), to be answered when the archive has been read.
struct ArchiveRequest {
  std::string resource = {};
  xmpp::Element iq = {};
};

// XEP-0357.
struct DeviceRequest {
  enum class Kind : std::uint8_t { enable, disable } kind = Kind::enable;
  std::string resource = {};
  model::DeviceUpdate update = {};  // an empty instance: every device of the account
};

struct ImEffects {
  std::vector<ImDelivery> deliveries = {};  // to sessions of this account
  std::vector<xmpp::Element> routes = {};   // to others, with 'from' and 'to'
  std::vector<ArchiveRequest> archive_requests = {};
  std::vector<DeviceRequest> device_requests = {};
  bool roster_changed = false;

  void deliver(std::string_view resource, xmpp::Element stanza) {
    deliveries.push_back({.resource = std::string(resource), .stanza = std::move(stanza)});
  }
};

// The compact form of a session that can be resumed (B-SIGN-5), as it is kept on disk and in memory.
[[nodiscard]] std::string pack(ImSession const& session);
[[nodiscard]] Result<ImSession> unpack_session(std::string_view bytes);
// The beginning of a packed session, for who need not see the rest; nothing when that must be unpacked whole.
struct SessionHead {
  std::optional<Instant> lost_at = {};
  model::InstanceId instance = {};
};
[[nodiscard]] std::optional<SessionHead> head_of_session(std::string_view bytes);

}  // namespace reveille::decide
