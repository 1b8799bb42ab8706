// Desk: one account before decide/xmpp, for tests: its clients speak, others are heard, and time is virtual.
#pragma once

#include "decide/xmpp/im.hpp"
#include "wire/xmpp/errors.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide::test {

// Everything that an event made the house do, as text: "phone <presence …/>" to a session, "> <presence …/>" to others.
using Said = std::vector<std::string>;

struct Desk {
  VirtualClock clock = VirtualClock{};
  model::Policy policy = {};
  ImAccount account = {};
  ImEffects last = {};  // of the newest event

  explicit Desk(std::string_view address = "juliet@localhost");

  // A live session that has signed in under this resource.
  ImSession& open(std::string_view resource);
  [[nodiscard]] ImSession& at(std::string_view resource);
  [[nodiscard]] model::RosterItem* item(std::string_view address) { return model::find_item(account.roster, address); }
  [[nodiscard]] ImContext context() const;

  // One stanza of that client's (its 'from' is stamped), or of someone else's.
  Said say(std::string_view resource, std::string_view stanza);
  Said hear(std::string_view stanza);
  // The line of that client is lost; what is kept of the session is its packed form alone. Then it is resumed.
  void cut(std::string_view resource);
};

// Those that hold `part`.
[[nodiscard]] Said with(Said const& said, std::string_view part);

}  // namespace reveille::decide::test
