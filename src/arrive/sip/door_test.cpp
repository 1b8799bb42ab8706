// SipDoor as phones meet it over UDP: who is let in, what is read, what comes back.
#include "arrive/sip/door_fixture.hpp"

namespace reveille::arrive {
namespace {

TEST_F(SipDoorTest, RFC8760_2_4_offers_the_strongest_algorithm_first) {
  Phone phone;
  auto const answer = say(phone, registering());
  EXPECT_EQ(status_of(answer), 401);
  auto const sha256 = answer.find("algorithm=SHA-256"), md5 = answer.find("algorithm=MD5");
  ASSERT_NE(sha256, answer.npos);
  EXPECT_LT(sha256, md5);
  EXPECT_FALSE(has(answer, "stale")) << answer;
  EXPECT_TRUE(has(answer, ";received=127.0.0.1")) << "RFC 3581";
}

TEST_F(SipDoorTest, RFC3261_22_lets_in_who_knows_the_password_by_either_algorithm) {
  for (auto const algorithm : {sip::Algorithm::sha256, sip::Algorithm::md5, sip::Algorithm::sha256_sess}) {
    Phone phone{.algorithm = algorithm};
    auto const answer = sign_in_and_say(phone, registering());
    EXPECT_EQ(status_of(answer), 200) << answer;
    EXPECT_TRUE(has(answer, "Contact: <sip:juliet@192.0.2.1>;expires=3600\r\n")) << answer;
    EXPECT_TRUE(has(answer, "Feature-Caps: *;+sip.pns=\"apns\"\r\n")) << answer;
    EXPECT_TRUE(has(answer, "Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n")) << answer;
    EXPECT_EQ(house.registered.back().first, juliet);
  }
}

TEST_F(SipDoorTest, RFC3261_22_1_a_wrong_password_and_an_unknown_user_are_told_the_same) {
  Phone wrong{.password = "guess"};
  Phone unknown{.user = "nobody"};
  for (auto* phone : {&wrong, &unknown}) {
    auto const answer = sign_in_and_say(*phone, registering());
    EXPECT_EQ(status_of(answer), 401);
    EXPECT_FALSE(has(answer, "stale=true"));
  }
  EXPECT_TRUE(house.registered.empty());
}

TEST_F(SipDoorTest, RFC7616_3_4_6_a_nonce_count_is_good_once) {
  Phone phone;
  EXPECT_EQ(status_of(sign_in_and_say(phone, registering())), 200);
  --phone.nonce_count;
  auto const replayed = say(phone, registering());
  EXPECT_EQ(status_of(replayed), 401);
  EXPECT_TRUE(has(replayed, "stale=true"));
  phone.nonce_count = 5;
  EXPECT_EQ(status_of(say(phone, registering())), 200) << "counts may be skipped";
}

TEST_F(SipDoorTest, RFC7616_3_3_an_old_nonce_is_stale_and_a_made_up_one_asks_nobody) {
  Phone phone;
  EXPECT_EQ(status_of(sign_in_and_say(phone, registering())), 200);
  clock.advance(1h + 1s);
  EXPECT_TRUE(has(say(phone, registering()), "stale=true"));
  auto const lookups = house.lookups;
  phone.nonce = std::string(43, 'A');
  EXPECT_EQ(status_of(say(phone, registering())), 401);
  EXPECT_EQ(house.lookups, lookups);
}

TEST_F(SipDoorTest, RFC7616_3_4_6_a_nonce_goes_on_after_a_sleep_and_its_counts_are_good_once) {
  Phone phone;
  EXPECT_EQ(status_of(sign_in_and_say(phone, registering())), 200);
  house.without_connection = {juliet};
  door.on_flow_lost({.slot = 1, .generation = 1});
  --phone.nonce_count;
  EXPECT_TRUE(has(say(phone, registering()), "stale=true")) << "the same again, captured";
  EXPECT_EQ(status_of(say(phone, registering())), 200) << "he who wakes need not be asked again";
  door.on_flow_lost({.slot = 1, .generation = 1});
  Phone captured = phone;
  captured.nonce_count = 0;
  EXPECT_TRUE(has(say(captured, registering()), "stale=true"));
  clock.advance(1s);
  Phone anew;
  EXPECT_EQ(status_of(sign_in_and_say(anew, registering())), 200);
  door.on_flow_lost({.slot = 1, .generation = 1});
  EXPECT_TRUE(has(say(phone, registering()), "stale=true")) << "an older nonce, whose counts nobody knows";
}

TEST_F(SipDoorTest, RFC3261_10_3_steps_1_to_4_which_user_of_which_domain) {
  Phone phone{.user = "romeo"};
  EXPECT_EQ(status_of(sign_in_and_say(phone, registering())), 403) << "another user's bindings";
  Phone lost;
  auto elsewhere = registering();
  elsewhere.uri = "sip:example.org";
  EXPECT_EQ(status_of(say(lost, elsewhere)), 404);
  auto book = registering();
  book.to = "isbn:2983792873";
  EXPECT_EQ(status_of(say(lost, book)), 400) << "RFC 4475 section 3.3.4";
  auto wants = registering();
  wants.more += "Require: teleport\r\n";
  auto const answer = say(lost, wants);
  EXPECT_EQ(status_of(answer), 420);
  EXPECT_TRUE(has(answer, "Unsupported: teleport\r\n"));
  EXPECT_TRUE(house.registered.empty());
}

TEST_F(SipDoorTest, RFC3261_8_2_2_3_only_what_is_done_is_claimed) {
  Phone phone;
  auto wants = registering();
  wants.more += "Require: outbound, path, gruu\r\n";
  auto const refused = say(phone, wants);
  EXPECT_EQ(status_of(refused), 420);
  EXPECT_TRUE(has(refused, "Unsupported: outbound, gruu\r\n")) << refused;
  auto knows = registering();
  knows.more += "Supported: replaces, outbound, gruu, path\r\n";
  EXPECT_EQ(status_of(sign_in_and_say(phone, knows)), 200) << "who only says that he could";
  EXPECT_TRUE(has(say(phone, {.method = "OPTIONS"}), "Supported: path\r\n"));
}

TEST_F(SipDoorTest, a_fingerprint_is_of_all_that_matters_and_of_nothing_else) {
  Phone phone;
  auto said = registering();
  (void)sign_in_and_say(phone, said);
  (void)say(phone, said);
  auto const of_last = [this] { return house.registered.back().second.fingerprint; };
  auto const first = of_last();
  (void)say(phone, said);
  EXPECT_EQ(of_last(), first) << "another branch, CSeq and nonce count";
  for (auto const& other : {registering("<sip:juliet@192.0.2.1:5070>"), registering("<sip:juliet@192.0.2.1>;q=0.5")}) {
    (void)say(phone, other);
    EXPECT_NE(of_last(), first) << other.more;
  }
  said.more += "Reveille-Mode: background\r\n";
  (void)say(phone, said);
  EXPECT_NE(of_last(), first);
  peer.emplace(context, address);
  (void)say(phone, registering());
  EXPECT_NE(of_last(), first) << "from another port";
}

TEST_F(SipDoorTest, RFC3261_16_5_a_request_uri_names_us_by_our_domains_and_by_our_hosts_at_our_port) {
  auto const port = std::to_string(address.port);
  auto const answer_to = [&](std::string const& host) {
    Phone phone{.user = "romeo", .from = "romeo"};
    auto said = inviting();
    said.uri = "sip:juliet@" + host;
    return status_of(say(phone, said));
  };
  for (auto const& host : {std::string("LOCALHOST:1"), "127.0.0.1:" + port, "Sip.Example.Net:" + port,
                           std::string("sip.example.net"), std::string("127.0.0.1")})
    EXPECT_EQ(answer_to(host), 407) << host;
  for (auto const* host : {"127.0.0.1:1", "sip.example.net:1", "192.0.2.9", "example.net", "[::1]"})
    EXPECT_EQ(answer_to(host), 403) << host;
}

// RFC 3261 section 16.4: the routes that name us are taken away.
class Routes : public SipDoorTest {
 protected:
  std::string left_of(std::string const& routes) {
    Phone phone{.user = "romeo", .from = "romeo"};
    auto said = inviting();
    said.more += "Route: " + routes + "\r\n";
    sign_in_and_say(phone, said);
    if (house.offers.empty()) return "no offer";
    auto const& id = house.offers.back().id;
    auto const* found = kept.find({.thread = id.thread, .slot = id.slot, .generation = id.generation});
    return found == nullptr ? "not kept" : std::string(found->message.view().text(sip::HeaderName::route));
  }
  [[nodiscard]] std::string ours() const {
    return "<sip:sip.example.net;lr>, <sip:127.0.0.1:" + std::to_string(address.port) + ";lr>";
  }
};

TEST_F(Routes, by_host_and_by_address) {
  EXPECT_EQ(left_of(ours()), "");
}

TEST_F(Routes, but_not_those_beyond) {
  EXPECT_EQ(left_of(ours() + "\r\nRoute: <sip:beyond.example;lr>, <sip:sip.example.net;lr>"),
            "<sip:beyond.example;lr>");
}

TEST_F(Routes, and_the_topmost_whatever_it_names_since_it_led_here) {
  EXPECT_EQ(left_of("<sip:alias.example;lr>"), "");
}

TEST_F(SipDoorTest, RFC3261_16_5_a_call_is_offered_once_its_caller_is_known) {
  Phone phone{.user = "romeo", .from = "romeo"};
  auto said = inviting();
  said.body = "v=0\r\nm=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n";
  EXPECT_EQ(status_of(say(phone, said)), 407);
  (void)sign_in_and_say(phone, said);
  ASSERT_EQ(house.offers.size(), 1U);
  EXPECT_EQ(house.offers[0].callee, juliet);
  EXPECT_EQ(house.offers[0].caller.account, romeo);
  EXPECT_EQ(house.offers[0].media, Media::video);
  EXPECT_EQ(kept.size(), 1U);
}

TEST_F(SipDoorTest, a_caller_bears_his_own_name_and_calls_users_of_ours) {
  Phone phone{.user = "romeo", .from = "juliet"};
  EXPECT_EQ(status_of(sign_in_and_say(phone, inviting())), 403);
  Phone honest{.user = "romeo", .from = "romeo"};
  auto away = inviting();
  away.uri = "sip:juliet@example.org";
  EXPECT_EQ(status_of(say(honest, away)), 403);
  away = inviting();
  away.max_forwards = "0";
  EXPECT_EQ(status_of(say(honest, away)), 483);
  EXPECT_TRUE(house.offers.empty());
}

TEST_F(SipDoorTest, what_has_no_dialog_of_ours_is_told_so) {
  Phone phone;
  auto const answer = [&](std::string const& method, std::string const& uri, std::string const& to) {
    return say(phone, {.method = method, .uri = uri, .to = to});
  };
  std::string const user = "sip:juliet@localhost", to = "<sip:juliet@localhost>";
  auto const options = answer("OPTIONS", "sip:localhost", "<sip:localhost>");
  EXPECT_EQ(status_of(options), 200);
  EXPECT_TRUE(has(options, "Allow: INVITE"));
  EXPECT_EQ(status_of(answer("BYE", user, to + ";tag=x")), 481);
  EXPECT_EQ(status_of(answer("BYE", user, to)), 481);
  EXPECT_EQ(status_of(answer("SUBSCRIBE", user, to)), 489);
  auto const publish = answer("PUBLISH", user, to);
  EXPECT_EQ(status_of(publish), 405);
  EXPECT_TRUE(has(publish, "Allow: "));
}

class InDialog : public SipDoorTest {
 protected:
  // The other phone, to which a token leads.
  UdpPeer other{context, address};
  Phone phone{.user = "romeo", .from = "romeo"};
  Said said{.method = "INVITE",
            .uri = "sip:juliet@192.0.2.1",
            .to = "<sip:juliet@localhost>;tag=b",
            .more = "Contact: <sip:romeo@192.0.2.2>\r\n"};

  static std::string remote_of(UdpPeer const& one) { return "udp " + edge::sip::format_address(one.local()); }
  std::string route(std::string const& call_id) {
    auto const token = tokens.write({.account = "juliet@localhost", .remote = remote_of(other)}, call_id);
    return "Route: <sip:" + token + "@127.0.0.1;lr>\r\n";
  }
  // Behind the 100 that every INVITE gets.
  std::string next_answer() {
    (void)run_until([&] { return !peer->received().empty() && status_of(peer->received().back()) != 100; });
    return peer->received().empty() ? std::string{} : peer->received().back();
  }
  std::string relayed() {
    return run_until([&] { return !other.received().empty(); }) ? other.received().front() : std::string{};
  }
};

TEST_F(InDialog, RFC3261_16_4_goes_to_the_other_end_without_what_is_ours) {
  said.more += route("one") +
               "Proxy-Authorization: Digest username=\"romeo\", realm=\"localhost\", nonce=\"n\", uri=\"u\", "
               "response=\"0\"\r\nProxy-Authorization: Digest username=\"r\", realm=\"elsewhere\", nonce=\"n\", "
               "uri=\"u\", response=\"0\"\r\nP-Asserted-Identity: <sip:chief@localhost>\r\n"
               "Remote-Party-ID: <sip:chief@localhost>\r\n";
  peer->send(text_of(phone, said));
  auto const heard = relayed();
  EXPECT_TRUE(has(heard, "INVITE sip:juliet@192.0.2.1 SIP/2.0\r\n"));
  EXPECT_FALSE(has(heard, "Route: "));
  EXPECT_FALSE(has(heard, "chief")) << heard;
  EXPECT_FALSE(has(heard, "realm=\"localhost\"")) << heard;
  EXPECT_TRUE(has(heard, "realm=\"elsewhere\"")) << heard;
  // RFC 3325 section 5: nor does who answers show another name than his own.
  auto ringing = edge::sip::response_text(180, heard, {});
  ringing.insert(ringing.find("Content-Length"), "P-Asserted-Identity: <sip:chief@localhost>\r\n");
  other.send(ringing);
  auto const answer = next_answer();
  EXPECT_EQ(status_of(answer), 180);
  EXPECT_FALSE(has(answer, "chief")) << answer;
}

// A sender that routes strictly: our Record-Route is its Request-URI, the phone's Contact its last Route.
TEST_F(InDialog, RFC3261_16_4_a_strict_router_is_understood) {
  auto const ours = route("one");
  said.uri = ours.substr(8, ours.find('>') - 8);
  for (std::string const before : {"", "<sip:other.example;lr>"}) {
    auto strict = said;
    strict.more += "Route: " + before + (before.empty() ? "" : ", ") + "<sip:juliet@192.0.2.1:5070;x=y>\r\n";
    for (auto const* method : {"BYE", "ACK"}) {
      strict.method = method;
      auto const so_far = other.received().size();
      peer->send(text_of(phone, strict));
      ASSERT_TRUE(run_until([&] { return other.received().size() > so_far; })) << method;
      auto const heard = other.received().back();
      EXPECT_TRUE(has(heard, std::string(method) + " sip:juliet@192.0.2.1:5070;x=y SIP/2.0\r\n")) << heard;
      EXPECT_EQ(edge::sip::count_in(heard, "Route: "), before.empty() ? 0U : 1U) << heard;
      EXPECT_EQ(has(heard, "Route: " + before + "\r\n"), !before.empty()) << heard;
    }
  }
  said.method = "BYE";
  said.more = "";
  EXPECT_EQ(status_of(say(phone, said)), 481) << "no Route to take its place";
}

// Who has seen a token once must not send with it what he likes to that phone.
TEST_F(InDialog, a_token_opens_no_way_past_authentication) {
  said.more += route("one");
  auto outside = said;
  outside.uri = "sip:juliet@localhost";
  outside.to = "<sip:juliet@localhost>";
  EXPECT_EQ(status_of(say(phone, outside)), 407) << "no To tag";
  outside.method = "MESSAGE";
  EXPECT_EQ(status_of(say(phone, outside)), 407);
  auto elsewhere = said;
  elsewhere.more = route("two");
  EXPECT_EQ(status_of(say(phone, elsewhere)), 481) << "another dialog's token";
  Phone registers;
  auto signing_in = registering();
  signing_in.to = "<sip:juliet@localhost>;tag=b";
  signing_in.more += route("one");
  EXPECT_EQ(status_of(say(registers, signing_in)), 401);
  (void)sign_in_and_say(phone, outside);
  ASSERT_EQ(house.offers.size(), 1U);
  EXPECT_FALSE(kept.find({.thread = house.offers[0].id.thread,
                          .slot = house.offers[0].id.slot,
                          .generation = house.offers[0].id.generation})
                   ->message.view()
                   .has(HeaderName::route));
  EXPECT_TRUE(other.received().empty());
}

// A connection on which somebody has signed in is no stranger's, and is not closed as one.
TEST_F(SipDoorTest, who_has_signed_in_is_no_stranger) {
  edge::sip::Stack hasty{context, system_clock, random, door, {.first_message = std::chrono::milliseconds{200}}};
  auto const tcp = hasty.transports().listen(sip::Transport::tcp, {.ip = boost::asio::ip::address_v4::loopback()}, {});
  edge::sip::OwnHosts hosts(clock, [] { return std::vector<boost::asio::ip::address>{}; });
  hosts.add_listener(*tcp);
  door.connect(hasty, std::move(hosts));
  edge::sip::StreamPeer guest{context, *tcp, {}};
  auto const over_tcp = [](std::string text) { return text.replace(text.find("UDP"), 3, "TCP"); };
  Phone phone;
  guest.send(over_tcp(text_of(phone, registering())));
  ASSERT_TRUE(run_until([&] { return guest.count("SIP/2.0 401") == 1; }));
  auto const at = guest.received().find("nonce=\"") + 7;
  phone.nonce = guest.received().substr(at, guest.received().find('"', at) - at);
  guest.send(over_tcp(text_of(phone, registering())));
  ASSERT_TRUE(run_until([&] { return guest.count("SIP/2.0 200") == 1; }));
  edge::sip::StreamPeer stranger{context, *tcp, {}};
  ASSERT_TRUE(run_until([&] { return stranger.is_closed(); }));
  EXPECT_FALSE(guest.is_closed());
}

// What cannot be answered in full is answered in short or not at all; nothing of it stays.
TEST_F(SipDoorTest, an_answer_that_cannot_be_written_keeps_nothing) {
  auto said = inviting();
  said.more += "Proxy-Require: a";
  for (int i = 0; i < 15'000; ++i) said.more += ",ab";
  said.more += "\r\n";
  Phone phone{.user = "romeo", .from = "romeo"};
  EXPECT_EQ(status_of(say(phone, said)), 513);
  // Its answer has the names of the fields in full, and so is too long itself.
  auto endless = text_of(phone, inviting());
  auto const via = "v:SIP/2.0/UDP h;x=" + std::string(630, 'x') + "\r\n";
  for (int i = 0; i < 100; ++i) endless.insert(endless.find("Call-ID"), via);
  auto const before = stack.counts().server.requests;
  peer->send(endless);
  while (stack.counts().server.requests == before) context.run_one();
  auto const answered = peer->received().size();
  while (context.poll_one() > 0 && peer->received().size() == answered) continue;
  Phone next;
  EXPECT_EQ(status_of(say(next, registering())), 401);
  EXPECT_EQ(stack.counts().server.requests, 3U);
  EXPECT_EQ(stack.counts().server.open, 0U);
}

TEST_F(SipDoorTest, a_list_of_bindings_that_fits_no_answer_is_told_so) {
  auto const contacts = [](std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i)
      list += (i > 0 ? ", <sip:juliet@h" : "<sip:juliet@h") + std::to_string(i) + ";x=" + std::string(1500, 'x') + ">";
    return registering(list);
  };
  Phone phone;
  EXPECT_EQ(status_of(sign_in_and_say(phone, contacts(38))), 200);
  house.grows = 1000;
  EXPECT_EQ(status_of(say(phone, contacts(39))), 513);
  EXPECT_EQ(stack.counts().server.open, 0U);
}

}  // namespace
}  // namespace reveille::arrive
