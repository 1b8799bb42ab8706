#include "base/encoding.hpp"
#include "base/packing.hpp"
#include "base/random.hpp"
#include "model/account.hpp"
#include "model/contact.hpp"
#include "model/device.hpp"
#include "model/packed_bindings.hpp"
#include "model/push.hpp"
#include "model/trace.hpp"

#include <gtest/gtest.h>

namespace reveille::model {
namespace {

Instant const now = from_unix_seconds(1'800'000'000);

Registrations a_phone() {
  Device const device{.instance = InstanceId{"00000000-0000-4000-8000-0000000000a1"},
                      .app = "org.example.phone",
                      .platform = Platform::ios,
                      .os_version = "18.0",
                      .provider = Provider::apns,
                      .team = "TEAM012345",
                      .voip = {.token = std::string(64, 'a'), .since = now, .dead_since = now + 5s},
                      .message = {.token = std::string(64, 'b'), .since = now},
                      .services = {.call = true, .im = true},
                      .away_in_background = true,
                      .reported_mode = Mode::background,
                      .mode_since = now,
                      .seen_at = now};
  Binding const binding{.contact = "sip:juliet@192.0.2.7:5061;transport=tls;pn-provider=apns;pn-prid=x:voip",
                        .call_id = "c1@phone",
                        .cseq = 7,
                        .expires_at = now + 3600s,
                        .stored_until = now + 7200s,
                        .instance = device.instance,
                        .path = {"<sip:edge.example;lr>"},
                        .remote = "tls 192.0.2.7:40000"};
  return {.devices = {device}, .bindings = {binding}};
}

TEST(Record, ComesBackAsItWas) {
  auto const packed = pack(a_phone());
  EXPECT_LT(packed.size(), 530U);
  auto const back = unpack_registrations(packed);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, a_phone());
}

TEST(Record, OnlyAnInstanceThatIsNoUuidTakesMoreRoom) {
  auto phone = a_phone();
  auto const usual = pack(phone);
  auto& written = phone.bindings[0].written_instance;
  for (std::string const text : {"", "urn:gsma:imei:90420156-025763-0"}) {
    written = text;
    auto const packed = pack(phone);
    EXPECT_EQ(unpack_registrations(packed), phone);
    EXPECT_EQ(packed.size(), usual.size() + (text.empty() ? 0 : text.size() + 1));
    auto const places = refresh_places(packed, phone, phone.bindings[0].contact, phone.bindings[0].instance);
    ASSERT_TRUE(places);
    auto const view = PackedBindings(packed, *places).next();
    EXPECT_EQ(view->written_instance, text);
    EXPECT_EQ(view->q_thousandths, 1000);
  }
  // As version 2 wrote it.
  auto before = usual;
  before[0] = 2;
  EXPECT_EQ(unpack_registrations(before), a_phone());
  EXPECT_TRUE(refresh_places(before, a_phone(), phone.bindings[0].contact, phone.bindings[0].instance));
}

// As version 1 wrote it, with tokens as text.
TEST(Record, OfTheVersionBeforeIsReadToo) {
  Packer out;
  out.number(1);
  out.number(1);
  out.uuid("00000000-0000-4000-8000-0000000000a1");
  out.text("org.example.phone");
  out.number(1);
  out.text("18.0");
  out.number(1);
  out.number(0);
  out.text("TEAM012345");
  out.text("");
  out.number(0);
  out.text("00fc13ad");
  for (auto const at : {now, Instant{}, Instant{}}) out.instant(at);
  out.text("");
  out.number(1);
  out.text("");
  out.text("");
  out.number(1);
  out.instant(Instant{});
  out.instant(now);
  out.uuid("");
  out.instant(Instant{});
  out.text("");
  out.number(0);
  auto const read = unpack_registrations(out.take());
  ASSERT_TRUE(read);
  auto const& device = read->devices.at(0);
  EXPECT_EQ(device.voip, (Channel{.token = "00fc13ad", .since = now}));
  EXPECT_EQ(device.message, Channel{});
  EXPECT_EQ(device.seen_at, now);
  EXPECT_EQ(unpack_registrations(pack(*read)), *read);
}

TEST(Record, EveryTruncationIsNoticed) {
  auto const packed = pack(a_phone());
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_FALSE(unpack_registrations(packed.substr(0, size))) << size;
  EXPECT_FALSE(unpack_registrations(packed + "x"));
}

TEST(Record, RandomBytesNeverCrash) {
  SeededRandom random{3};
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = random.hex(1 + random.number() % 100);
    bytes[0] = 1;
    (void)unpack_registrations(bytes);
    (void)unpack_verifier(bytes);
  }
}

TEST(Verifier, Rfc7677SectionThree) {
  auto const salt = decode_base64("W22ZaJ0SNY7soEsUEjb6gQ==");
  auto const verifier = derive_verifier(AccountId{"user@localhost"}, Secret{"pencil"}, *salt, 4096);
  EXPECT_EQ(encode_base64(verifier.scram_sha256.stored_key), "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
  EXPECT_EQ(encode_base64(verifier.scram_sha256.server_key), "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  EXPECT_EQ(unpack_verifier(pack(verifier)), verifier);
}

TEST(Contact, LeadsToThePortThatItNamesAtTheAddressOfItsRegister) {
  auto const way = [](std::string_view contact, std::string_view remote) {
    return way_by_contact(contact, remote).value_or("none");
  };
  EXPECT_EQ(way("sip:j@192.0.2.1:7000", "udp 192.0.2.1:40000"), "udp 192.0.2.1:7000");
  EXPECT_EQ(way("sip:j@192.0.2.1", "udp 192.0.2.1:40000 at 203.0.113.9"), "udp 192.0.2.1:5060 at 203.0.113.9");
  EXPECT_EQ(way("sip:j@[2001:DB8::1]:7000", "udp [2001:db8::1]:40000"), "udp [2001:db8::1]:7000");
  EXPECT_EQ(way("sip:j@192.0.2.1:7000;transport=TCP", "tcp 192.0.2.1:40000"), "tcp 192.0.2.1:7000");
  for (auto const* contact :
       {"sip:j@10.0.0.1:7000", "sip:j@phone.example:7000", "sip:j@192.0.2.1:7000;transport=tcp",
        "sips:j@192.0.2.1:7000", "sip:j@192.0.2.1:7000;maddr=198.51.100.7", "sip:j@192.0.2.1:0", "tel:1", ""})
    EXPECT_EQ(way(contact, "udp 192.0.2.1:40000"), "none") << contact;
  EXPECT_EQ(way("sip:j@192.0.2.1:22;transport=tcp", "tcp 192.0.2.1:40000"), "none") << "no phone listens there";
  EXPECT_EQ(way("sip:j@192.0.2.1:7000;transport=tls", "tls 192.0.2.1:40000"), "none") << "whose certificate is that?";
  EXPECT_EQ(way("sip:j@192.0.2.1:7000", ""), "none");
}

TEST(Account, IsReadAsAnAdministratorTypesIt) {
  EXPECT_EQ(parse_account(" sip:Juliet@Example.ORG ")->value, "juliet@example.org");
  for (auto text : {"", "juliet", "@x", "juliet@", "ju liet@x", "a@b@c", "juliet@-x", "jul\"iet@x"})
    EXPECT_FALSE(parse_account(text)) << text;
}

TEST(Device, StateFollowsServicesLifeAndMode) {
  auto device = a_phone().devices[0];
  EXPECT_EQ(state_of(device, {}), DeviceState::suspended);
  EXPECT_EQ(state_of(device, {.sip_flow = true}), DeviceState::background);
  device.reported_mode = Mode::foreground;
  EXPECT_EQ(state_of(device, {.xmpp_stream = true}), DeviceState::foreground);
  EXPECT_EQ(state_of(device, {.sip_flow = true, .xmpp_stream = true, .inactive = true}), DeviceState::background);
  device.services = {};
  EXPECT_EQ(state_of(device, {.sip_flow = true}), DeviceState::signed_out);
  EXPECT_EQ(os_major(device), 18U);
  EXPECT_EQ(os_major({.os_version = "x"}), 1000U);
}

TEST(Push, TheSameWordsGiveTheSameUuid) {
  auto const one = derive_uuid("push", {"call-1", "device-1"});
  EXPECT_EQ(one, derive_uuid("push", {"call-1", "device-1"}));
  EXPECT_NE(one, derive_uuid("push", {"call-1d", "evice-1"}));
  EXPECT_NE(one, derive_uuid("call", {"call-1", "device-1"}));
  EXPECT_TRUE(is_uuid(one)) << one;
}

TEST(Names, GoBothWays) {
  EXPECT_EQ(push_state_named("taken_back"), PushState::taken_back);
  EXPECT_EQ(name_of(Why::registered_after_push), "registered_after_push");
  EXPECT_FALSE(platform_named("IOS"));
  EXPECT_TRUE(is_end(TraceKind::call, Milestone::interrupted));
  EXPECT_FALSE(is_end(TraceKind::call, Milestone::ringing));
}

}  // namespace
}  // namespace reveille::model
