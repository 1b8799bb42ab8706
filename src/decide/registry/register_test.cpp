#include "decide/registry/register.hpp"

#include "decide/registry/expiry.hpp"
#include "decide/registry/merge.hpp"
#include "model/contact.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace reveille::decide {
namespace {

using namespace model;

constexpr char const* iphone_uuid = "aaaaaaaa-0000-4000-8000-000000000001";
constexpr char const* desk_uuid = "bbbbbbbb-0000-4000-8000-000000000002";
AccountId const juliet{"juliet@localhost"};

// A client as the registrar sees it: each say() is one REGISTER with the next CSeq.
struct Client {
  std::string contact = {};
  std::string call_id = "call-1";
  std::uint32_t cseq = 0;
  std::string remote = "udp 192.0.2.1:5060";
};

class Registry : public testing::Test {
 protected:
  RegisterOutcome say(Client& client, std::optional<Duration> expires = {}, std::optional<Mode> mode = {}) {
    RegisterRequest request{.call_id = client.call_id,
                            .cseq = ++client.cseq,
                            .kind = ContactsKind::listed,
                            .expires = expires,
                            .remote = client.remote,
                            .mode = mode};
    request.contacts.push_back(contact_of(client.contact));
    return on_register(kept, request, policy, offer, now);
  }
  static ContactUpdate contact_of(std::string const& text) {
    auto const contact = sip::parse_contact(text);
    EXPECT_TRUE(contact) << text;
    return model::read_contact(*contact, juliet);
  }
  Device& device(std::size_t index = 0) { return kept.devices.at(index); }

  Client iphone{
      .contact = std::string("<sip:juliet@192.0.2.1;transport=tcp;pn-provider=apns;pn-param=TEAM.org.app.voip&remote;"
                             "pn-prid=BB:remote&AA:voip>;+sip.instance=\"<urn:uuid:") +
                 iphone_uuid + ">\";reveille-os=\"ios/18.1\";reveille-services=\"call,im\""};
  Client desk{.contact = std::string("<sip:juliet@192.0.2.7:5070>;+sip.instance=\"<urn:uuid:") + desk_uuid + ">\"",
              .call_id = "call-2",
              .remote = "udp 192.0.2.7:5070"};
  Registrations kept = {};
  RegistrarPolicy policy = {};
  PushOffer offer{.switched_on = true, .apns = true, .apns_sandbox = true, .fcm = true};
  Instant now = from_unix_seconds(1'800'000'000);
};

TEST_F(Registry, B_SIGN_2_takes_a_device_from_a_contact) {
  auto const outcome = say(iphone);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.durability, Durability::before_answer);
  EXPECT_EQ(outcome.push_providers, model::PushProviders{.apns = true});
  ASSERT_EQ(outcome.bindings.size(), 1U);
  EXPECT_EQ(outcome.bindings[0].expires, policy.expires_default);
  EXPECT_NE(outcome.bindings[0].contact.find("pn-prid"), std::string::npos);
  EXPECT_EQ(outcome.claims.size(), 2U);
  EXPECT_EQ(device().instance.value, iphone_uuid);
  EXPECT_EQ(device().voip.token, "aa");
  EXPECT_EQ(device().message.token, "bb");
  EXPECT_EQ(device().team, "TEAM");
  EXPECT_EQ(device().app, "org.app");
  EXPECT_EQ(os_major(device()), 18U);
  EXPECT_TRUE(device().services.call && device().services.im);
  EXPECT_EQ(device().layout, ChannelLayout::split);
}

TEST_F(Registry, refresh_writes_nothing_while_more_than_two_grants_are_left) {
  say(iphone);
  now += 600s;
  EXPECT_EQ(say(iphone).durability, Durability::none);
  // Stored for three grants from the start: what this one promises is on disk, what the next one promises may not be.
  now += 3100s;
  EXPECT_EQ(say(iphone).durability, Durability::lazily);
  EXPECT_EQ(kept.bindings[0].stored_until, now + 3 * policy.expires_default);
}

TEST_F(Registry, what_is_promised_is_on_disk_before_the_answer) {
  say(iphone);
  kept.bindings[0].stored_until = kept.bindings[0].expires_at;
  now += 600s;
  EXPECT_EQ(say(iphone).durability, Durability::before_answer);
  EXPECT_EQ(kept.bindings[0].stored_until, now + 3 * policy.expires_default);
}

TEST_F(Registry, new_address_or_token_is_on_disk_before_the_answer) {
  say(iphone);
  iphone.contact.replace(iphone.contact.find("192.0.2.1"), 9, "192.0.2.9");
  EXPECT_EQ(say(iphone).durability, Durability::before_answer);
  EXPECT_EQ(kept.bindings.size(), 1U) << "the same app at another address is the same app";
  iphone.contact.replace(iphone.contact.find("AA:"), 3, "CC:");
  auto const outcome = say(iphone);
  EXPECT_EQ(outcome.durability, Durability::before_answer);
  ASSERT_EQ(outcome.claims.size(), 1U);
  EXPECT_EQ(outcome.claims[0].token, "cc");
  EXPECT_EQ(device().voip.token, "cc");
}

TEST_F(Registry, RFC3261_10_3_keeps_several_bindings_and_hides_each_from_the_other) {
  say(iphone);
  auto const outcome = say(desk);
  ASSERT_EQ(outcome.bindings.size(), 2U);
  EXPECT_EQ(outcome.bindings[0].contact.find("pn-"), std::string::npos) << outcome.bindings[0].contact;
  EXPECT_EQ(outcome.push_providers, model::PushProviders{});
  EXPECT_EQ(outcome.reachable, std::vector<InstanceId>{InstanceId{desk_uuid}});
}

TEST_F(Registry, RFC3261_10_3_step_7_refuses_an_old_cseq) {
  say(desk);
  desk.cseq -= 1;
  EXPECT_EQ(say(desk).status, 500);
  desk.call_id = "another";
  desk.cseq = 0;
  EXPECT_EQ(say(desk).status, 200) << "another Call-ID is a restarted client";
}

TEST_F(Registry, RFC3261_10_3_step_7_refuses_too_brief_intervals) {
  auto const outcome = say(desk, 30s);
  EXPECT_EQ(outcome.status, 423);
  EXPECT_EQ(outcome.min_expires, policy.expires_least);
  EXPECT_TRUE(kept.bindings.empty());
  EXPECT_EQ(say(desk, 90s).status, 200);
  EXPECT_EQ(say(desk, 10 * 24h).bindings[0].expires, policy.expires_most);
}

TEST_F(Registry, RFC8599_4_1_wants_time_for_a_push_before_the_end) {
  auto const outcome = say(iphone, 90s);
  EXPECT_EQ(outcome.status, 423);
  EXPECT_EQ(outcome.min_expires, policy.expires_least_with_push);
}

TEST_F(Registry, RFC8599_refuses_a_provider_that_nobody_serves) {
  offer.apns = false;
  EXPECT_EQ(say(iphone).status, 555);
  offer = {};
  auto const outcome = say(iphone);
  EXPECT_EQ(outcome.status, 200) << "B-PUSH-0: switched off, clients sign in as ever";
  EXPECT_EQ(outcome.push_providers, model::PushProviders{});
  EXPECT_EQ(device().voip.token, "aa") << "and need not sign in again when it is switched on";
}

TEST_F(Registry, B_CALL_7_each_environment_of_apns_needs_a_credential) {
  offer.apns_sandbox = false;
  Client sandbox{.contact = "<sip:juliet@192.0.2.1;pn-provider=apns.dev>"};
  EXPECT_EQ(say(sandbox).status, 555);
  Client query{.contact = "<sip:juliet@192.0.2.1;pn-provider>", .call_id = "call-2"};
  EXPECT_EQ(say(query).push_providers, (model::PushProviders{.apns = true, .fcm = true}));
}

TEST_F(Registry, RFC8599_answers_a_query) {
  Client query{.contact = "<sip:juliet@192.0.2.1;pn-provider>"};
  EXPECT_EQ(say(query).push_providers, (model::PushProviders{.apns = true, .apns_sandbox = true, .fcm = true}));
  Client apns{.contact = "<sip:juliet@192.0.2.1;pn-provider=apns>", .call_id = "call-2"};
  EXPECT_EQ(say(apns).push_providers, model::PushProviders{.apns = true});
  Client other{.contact = "<sip:juliet@192.0.2.1;pn-provider=acme>"};
  EXPECT_EQ(say(other).status, 555);
  EXPECT_TRUE(kept.devices.empty()) << "a query never makes a device that could be pushed";
}

// RFC 8599 section 5.6.1.1: sip.pnsreg is for a client that says it can refresh by itself.
TEST_F(Registry, RFC8599_pnsreg_is_told_to_who_asks) {
  EXPECT_FALSE(say(iphone).push_providers.with_pnsreg);
  iphone.contact += ";+sip.pnsreg";
  EXPECT_TRUE(say(iphone).push_providers.with_pnsreg);
}

TEST_F(Registry, un_register_without_pn_prid_ends_calls) {
  say(iphone);
  iphone.contact = std::string("<sip:juliet@192.0.2.1;transport=tcp>;+sip.instance=\"<urn:uuid:") + iphone_uuid + ">\"";
  auto const outcome = say(iphone, 0s);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_TRUE(kept.bindings.empty());
  EXPECT_EQ(outcome.signed_out, std::vector<InstanceId>{InstanceId{iphone_uuid}});
  EXPECT_FALSE(device().services.call);
  EXPECT_TRUE(device().services.im);
  EXPECT_TRUE(device().voip.token.empty());
  EXPECT_EQ(device().message.token, "bb") << "messages still use it";
}

// Two homes, each with a phone at the same private address: none takes the other's place, nor signs it out.
TEST_F(Registry, B_SIGN_3_devices_with_equal_contact_uris_are_two) {
  Client other{.contact = iphone.contact, .call_id = "call-3", .remote = "udp 198.51.100.1:5060"};
  other.contact.replace(other.contact.find(iphone_uuid), 36, "cccccccc-0000-4000-8000-000000000003");
  other.contact.replace(other.contact.find("BB:remote&AA"), 12, "DD:remote&CC");
  say(iphone);
  EXPECT_EQ(say(other).bindings.size(), 2U);
  EXPECT_EQ(say(iphone).bindings.size(), 2U);
  EXPECT_EQ(say(other, 0s).signed_out, std::vector<InstanceId>{InstanceId{"cccccccc-0000-4000-8000-000000000003"}});
  ASSERT_EQ(kept.bindings.size(), 1U);
  EXPECT_EQ(kept.bindings[0].instance.value, iphone_uuid);
  EXPECT_TRUE(device().services.call);
  EXPECT_EQ(device().voip.token, "aa");
}

// RFC 8599 section 5.3: the pn-* of clients that have no instance must match.
TEST_F(Registry, RFC8599_5_3_clients_without_an_instance_are_told_by_their_pn_parameters) {
  auto const contact = [](std::string const& token) {
    return "<sip:juliet@192.0.2.1;pn-provider=fcm;pn-param=project;pn-prid=" + token + ">";
  };
  Client one{.contact = contact("token-of-one"), .call_id = "call-1"};
  Client two{.contact = contact("token-of-two"), .call_id = "call-2", .remote = "udp 198.51.100.1:5060"};
  say(one);
  EXPECT_EQ(say(two).bindings.size(), 2U);
  // Without its token it is told by its Call-ID.
  two.contact = "<sip:juliet@192.0.2.1>";
  say(two, 0s);
  ASSERT_EQ(kept.bindings.size(), 1U);
  EXPECT_EQ(kept.bindings[0].call_id, "call-1");
  // And with another it is the same client.
  one.contact = contact("another-token-of-one");
  EXPECT_EQ(say(one).bindings.size(), 1U);
}

TEST_F(Registry, star_removes_all_and_only_with_expires_0) {
  say(iphone);
  say(desk);
  RegisterRequest star{.call_id = "call-9", .cseq = 1, .kind = ContactsKind::all};
  EXPECT_EQ(on_register(kept, star, policy, offer, now).status, 400);
  star.expires = 0s;
  star.call_id = "call-2";
  EXPECT_EQ(on_register(kept, star, policy, offer, now).status, 500) << "the CSeq is not higher";
  EXPECT_EQ(kept.bindings.size(), 2U);
  star.cseq = 9;
  auto const outcome = on_register(kept, star, policy, offer, now);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.signed_out.size(), 2U);
  EXPECT_TRUE(kept.bindings.empty());
}

TEST_F(Registry, several_contacts_are_done_all_or_none) {
  RegisterRequest request{.call_id = "c", .cseq = 1, .kind = ContactsKind::listed};
  request.contacts = {contact_of("<sip:a@192.0.2.1>"), contact_of("<sip:a@192.0.2.2>;expires=5")};
  request.contacts[1].expires = 5s;
  EXPECT_EQ(on_register(kept, request, policy, offer, now).status, 423);
  EXPECT_TRUE(kept.bindings.empty());
  request.contacts[1].expires = 500s;
  EXPECT_EQ(on_register(kept, request, policy, offer, now).status, 200);
  EXPECT_EQ(kept.bindings.size(), 2U);
}

TEST_F(Registry, keeps_no_more_bindings_than_the_policy_says) {
  for (std::size_t i = 0; i < policy.most_bindings; ++i) {
    Client client{.contact = "<sip:juliet@192.0.2." + std::to_string(i + 1) + ">"};
    EXPECT_EQ(say(client).status, 200);
  }
  Client more{.contact = "<sip:juliet@192.0.2.200>"};
  EXPECT_EQ(say(more).status, 403);
}

TEST_F(Registry, RFC5626_reg_id_without_an_instance_is_ignored) {
  Client old{.contact = "<sip:juliet@192.0.2.9:5072>;reg-id=1", .call_id = "call-3", .remote = "udp 192.0.2.9:5072"};
  for (int i = 0; i < 20; ++i) EXPECT_EQ(say(old).status, 200);
  ASSERT_EQ(kept.bindings.size(), 1U);
  EXPECT_EQ(kept.bindings[0].reg_id, 0U);
  old.cseq -= 2;
  EXPECT_EQ(say(old).status, 500) << "CSeq out of order";
  old.cseq += 2;
  EXPECT_TRUE(say(old, 0s).bindings.empty());
  EXPECT_TRUE(kept.bindings.empty());
}

TEST_F(Registry, RFC5626_reg_id_names_the_flow_whatever_the_contact) {
  desk.contact += ";reg-id=1";
  say(desk);
  desk.contact.replace(desk.contact.find("5070"), 4, "5099");
  say(desk);
  ASSERT_EQ(kept.bindings.size(), 1U);
  EXPECT_NE(kept.bindings[0].contact.find("5099"), std::string::npos);
  desk.contact.replace(desk.contact.find("reg-id=1"), 8, "reg-id=2");
  say(desk);
  EXPECT_EQ(kept.bindings.size(), 2U);
}

TEST_F(Registry, B_SIGN_2_a_token_can_be_taken_from_its_holder) {
  say(iphone);
  EXPECT_TRUE(take_token(kept, InstanceId{iphone_uuid}, "aa"));
  EXPECT_TRUE(device().voip.token.empty());
  EXPECT_FALSE(take_token(kept, InstanceId{iphone_uuid}, "aa"));
  EXPECT_FALSE(take_token(kept, InstanceId{desk_uuid}, "aa"));
}

TEST_F(Registry, B_SIGN_2_letter_case_makes_no_other_token_of_apples_and_does_of_googles) {
  say(iphone);
  auto const named = [&](Provider provider, std::string token) {
    return merge(kept, {.instance = InstanceId{iphone_uuid}, .provider = provider, .voip_token = std::move(token)}, now)
        .claimed_tokens;
  };
  EXPECT_TRUE(named(Provider::apns, "Aa").empty());
  EXPECT_EQ(named(Provider::apns, "Ab"), std::vector<std::string>{"ab"});
  EXPECT_EQ(named(Provider::fcm, "Ab"), std::vector<std::string>{"Ab"});
}

TEST_F(Registry, B_SIGN_2_xmpp_and_sip_are_one_device) {
  say(iphone);
  DeviceUpdate enable{
      .instance = InstanceId{iphone_uuid}, .message_token = "DD", .uses_im = true, .away_in_background = true};
  auto const merged = merge(kept, enable, now);
  EXPECT_EQ(kept.devices.size(), 1U);
  EXPECT_EQ(merged.claimed_tokens, std::vector<std::string>{"dd"});
  EXPECT_EQ(device().voip.token, "aa");
  EXPECT_EQ(device().message.token, "dd");
}

TEST_F(Registry, B_SIGN_3_a_410_counts_only_when_it_is_later_than_the_registration) {
  say(iphone);
  PushReceipt gone{.state = PushState::refused, .token = TokenVerdict::dead, .dead_since = now - 5s, .at = now};
  EXPECT_FALSE(on_token_verdict(kept, InstanceId{iphone_uuid}, "aa", gone, {}));
  gone.dead_since = now + 5s;
  EXPECT_FALSE(on_token_verdict(kept, InstanceId{iphone_uuid}, "zz", gone, {})) << "another token by now";
  EXPECT_TRUE(on_token_verdict(kept, InstanceId{iphone_uuid}, "aa", gone, {}));
  EXPECT_FALSE(is_usable(device().voip, now + 10s));
  now += 60s;
  say(iphone);
  EXPECT_FALSE(is_usable(device().voip, now)) << "a refresh says nothing new";
  iphone.call_id = "restarted";
  say(iphone);
  EXPECT_TRUE(is_usable(device().voip, now)) << "the app was started again and stands by its token";
}

TEST_F(Registry, B_SIGN_3_the_newest_registration_counts_for_a_410) {
  say(iphone);
  auto const first = now;
  now += 10min;
  say(iphone);
  EXPECT_EQ(device().voip.since, first) << "it only extends its binding";
  now += 10min;
  iphone.call_id = "started again";
  EXPECT_EQ(say(iphone).durability, Durability::lazily);
  EXPECT_EQ(device().voip.since, now);
  PushReceipt const gone{
      .state = PushState::refused, .token = TokenVerdict::dead, .dead_since = first + 15min, .at = now};
  EXPECT_FALSE(on_token_verdict(kept, InstanceId{iphone_uuid}, "aa", gone, {}));
  EXPECT_TRUE(is_usable(device().voip, now)) << "the app stands by its token since then";
}

TEST_F(Registry, B_SIGN_3_other_errors_quarantine) {
  say(iphone);
  PushReceipt bad{.state = PushState::refused, .token = TokenVerdict::quarantined, .at = now};
  EXPECT_TRUE(on_token_verdict(kept, InstanceId{iphone_uuid}, "aa", bad, {}));
  EXPECT_FALSE(is_usable(device().voip, now + 24h));
  EXPECT_TRUE(is_usable(device().voip, now + 8 * 24h));
}

TEST_F(Registry, B_SIGN_5_a_phone_asleep_overnight_stays_reachable) {
  say(iphone);
  now += 12h;
  auto const swept = sweep(kept, {}, now);
  EXPECT_TRUE(swept.changed);
  EXPECT_TRUE(kept.bindings.empty());
  EXPECT_TRUE(swept.signed_out.empty());
  EXPECT_TRUE(device().services.call);
  EXPECT_FALSE(sweep(kept, {}, now).changed);
  now += 90 * 24h;
  EXPECT_EQ(sweep(kept, {}, now).signed_out.size(), 1U);
  EXPECT_TRUE(kept.devices.empty());
}

TEST_F(Registry, B_SIGN_5_a_third_party_client_is_not_pushed_after_expiry) {
  Client linphone{.contact = "<sip:juliet@192.0.2.1;pn-prid=tok:voip;pn-provider=apns;pn-param=TEAM.org.app.voip>"};
  EXPECT_EQ(say(linphone).status, 200);
  EXPECT_TRUE(is_third_party(device()));
  EXPECT_FALSE(device().instance.empty()) << "without +sip.instance the token names the device";
  now += 2h;
  EXPECT_EQ(sweep(kept, {}, now).signed_out.size(), 1U);
  EXPECT_FALSE(device().services.call);
}

TEST_F(Registry, B_SIGN_5_nor_when_another_device_registers_before_the_sweep) {
  Client linphone{.contact = "<sip:juliet@192.0.2.1;pn-prid=tok:voip;pn-provider=apns;pn-param=TEAM.org.app.voip>"};
  say(linphone);
  say(iphone);
  now += 2h;
  auto const outcome = say(desk);
  EXPECT_EQ(outcome.signed_out, std::vector{device(0).instance});
  EXPECT_FALSE(device(0).services.call);
  EXPECT_TRUE(device(1).services.call) << "ours stays";
  EXPECT_TRUE(say(linphone).signed_out.empty());
  EXPECT_TRUE(device(0).services.call) << "it is back";
  now += 2h;
  EXPECT_EQ(say(linphone).signed_out, std::vector{device(2).instance}) << "its own expiry is none when it comes late";
  EXPECT_TRUE(device(0).services.call);
}

TEST_F(Registry, B_MODE_4_the_mode_header_is_heard_on_any_register) {
  say(iphone, {}, Mode::background);
  EXPECT_EQ(device().reported_mode, Mode::background);
  EXPECT_EQ(say(iphone).durability, Durability::none);
  EXPECT_EQ(device().reported_mode, Mode::background) << "silence changes nothing";
  RegisterRequest bare{.call_id = "x", .cseq = 1, .remote = iphone.remote, .mode = Mode::foreground};
  EXPECT_EQ(on_register(kept, bare, policy, offer, now).durability, Durability::lazily);
  EXPECT_EQ(device().reported_mode, Mode::foreground);
}

struct TokenCase {
  char const* parameters;
  PushWish wish;
  char const* voip;
  char const* message;
};

TEST_F(Registry, reads_every_form_of_pn_parameters) {
  TokenCase const cases[] = {
      {"pn-provider=apns;pn-param=T.b.c.voip;pn-prid=A", PushWish::request, "A", ""},
      {"pn-provider=apns;pn-param=T.b.c.voip;pn-prid=A:voip", PushWish::request, "A", ""},
      {"pn-provider=apns;pn-param=T.b.c.remote;pn-prid=B", PushWish::request, "", "B"},
      {"pn-provider=apns;pn-param=T.b.c;pn-prid=B", PushWish::request, "", "B"},
      {"pn-provider=apns.dev;pn-param=T.b.voip&remote;pn-prid=A:voip&B:remote", PushWish::request, "A", "B"},
      {"pn-provider=apns;pn-param=T.b.remote&voip;pn-prid=B:remote&A:voip", PushWish::request, "A", "B"},
      {"pn-provider=apns;pn-param=T.b.voip%26remote;pn-prid=A%3Avoip&B%3Aremote", PushWish::request, "A", "B"},
      {"pn-provider=fcm;pn-param=project;pn-prid=a:b:c", PushWish::request, "a:b:c", "a:b:c"},
      {"pn-provider=fcm;pn-prid=a", PushWish::unsupported, "", ""},
      {"pn-provider=apns;pn-param=T.b.voip&voip;pn-prid=A:voip", PushWish::unsupported, "", ""},
      {"pn-provider=apns;pn-param=T.b.voip&remote;pn-prid=A", PushWish::unsupported, "", ""},
      {"pn-provider=apns;pn-param=T.b.voip&remote;pn-prid=A:voip&B:voip", PushWish::unsupported, "", ""},
      {"pn-provider=apns;pn-param=T;pn-prid=A", PushWish::unsupported, "", ""},
      {"pn-provider=apns;pn-param=T.b.voip;pn-prid=", PushWish::unsupported, "", ""},
      {"pn-provider=webpush;pn-prid=https", PushWish::unsupported, "", ""},
  };
  for (auto const& one : cases) {
    auto const contact = contact_of(std::string("<sip:u@h;") + one.parameters + ">");
    EXPECT_EQ(contact.wish, one.wish) << one.parameters;
    EXPECT_EQ(contact.device.voip_token.value_or(""), one.voip) << one.parameters;
    EXPECT_EQ(contact.device.message_token.value_or(""), one.message) << one.parameters;
  }
}

TEST_F(Registry, B_TABLE_3_a_shared_channel_is_the_voip_one) {
  auto const contact = contact_of(
      "<sip:u@h;pn-provider=apns;pn-param=T.b.remote;pn-prid=A>;reveille-channels=\"shared\";reveille-os=\"ios/12.5\"");
  EXPECT_EQ(contact.device.layout, ChannelLayout::shared);
  EXPECT_EQ(contact.device.voip_token, "A");
}

TEST_F(Registry, hides_private_parameters) {
  EXPECT_EQ(model::request_uri_to("sip:u@h;method=INVITE;transport=tcp;pn-prid=A?Subject=x"), "sip:u@h;transport=tcp");
  EXPECT_EQ(model::request_uri_to("tel:+4930"), "tel:+4930");
  EXPECT_EQ(model::without_private_parameters("sip:u@h;transport=tcp;PN-prid=A;reveille-os=ios;ob"),
            "sip:u@h;transport=tcp;ob");
}

}  // namespace
}  // namespace reveille::decide
