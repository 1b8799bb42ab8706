#include "wire/sdp/offer_answer.hpp"
#include "wire/sdp/session.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace reveille::sdp {
namespace {

std::string const phone =
    "v=0\r\n"
    "o=juliet 123 1 IN IP4 192.0.2.7\r\n"
    "s=Talk\r\n"
    "c=IN IP4 192.0.2.7\r\n"
    "b=AS:380\r\n"
    "t=0 0\r\n"
    "a=rtcp-xr:rcvr-rtt=all:10000\r\n"
    "m=audio 7078 RTP/SAVP 96 0 8 101\r\n"
    "a=rtpmap:96 opus/48000/2\r\n"
    "a=fmtp:96 useinbandfec=1\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "a=crypto:1 AES_CM_256_HMAC_SHA1_80 inline:bG9uZw==|2^31\r\n"
    "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:a2Rycg== KDR=0\r\n"
    "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:bWtp|1:4\r\n"
    "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=|2^31\r\n"
    "a=rtcp-mux\r\n"
    "a=ptime:20\r\n"
    "m=video 9078 RTP/SAVP 97\r\n"
    "c=IN IP6 2001:db8::7\r\n"
    "a=rtpmap:97 VP8/90000\r\n"
    "a=recvonly\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:dmlkZW8=\r\n"
    "m=message 9 TCP/MSRP *\r\n";

Session read(std::string_view text) {
  auto const parsed = parse_session(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : name_of(parsed.error())) << "\n" << text;
  return parsed.value_or(Session{});
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  auto const at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

TEST(Sdp, ReadsASoftphonesOffer) {
  auto const session = read(phone);
  EXPECT_EQ(session.origin.session_id, 123U);
  ASSERT_EQ(session.media.size(), 3U);
  auto const& audio = session.media[0];
  EXPECT_EQ(audio.port, 7078);
  EXPECT_TRUE(audio.is_secure());
  ASSERT_EQ(audio.codecs.size(), 4U);
  EXPECT_EQ(audio.codecs[0], (Codec{96, "opus", 48000, 2, "useinbandfec=1"}));
  EXPECT_EQ(audio.codecs[1], (Codec{0, "PCMU", 8000, 1, ""})) << "without rtpmap, by RFC 3551";
  ASSERT_EQ(audio.crypto.size(), 4U);
  EXPECT_EQ(audio.crypto[0], (Crypto{1, "AES_CM_256_HMAC_SHA1_80", "bG9uZw==", "|2^31"}));
  EXPECT_EQ(audio.crypto[1].parameters, " KDR=0");
  EXPECT_TRUE(audio.rtcp_mux);
  EXPECT_EQ(audio.direction, Direction::sendrecv);
  EXPECT_EQ(session.connection_of(audio)->address, "192.0.2.7");
  EXPECT_EQ(session.media[1].direction, Direction::recvonly);
  EXPECT_EQ(session.connection_of(session.media[1])->kind, AddressKind::ipv6);
  EXPECT_EQ(session.media[2].kind, MediaKind::other);
  EXPECT_EQ(session.media[2].formats, (std::vector<std::string>{"*"}));
  EXPECT_EQ(session.active(MediaKind::video), &session.media[1]);
}

TEST(Sdp, WritesWhatItRead) {
  auto const session = read(phone);
  EXPECT_EQ(read(format_session(session)), session);
  auto const refused = read(replaced(phone, "m=video 9078", "m=video 0"));
  EXPECT_EQ(read(format_session(refused)), refused);
}

TEST(Sdp, ADirectionAtTheTopIsForAllStreams) {
  auto const session = read(replaced(phone, "t=0 0\r\n", "t=0 0\r\na=sendonly\r\n"));
  EXPECT_EQ(session.media[0].direction, Direction::sendonly);
  EXPECT_EQ(session.media[1].direction, Direction::recvonly);
}

TEST(Sdp, TakesLineFeedsAloneAndABlankLineAtTheEnd) {
  EXPECT_EQ(read("v=0\no=- 1 1 IN IP4 h\ns=-\nc=IN IP4 224.2.1.1/127\nt=0 0\nm=audio 4/2 RTP/AVP 0\n\n").media[0].port,
            4);
}

TEST(Sdp, NothingWrittenCanAddALine) {
  auto session = read(phone);
  session.name = "x\r\na=evil";
  session.media[0].attributes.push_back({.name = "a\nb", .value = "c\rd"});
  EXPECT_EQ(format_session(session).find("\r\na=evil"), std::string::npos);
  EXPECT_EQ(format_session(session).find("\nb"), std::string::npos);
}

struct Bad {
  std::string_view from;
  std::string_view to;
  SdpFault fault;
};

TEST(Sdp, RefusesHostileForms) {
  using enum SdpFault;
  std::vector<Bad> const cases{{"v=0", "v=1", version},
                               {"v=0\r\n", "", order},
                               {"v=0", "v=0\r\nv=0", order},
                               {"s=Talk\r\n", "", order},
                               {"t=0 0\r\n", "", order},
                               {"t=0 0", "t=0", timing},
                               {"t=0 0", "t=-1 0", timing},
                               {"o=juliet 123 1", "o=juliet x 1", origin},
                               {"o=juliet 123 1", "o=juliet 99999999999999999999 1", origin},
                               {"IN IP4 192.0.2.7\r\ns", "IN IP4\r\ns", origin},
                               {"c=IN IP4 192.0.2.7", "c=IN IP5 192.0.2.7", connection},
                               {"c=IN IP4 192.0.2.7", "c=IN IP4 1 2", connection},
                               {"c=IN IP4 192.0.2.7\r\n", "", connection},
                               {"m=audio 7078", "m=audio 65536", media},
                               {"m=audio 7078", "m=audio -1", media},
                               {"SAVP 96 0 8 101", "SAVP 96 128", media},
                               {"SAVP 96 0 8 101", "SAVP", media},
                               {"SAVP 96 0 8 101", "SAVP opus", media},
                               {"opus/48000/2", "opus", attribute},
                               {"opus/48000/2", "opus/48000/0", attribute},
                               {"opus/48000/2", "opus/48000/256", attribute},
                               {"inline:bG9uZw==", "bG9uZw==", attribute},
                               {"crypto:1 AES", "crypto:x AES", attribute},
                               {"a=ptime:20", "a=:20", attribute},
                               {"a=ptime:20", "ptime", line},
                               {"a=ptime:20", "", line},
                               {"a=ptime:20", "a=p\rtime", line}};
  for (auto const& one : cases) {
    auto const parsed = parse_session(replaced(phone, one.from, one.to));
    ASSERT_FALSE(parsed) << one.from << " → " << one.to;
    EXPECT_EQ(name_of(parsed.error()), name_of(one.fault)) << one.from << " → " << one.to;
  }
  EXPECT_FALSE(parse_session(""));
}

TEST(Sdp, IsBounded) {
  auto many = phone;
  for (int i = 0; i < 16; ++i) many += "m=audio 0 RTP/AVP 0\r\n";
  EXPECT_EQ(parse_session(many).error(), SdpFault::too_large);
  auto lines = phone;
  for (int i = 0; i < 1000; ++i) lines += "a=x\r\n";
  EXPECT_EQ(parse_session(lines).error(), SdpFault::too_large);
  EXPECT_EQ(parse_session(phone + "a=" + std::string(70'000, 'x')).error(), SdpFault::too_large);
}

LocalMedia caller(Security security) {
  return {
      .origin = {.session_id = 1, .version = 1, .connection = {.address = "10.0.0.1"}},
      .connection = {.address = "10.0.0.1"},
      .security = security,
      .streams = {
          {.kind = MediaKind::audio,
           .port = 4000,
           .codecs = {{96, "opus", 48000, 2, ""}, {0, "PCMU", 8000, 1, ""}, {101, "telephone-event", 8000, 1, "0-15"}},
           .key = "Y2FsbGVy"},
          {.kind = MediaKind::video, .port = 4002, .codecs = {{97, "H264", 90000, 1, ""}}, .key = "Y2FsbGVydg=="}}};
}

LocalMedia callee(Security security) {
  return {.origin = {.session_id = 2, .version = 1, .connection = {.address = "10.0.0.2"}},
          .connection = {.address = "10.0.0.2"},
          .security = security,
          .streams = {{.kind = MediaKind::audio,
                       .port = 5000,
                       .codecs = {{0, "pcmu", 8000, 1, ""}, {110, "OPUS", 48000, 2, ""}},
                       .key = "Y2FsbGVl"}}};
}

TEST(OfferAnswer, TakesOurPreferenceWithTheOffersPayloadTypes) {
  auto const offer = make_offer(caller(Security::none));
  auto const answer = make_answer(offer, callee(Security::none));
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->media.size(), 2U);
  ASSERT_EQ(answer->media[0].codecs.size(), 2U);
  EXPECT_EQ(answer->media[0].codecs[1].payload_type, 96);
  EXPECT_EQ(answer->media[1].port, 0) << "no video here";
  auto const mine = agreed(offer, *answer);
  auto const theirs = agreed(*answer, offer);
  ASSERT_EQ(mine.size(), 1U);
  ASSERT_EQ(theirs.size(), 1U);
  EXPECT_EQ(mine[0].send.payload_type, 0);
  EXPECT_EQ(mine[0].remote.address, "10.0.0.2");
  EXPECT_EQ(mine[0].remote_port, 5000);
  EXPECT_EQ(theirs[0].remote_port, 4000);
  EXPECT_FALSE(mine[0].local_crypto);
}

TEST(OfferAnswer, AgreesOnKeysWhereSignallingIsTls) {
  auto const offer = make_offer(caller(Security::required));
  EXPECT_EQ(offer.media[0].protocol, "RTP/SAVP");
  auto const answer = make_answer(read(format_session(offer)), callee(Security::optional));
  ASSERT_TRUE(answer);
  auto const mine = agreed(offer, *answer);
  ASSERT_EQ(mine.size(), 1U);
  EXPECT_EQ(mine[0].local_crypto->key, "Y2FsbGVy");
  EXPECT_EQ(mine[0].remote_crypto->key, "Y2FsbGVl");
}

TEST(OfferAnswer, TakesTheKeyThatItCanHonourByItsTag) {
  auto const answer = make_answer(read(phone), callee(Security::required));
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->media.size(), 3U);
  EXPECT_EQ(answer->media[0].crypto[0].tag, 4U);
  EXPECT_TRUE(answer->media[0].rtcp_mux);
  EXPECT_EQ(answer->media[2].port, 0);
  EXPECT_EQ(answer->media[2].protocol, "TCP/MSRP");
}

TEST(OfferAnswer, AttributesStandWhereAStreamIsTaken) {
  auto local = callee(Security::none);
  local.streams[0].attributes = {{.name = "ptime", .value = "20"}};
  EXPECT_EQ(make_offer(local).media[0].attributes, local.streams[0].attributes);
  auto const answer = make_answer(make_offer(caller(Security::none)), local);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->media[0].attributes, local.streams[0].attributes);
  EXPECT_TRUE(answer->media[1].attributes.empty()) << "refused";
}

TEST(OfferAnswer, RefusesWhatHasNothingInCommon) {
  EXPECT_FALSE(make_answer(make_offer(caller(Security::none)), callee(Security::required)));
  EXPECT_FALSE(make_answer(make_offer(caller(Security::required)), callee(Security::none)));
  auto only_events = caller(Security::none);
  only_events.streams[0].codecs = {{101, "telephone-event", 8000, 1, ""}};
  auto also_events = callee(Security::none);
  also_events.streams[0].codecs.push_back({101, "telephone-event", 8000, 1, ""});
  EXPECT_FALSE(make_answer(make_offer(only_events), also_events));
}

TEST(OfferAnswer, HoldsAndResumes) {
  auto const offer = with_direction(make_offer(caller(Security::none)), Direction::sendonly);
  EXPECT_EQ(offer.origin.version, 2U);
  auto const answer = make_answer(offer, callee(Security::none));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->media[0].direction, Direction::recvonly);
  EXPECT_EQ(agreed(offer, *answer)[0].direction, Direction::sendonly);
  EXPECT_EQ(agreed(*answer, offer)[0].direction, Direction::recvonly);
}

static_assert(maximum_media >= 2);

TEST(Direction, Intersects) {
  using enum Direction;
  EXPECT_EQ(intersection(sendrecv, recvonly), recvonly);
  EXPECT_EQ(intersection(sendonly, recvonly), inactive);
  EXPECT_EQ(reversed(sendonly), recvonly);
}

}  // namespace
}  // namespace reveille::sdp
