#include "decide/xmpp/owed.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

bool is_named_by(ImSession const& session, xmpp::Element const& message) {
  auto const to = xmpp::parse_jid(message.attribute("to"));
  return to && to->resource == session.resource;
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
  return is_named_by(session, message) ? row > session.named_cursor : share == Share::all && row > session.cursor;
}

void settle(ImSession& session, Share share, std::uint64_t row) {
  session.named_cursor = std::max(session.named_cursor, row);
  if (share == Share::all) session.cursor = std::max(session.cursor, row);
}

}  // namespace reveille::decide
