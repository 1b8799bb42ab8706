// ImRuntime: what instant messaging keeps of an account that has a session or a roster. Threads: the shard's.
#pragma once

#include "decide/presence/away.hpp"
#include "decide/xmpp/im.hpp"
#include "dispatch/directory.hpp"
#include "model/push.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace reveille::dispatch {

// A session that has just been resumed is sent what it missed; what comes meanwhile waits.
struct CatchUp {
  bool missed = false;  // an archived message came meanwhile: look again
  std::vector<xmpp::Element> waiting = {};
};

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

class ImRuntime final : public Runtime {
 public:
  [[nodiscard]] model::Liveness liveness_of(model::InstanceId const& instance) const override {
    for (auto const& session : im.sessions)
      if (session.is_live() && session.instance == instance) return {.xmpp_stream = true};
    return {};
  }

  decide::ImAccount im = {};
  std::map<std::string, CatchUp> catching_up = {};         // by resource
  std::map<std::string, decide::Awakeness> shown = {};     // by resource: as others were told last
  std::map<model::InstanceId, model::PushId> pushed = {};  // the newest push that a device has not answered
  std::uint64_t displayed = 0;                             // the newest row that any device has displayed
};

}  // namespace reveille::dispatch
