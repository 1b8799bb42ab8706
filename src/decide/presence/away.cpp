#include "decide/presence/away.hpp"

#include "wire/xmpp/namespaces.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

using namespace xmpp;

bool said_background(model::Device const& device) {
  return device.reported_mode == model::Mode::background;
}

// Since when it sleeps: for XEP-0319.
Instant asleep_since(model::Device const& device, ImSession const& session, Instant now) {
  if (said_background(device) && device.mode_since) return *device.mode_since;
  return session.lost_at.value_or(now);
}

// <show/> becomes away; dnd and xa say more, and stay unless the setting says otherwise.
void show_away(Element& presence, model::WakePolicy const& wake) {
  auto const show = presence.child_text("show");
  if (!wake.away_overrides && (show == "dnd" || show == "xa")) return;
  presence.remove("show", ns::client);
  presence.children.insert(presence.children.begin(), make_text_element("show", ns::client, "away"));
}

}  // namespace

std::optional<Instant> away_at(ImAccount const& account, ImSession const& session, ImContext const& context) {
  auto const* device = device_of(account, session);
  if (!device || !device->away_in_background || session.is_live() || !session.lost_at) return std::nullopt;
  return *session.lost_at + (said_background(*device) ? Duration{} : context.policy->wake.foreground_grace);
}

bool is_shown_after(ImAccount const& account, ImSession const& session, xmpp::StreamEnd why) {
  auto const* device = device_of(account, session);
  if (!device || !device->away_in_background) return false;
  if (why != xmpp::StreamEnd::closed_by_peer) return true;
  return session.is_available() && device->services.im && said_background(*device);
}

Awakeness awakeness_of(ImAccount const& account, ImSession const& session, ImContext const& context) {
  auto const* device = device_of(account, session);
  if (!device || !device->away_in_background) return Awakeness::awake;
  if (said_background(*device)) return Awakeness::asleep;
  auto const away = away_at(account, session, context);
  return away && *away <= context.now ? Awakeness::asleep : Awakeness::awake;
}

Element shown_presence(ImAccount const& account, ImSession const& session, ImContext const& context) {
  auto presence = session.presence.value_or(make_element("presence", ns::client));
  presence.unset("to");
  presence.set("from", account.jid.with_resource(session.resource).text());
  if (awakeness_of(account, session, context) == Awakeness::awake) return presence;
  show_away(presence, context.policy->wake);
  presence.remove("idle", ns::idle);
  auto const since = asleep_since(*device_of(account, session), session, context.now);
  presence.add(make_element("idle", ns::idle, {{"since", format_rfc3339(since)}}));
  presence.add(make_element("reachable", ns::reachability, {{"by", "push"}}));
  return presence;
}

}  // namespace reveille::decide
