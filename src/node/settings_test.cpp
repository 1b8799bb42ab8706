#include "node/settings.hpp"

#include "node/settings/section.hpp"

#include <gtest/gtest.h>

namespace reveille::node {
namespace {

std::string refusal(std::string_view text) {
  auto const settings = parse_settings(text, "etc/reveille.toml");
  return settings ? "" : describe(settings.error());
}

TEST(Settings, an_empty_file_gives_the_documented_defaults) {
  auto const settings = parse_settings("", "reveille.toml");
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->policy.domains, std::vector<std::string>{"localhost"});
  EXPECT_EQ(settings->roles, Roles{});
  EXPECT_EQ(settings->policy.calls.give_up_after, 13s);
  EXPECT_EQ(describe(*settings->listen.admin), "127.0.0.1:9080");
  EXPECT_TRUE(settings->push.in_process());
  EXPECT_EQ(settings->sip.public_host, "");
  EXPECT_TRUE(settings->policy.wake.enabled);
}

constexpr auto every_key = R"(
domains = ["example.org", "Example.NET"]
roles = ["call-control", "im"]
data = "../var"
[listen]
sip_udp = "0.0.0.0:5070"
sip_tcp = "[::1]:0"
sip_tls = "off"
xmpp = 5333
[tls]
certificate = "server.pem"
key = "/etc/server.key"
ca = "ca.pem"
[sip]
require_digest = false
algorithms = ["SHA-256"]
public_host = "SIP.example.org"
[limits]
connections_per_address = 50
sip_transactions = 70000
stalled_after = "7s"
[calls]
ringback_after = "300ms"
give_up_after = "2m"
[wake]
enabled = false
message_burst = "2s"
foreground_grace = "6s"
acknowledgement_wait = "7s"
resumable_for = "24h"
resumable_without_push = "1m"
device_unseen_for = "30d"
away_overrides = true
[push]
via = "https://push.example.org:8443"
client_id = "c1"
client_secret_file = "secret"
[[push.apns]]
team = "TEAM123456"
key_id = "KEY1234567"
key_file = "key.p8"
apps = ["org.example.phone"]
tenants = ["cluster-1"]
environment = "sandbox"
port = 2197
[[push.fcm]]
service_account_file = "account.json"
)";

TEST(Settings, every_key_is_read) {
  auto const settings = parse_settings(every_key, "/etc/reveille/reveille.toml");
  ASSERT_TRUE(settings) << describe(settings.error());
  EXPECT_EQ(settings->policy.domains, (std::vector<std::string>{"example.org", "example.net"}));
  EXPECT_EQ(settings->roles, (Roles{.call_control = true, .im = true, .push = false, .admin = false}));
  EXPECT_EQ(settings->data, "/etc/var");
  EXPECT_EQ(describe(*settings->listen.sip_udp), "0.0.0.0:5070");
  EXPECT_EQ(describe(*settings->listen.sip_tcp), "[::1]:0");
  EXPECT_FALSE(settings->listen.sip_tls);
  EXPECT_EQ(describe(*settings->listen.xmpp), "127.0.0.1:5333");
  EXPECT_EQ(settings->tls.certificate, "/etc/reveille/server.pem");
  EXPECT_EQ(settings->tls.key, "/etc/server.key");
  EXPECT_FALSE(settings->sip.require_digest);
  EXPECT_FALSE(settings->sip.offer_md5);
  EXPECT_EQ(settings->sip.public_host, "sip.example.org");
  EXPECT_EQ(settings->limits.connections_per_address, 50);
  EXPECT_EQ(settings->limits.sip_transactions, 70'000U);
  EXPECT_EQ(settings->limits.stalled_after, 7s);
  EXPECT_EQ(settings->policy.calls.ringback_after, 300ms);
  EXPECT_EQ(settings->policy.calls.give_up_after, 2min);
  auto const& wake = settings->policy.wake;
  EXPECT_FALSE(wake.enabled);
  EXPECT_EQ(wake.message_burst, 2s);
  EXPECT_EQ(wake.foreground_grace, 6s);
  EXPECT_EQ(wake.acknowledgement_wait, 7s);
  EXPECT_EQ(wake.resumable_for, 24h);
  EXPECT_EQ(wake.resumable_without_push, 1min);
  EXPECT_EQ(wake.device_unseen_for, 30 * 24h);
  EXPECT_TRUE(wake.away_overrides);
  ASSERT_EQ(settings->push.apns.size(), 1U);
  EXPECT_EQ(settings->push.apns[0].host, "api.sandbox.push.apple.com");
  EXPECT_EQ(settings->push.apns[0].port, 2197);
  EXPECT_EQ(settings->push.apns[0].tenants, std::vector<std::string>{"cluster-1"});
  ASSERT_EQ(settings->push.fcm.size(), 1U);
}

TEST(Settings, a_fault_names_file_and_line) {
  EXPECT_EQ(
      refusal("\n[calls]\nringback_after = 5\n"),
      "etc/reveille.toml:3: 'calls.ringback_after' must be a time with its unit, such as \"5s\" or \"300ms\"; here "
      "is a whole number\n");
  EXPECT_EQ(
      refusal("[sip]\nrequire_digset = true\n"),
      "etc/reveille.toml:2: unknown key 'sip.require_digset'; known here: algorithms, public_host, require_digest\n");
  EXPECT_EQ(refusal("roles = [\"push\"]\n[cals]\n").find("etc/reveille.toml:2: unknown key 'cals'"), 0U);
  EXPECT_EQ(refusal("domains = [\n").find("etc/reveille.toml:"), 0U);
}

TEST(Settings, all_faults_are_told_in_one_go_by_line) {
  EXPECT_EQ(refusal("[wake]\nenabled = \"yes\"\n[sip]\nalgorithms = [\"SHA-1\"]\n"),
            "etc/reveille.toml:2: 'wake.enabled' must be true or false; here is text\n"
            "etc/reveille.toml:4: 'sip.algorithms' knows \"SHA-256\" and \"MD5\"; here is \"SHA-1\"\n");
}

TEST(Settings, values_that_make_no_sense_are_refused) {
  EXPECT_NE(refusal("domains = []"), "");
  EXPECT_NE(refusal("domains = [\"not a host\"]"), "");
  EXPECT_NE(refusal("domains = \"localhost\""), "");
  EXPECT_NE(refusal("roles = [\"king\"]"), "");
  EXPECT_NE(refusal("roles = []"), "");
  EXPECT_NE(refusal("[listen]\nsip_udp = \"nowhere:5060\""), "");
  EXPECT_NE(refusal("[listen]\nsip_udp = \"127.0.0.1:70000\""), "");
  EXPECT_NE(refusal("[listen]\nsip_udp = 70000"), "");
  EXPECT_NE(refusal("[tls]\ncertificate = \"a.pem\""), "");
  EXPECT_NE(refusal("[limits]\nconnections_per_address = 0"), "");
  EXPECT_NE(refusal("[limits]\nsip_transactions = 0"), "");
  EXPECT_NE(refusal("[limits]\nsip_transactions = 4294967296"), "");
  EXPECT_NE(refusal("[calls]\nringback_after = \"20s\""), "");
  EXPECT_NE(refusal("[calls]\nno_answer_after = \"181s\"").find("no_answer_after"), std::string::npos);
  EXPECT_EQ(refusal("[calls]\nno_answer_after = \"3m\""), "");
  EXPECT_NE(refusal("[push]\nvia = \"http://plain\""), "");
  EXPECT_NE(refusal("[push]\nvia = \"https://push\""), "");
  for (auto const* url : {"https://", "https://exa mple", "https://push:99999", "https://push.example/base"}) {
    auto const text = std::string("[push]\nvia = \"") + url + "\"\nclient_id = \"c\"\nclient_secret_file = \"s\"";
    EXPECT_NE(refusal(text).find("reveille.toml:2: "), std::string::npos) << url << refusal(text);
  }
  EXPECT_NE(refusal("[[push.apns]]\nteam = \"T\""), "");
  auto const team = [](std::string const& of) {
    return refusal("[[push.apns]]\nteam = \"" + of + "\"\nkey_id = \"KEY1234567\"\nkey_file = \"k.p8\"");
  };
  EXPECT_EQ(team("TEAM123456"), "");
  for (auto const* wrong : {"ABC", "TEAM1234567", "TEAM12345!"})
    EXPECT_NE(team(wrong).find("reveille.toml:2: "), std::string::npos) << wrong;
  EXPECT_NE(refusal("[push]\napns = 5"), "");
  EXPECT_NE(refusal("listen = 5"), "");
  EXPECT_NE(refusal("data = 1979-05-27"), "");
}

TEST(Settings, a_port_is_for_one_listener) {
  EXPECT_EQ(refusal("[listen]\nsip_tls = \"127.0.0.1:7000\"\nxmpp = 7000\n"),
            "etc/reveille.toml:3: 'listen.sip_tls' and 'listen.xmpp' both take port 7000; give one of them another, or "
            "\"off\"\n");
  // The later line is to blame, whichever key that is; or the only one, beside a default.
  EXPECT_EQ(refusal("[listen]\nxmpp = 7000\nsip_tls = 7000\n").find("etc/reveille.toml:3: "), 0U);
  EXPECT_EQ(refusal("[listen]\nsip_tls = \"*:5222\"\n").find("etc/reveille.toml:2: "), 0U);
  EXPECT_EQ(refusal("[listen]\nadmin = \"[::]:5222\"\n").find("etc/reveille.toml:2: "), 0U);
  EXPECT_EQ(refusal("[listen]\nxmpp = \"10.0.0.1:7000\"\nsip_tls = \"10.0.0.2:7000\"\n"), "");
  EXPECT_EQ(refusal("[listen]\nxmpp = \"*:7000\"\nsip_tls = \"[::1]:7000\"\n"), "");
  EXPECT_EQ(refusal("[listen]\nxmpp = 0\nsip_tls = 0\n"), "");
  EXPECT_EQ(refusal("[listen]\nsip_udp = 7000\nsip_tcp = 7000\n"), "") << "UDP has ports of its own";
  EXPECT_EQ(refusal("roles = [\"push\"]\n[listen]\npush = 5222\n"), "") << "a push service opens no XMPP";
}

TEST(Settings, the_public_host_is_a_name_or_an_address_that_can_be_dialled) {
  EXPECT_EQ(parse_public_host("sip.example.org"), "sip.example.org");
  EXPECT_EQ(parse_public_host("localhost"), "localhost");
  EXPECT_EQ(parse_public_host("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(parse_public_host("2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(parse_public_host("[2001:db8::1]"), "2001:db8::1");
  for (auto const* text :
       {"", "*", "0.0.0.0", "::", "[::]", "224.0.0.1", "ff02::1", "255.255.255.255", "sip.example.org:5061",
        "192.0.2.1:5061", "[2001:db8::1]:5061", "[2001:db8::1", "sip:example.org", "juliet@example.org",
        "sip example.org", "sip.example.org;lr", "-sip.example.org", "192.0.2.300", "sip..example.org"}) {
    EXPECT_FALSE(parse_public_host(text)) << text;
    EXPECT_NE(
        refusal("[sip]\npublic_host = \"" + std::string(text) + "\"").find("etc/reveille.toml:2: 'sip.public_host'"),
        std::string::npos)
        << text;
  }
  EXPECT_NE(refusal("[sip]\npublic_host = 5"), "");
}

TEST(Settings, durations_have_a_unit_and_a_bound) {
  EXPECT_EQ(parse_duration("300ms"), 300ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("72h"), 72h);
  EXPECT_EQ(parse_duration("90d"), 90 * 24h);
  for (auto const* text : {"", "5", "s", "-5s", "0s", "5 s", "5us", "99999999999999d", "1e3s"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace reveille::node
