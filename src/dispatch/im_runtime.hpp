// ImRuntime: what instant messaging keeps of an account that has a session or a roster.
//
// While nobody is there it is one packed text; it is unpacked when something happens to the account, and packed again
// when that has settled (dispatch/xmpp_sleep.cpp). Lifetime: the entry's. Threads: the shard's.
#pragma once

#include "base/packed_text.hpp"
#include "decide/presence/away.hpp"
#include "decide/xmpp/im.hpp"
#include "dispatch/directory.hpp"
#include "dispatch/expiries.hpp"
#include "model/push.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::dispatch {

// A stream that is behind: it has just been resumed, or its peer reads slowly. It is sent what it missed as fast as the
// peer reads; what comes meanwhile is in the archive, or among the session's late ones.
struct CatchUp {
  struct Again {
    xmpp::StanzaReference reference = 0;
    std::string text = {};  // of a stanza that is kept nowhere else
  };
  std::deque<Again> again = {};  // have their numbers and did not leave
  bool missed = false;           // an archived message came meanwhile: look again
  bool is_busy = false;          // a part is being read, or waits for the disk
  bool is_resumption = false;
};

// A push for a message, from when the message is accepted until the device shows itself (B-PUSH-8). It is on disk, so
// that a restart asks again for what may not have been asked for; a push's id derives from device and message.
struct NotedPush {
  enum class State : std::uint8_t { owed, asked, sent } state = State::owed;  // asked: of the push service
  model::InstanceId instance = {};
  std::uint64_t row = 0;
  std::string peer = {};  // whose conversation

  bool operator==(NotedPush const&) const = default;
};

// What is kept of an account's messages beside the archive: one record.
struct Inbox {
  std::uint64_t displayed = 0;  // the newest row that any device has displayed
  std::vector<NotedPush> pushes = {};

  bool operator==(Inbox const&) const = default;
};
[[nodiscard]] std::string pack(Inbox const& inbox);
[[nodiscard]] Inbox unpack_inbox(std::string_view bytes);

// `devices --json`: a device's session, live or suspended.
struct SessionView {
  std::string jid = {};
  bool resumable = false;
  std::size_t unacknowledged = 0;  // stanzas
};
[[nodiscard]] inline SessionView view_of(model::AccountId const& account, decide::ImSession const& session) {
  return {.jid = account.value + "/" + session.resource,
          .resumable = !session.resume_id.empty(),
          .unacknowledged = session.sent.waiting().size()};
}

struct ImState {
  decide::ImAccount im = {};
  std::map<std::string, CatchUp> catching_up = {};      // by resource
  std::map<std::string, decide::Awakeness> shown = {};  // by resource: as others were told last
  Inbox inbox = {};
  bool will_settle = false;  // is among those that are looked at to be packed

  [[nodiscard]] bool is_live() const;
};

class ImRuntime final : public Runtime {
 public:
  ImRuntime(Expiries& expiries, Entry& entry) : expiry(expiries, entry) {}

  [[nodiscard]] model::Liveness liveness_of(model::InstanceId const& instance) const override;

  // Null while it is packed.
  [[nodiscard]] ImState* state() const { return state_.get(); }
  ImState& unpack(decide::ImContext const& context);
  // As it would be unpacked; it stays as it is.
  [[nodiscard]] ImState peek(decide::ImContext const& context) const;
  void pack();
  [[nodiscard]] bool holds_nothing() const { return !state_ && packed_.empty(); }
  [[nodiscard]] bool has_no_session() const;

  // At the start: what the store has, as it stands there.
  void keep_roster(std::string_view packed);
  void keep_session(std::string_view packed);
  void keep_inbox(Inbox const& inbox);

  Expiries::Place expiry;  // of the suspended session that ends first

 private:
  std::unique_ptr<ImState> state_ = {};
  PackedText packed_ = {};  // while there is a state, what was packed last, which keeps its place
};

}  // namespace reveille::dispatch
