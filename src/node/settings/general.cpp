// domains, roles, data; [tls], [sip], [limits], [calls], [wake].
#include "model/account.hpp"
#include "node/settings/sections.hpp"

#include <algorithm>

namespace reveille::node {
namespace {

void read_domains(Section& top, std::vector<std::string>& into) {
  auto const* value = top.find("domains");
  top.read("domains", into);
  if (!value) return;
  if (into.empty()) return top.blame(*value, "'domains' is empty; name at least one, such as \"example.org\"");
  for (auto& domain : into) {
    auto const account = model::parse_account("user@" + domain);
    if (!account) return top.blame(*value, "'domains' names \"" + domain + "\", which is no host name");
    domain = model::domain_of(*account);
  }
}

struct NamedRole {
  std::string_view name = {};
  bool Roles::* member = nullptr;
};
constexpr NamedRole named_roles[] = {
    {"call-control", &Roles::call_control}, {"im", &Roles::im}, {"push", &Roles::push}, {"admin", &Roles::admin}};

void read_roles(Section& top, Roles& into) {
  auto const* value = top.find("roles");
  if (!value) return;
  std::vector<std::string> names;
  auto wanted = Roles{.call_control = false, .im = false, .push = false, .admin = false};
  top.read("roles", names);
  for (auto const& name : names) {
    auto const found = std::ranges::find(named_roles, name, &NamedRole::name);
    if (found == std::end(named_roles))
      return top.blame(*value, "unknown role \"" + name + "\"; known: call-control, im, push, admin");
    wanted.*(found->member) = true;
  }
  if (names.empty() && std::holds_alternative<Array>(value->content))
    return top.blame(*value, "'roles' is empty; leave it out to have all of them");
  into = wanted;
}

void read_public_host(Section& section, std::string& into) {
  auto const* value = section.find("public_host");
  section.read("public_host", into);
  auto const* text = value ? std::get_if<std::string>(&value->content) : nullptr;
  if (!text) return;
  if (auto const host = parse_public_host(*text))
    into = *host;
  else
    section.blame(*value,
                  "'sip.public_host' must be a name or an address that phones can connect to, without a port, such as "
                  "\"sip.example.org\" or \"192.0.2.1\"; here is \"" +
                      *text + '"');
}

}  // namespace

void read_general(Section& top, Settings& into) {
  read_domains(top, into.policy.domains);
  read_roles(top, into.roles);
  top.read("data", into.data);
}

void read_tls(Section section, TlsSettings& into) {
  section.read("certificate", into.certificate);
  section.read("key", into.key);
  section.read("ca", into.ca);
  into.certificate_line = section.line_of("certificate");
  into.key_line = section.line_of("key");
  into.ca_line = section.line_of("ca");
  if (!into.certificate.empty()) section.require("key");
  if (!into.key.empty()) section.require("certificate");
  section.finish();
}

void read_sip(Section section, SipSettings& into) {
  section.read("require_digest", into.require_digest);
  read_public_host(section, into.public_host);
  if (auto const* value = section.find("algorithms")) {
    std::vector<std::string> names;
    section.read("algorithms", names);
    for (auto const& name : names)
      if (name != "SHA-256" && name != "MD5")
        section.blame(*value, "'sip.algorithms' knows \"SHA-256\" and \"MD5\"; here is \"" + name + "\"");
    if (names.empty()) section.blame(*value, "'sip.algorithms' is empty; name \"SHA-256\", \"MD5\" or both");
    into.offer_sha256 = std::ranges::count(names, "SHA-256") > 0;
    into.offer_md5 = std::ranges::count(names, "MD5") > 0;
  }
  section.finish();
}

void read_limits(Section section, LimitSettings& into) {
  section.read("connections_per_address", into.connections_per_address);
  if (into.connections_per_address == 0)
    section.blame(*section.find("connections_per_address"),
                  "'limits.connections_per_address' must be at least 1: with 0 nobody could connect");
  section.read("sip_transactions", into.sip_transactions);
  if (into.sip_transactions == 0)
    section.blame(*section.find("sip_transactions"),
                  "'limits.sip_transactions' must be at least 1: with 0 nobody is served");
  section.read("handshake_within", into.handshake_within);
  section.read("request_within", into.request_within);
  section.read("stalled_after", into.stalled_after);
  section.finish();
}

void read_calls(Section section, model::CallPolicy& into) {
  section.read("ringback_after", into.ringback_after);
  section.read("give_up_after", into.give_up_after);
  section.read("no_answer_after", into.no_answer_after);
  if (into.no_answer_after > model::longest_ring)
    section.blame(*section.find("no_answer_after"),
                  "'calls.no_answer_after' is at most \"3m\": no call rings longer (RFC 3261 section 16.6, timer C)");
  section.read("late_invite_until", into.late_invite_until);
  section.finish();
}

void read_wake(Section section, model::WakePolicy& into) {
  section.read("enabled", into.enabled);
  section.read("message_burst", into.message_burst);
  section.read("foreground_grace", into.foreground_grace);
  section.read("acknowledgement_wait", into.acknowledgement_wait);
  section.read("resumable_for", into.resumable_for);
  section.read("resumable_without_push", into.resumable_without_push);
  section.read("device_unseen_for", into.device_unseen_for);
  section.read("away_overrides", into.away_overrides);
  section.finish();
}

}  // namespace reveille::node
