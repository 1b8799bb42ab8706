// SipDoor as phones meet it over UDP: who is let in, what is read, what comes back. The house behind it is the test's.
#include "arrive/sip/door.hpp"

#include "edge/sip/stack_fixture.hpp"
#include "model/device.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reveille::arrive {
namespace {

using namespace model;
using edge::sip::Address;
using edge::sip::UdpPeer;
using sip::HeaderName;

AccountId const juliet{"juliet@localhost"};
AccountId const romeo{"romeo@localhost"};

class FakeHouse final : public CredentialPort, public RegistrarPort, public LocationPort, public CallPort {
 public:
  void lookup(AccountId const& account, CredentialPort::Answer answer) override {
    ++lookups;
    auto const found = verifiers.find(account);
    if (found == verifiers.end()) return answer(failure(ErrorCode::not_found, "no such account"));
    answer(found->second);
  }
  [[nodiscard]] std::optional<KnownRegister> known(RegisterFingerprint request) const override {
    if (request != quick) return {};
    auto const& verifier = verifiers.at(juliet);
    return KnownRegister{.account = juliet, .keys = {.md5 = verifier.ha1_md5, .sha256 = verifier.ha1_sha256}};
  }
  [[nodiscard]] std::optional<Refreshed> refresh(RegisterFingerprint, std::uint32_t cseq) override {
    refreshed.push_back(cseq);
    if (packed.empty()) return {};
    auto const places = refresh_places(packed, kept, kept.bindings[0].contact, kept.bindings[0].instance).value();
    return Refreshed{.bindings = PackedBindings(packed, places),
                     .own = places.binding,
                     .now = kept.bindings[0].expires_at - 3600s,
                     .push_providers = {.apns = true}};
  }
  [[nodiscard]] std::optional<Refreshed> repeat(RegisterFingerprint, std::uint32_t cseq) const override {
    if (cseq != last_cseq) return {};
    auto const places = refresh_places(packed, kept, kept.bindings[0].contact, kept.bindings[0].instance).value();
    return Refreshed{.bindings = PackedBindings(packed, places), .now = kept.bindings[0].expires_at - 3599s};
  }
  void register_contacts(AccountId const& account, RegisterRequest request, Way,
                         RegistrarPort::Answer answer) override {
    registered.emplace_back(account, request);
    RegisterOutcome outcome{.push_providers = {.apns = true}};
    for (auto const& contact : request.contacts)
      outcome.bindings.push_back(
          {.contact = contact.uri + std::string(grows, 'x'), .expires = 3600s, .instance = contact.instance});
    answer(std::move(outcome));
  }
  [[nodiscard]] std::optional<Target> newest_way(AccountId const&, InstanceId const&) const override { return {}; }
  [[nodiscard]] InstanceId instance_at(AccountId const&, Way const&) const override { return {}; }
  void offer(Offer offer) override { offers.push_back(std::move(offer)); }
  void cancel(OfferId, std::string reason) override { cancelled.push_back(std::move(reason)); }
  std::vector<AccountId> on_flow_lost(FlowId) override { return without_connection; }
  std::vector<AccountId> without_connection = {};

  std::map<AccountId, Verifier> verifiers = {};
  std::vector<std::pair<AccountId, RegisterRequest>> registered = {};
  std::vector<std::uint32_t> refreshed = {};
  std::vector<Offer> offers = {};
  std::vector<std::string> cancelled = {};
  RegisterFingerprint quick = {};
  Registrations kept = {};
  std::string packed = {};
  std::uint32_t last_cseq = 0;
  std::size_t grows = 0;
  int lookups = 0;
};

// A phone that signs in as `user`, who need not be whom its From names.
struct Phone {
  std::string user = "juliet";
  std::string password = "secret";
  std::string from = "juliet";
  unsigned cseq = 0;
  unsigned nonce_count = 0;
  std::string nonce = {};
  sip::Algorithm algorithm = sip::Algorithm::sha256;
};

struct Said {
  std::string method = "REGISTER";
  std::string uri = "sip:localhost";
  std::string to = "<sip:juliet@localhost>";
  std::string more = {};
  std::string body = {};
  std::string max_forwards = "70";
};

class SipDoorTest : public testing::Test {
 protected:
  SipDoorTest() {
    sip::Digester digester;
    for (auto const& account : {juliet, romeo}) {
      auto const ha1 = [&](sip::Algorithm algorithm) {
        return std::string(digester.ha1(algorithm, user_of(account), "localhost", "secret").view());
      };
      house.verifiers[account] = {.ha1_md5 = ha1(sip::Algorithm::md5), .ha1_sha256 = ha1(sip::Algorithm::sha256)};
    }
    address = stack.transports().listen(sip::Transport::udp, {.ip = boost::asio::ip::address_v4::loopback()}).value();
    edge::sip::OwnHosts hosts(clock, [] { return std::vector<boost::asio::ip::address>{}; });
    hosts.add_listener(address);
    hosts.add_name("sip.example.net");
    door.connect(stack, std::move(hosts));
    peer.emplace(context, address);
  }

  template <class Holds>
  [[nodiscard]] bool run_until(Holds holds) {
    auto const deadline = std::chrono::steady_clock::now() + edge::sip::test_deadline;
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
      context.restart();
      context.run_one_for(std::chrono::milliseconds{20});
    }
    return holds();
  }
  // The answer's text.
  std::string say(Phone& phone, Said const& said = {}) {
    auto const before = peer->received().size();
    peer->send(text_of(phone, said));
    (void)run_until([&] { return peer->received().size() != before || house.offers.size() != offered; });
    offered = house.offers.size();
    return peer->received().size() == before ? std::string{} : peer->received().back();
  }
  std::string text_of(Phone& phone, Said const& said) {
    ++phone.cseq;
    bool const is_register = said.method == "REGISTER";
    std::string text =
        said.method + " " + said.uri + " SIP/2.0\r\nVia: SIP/2.0/UDP phone.invalid;rport;branch=z9hG4bK" +
        std::to_string(++branch) + "\r\nMax-Forwards: " + said.max_forwards + "\r\nFrom: <sip:" + phone.from +
        "@localhost>;tag=a\r\nTo: " + said.to + "\r\nCall-ID: one\r\nCSeq: " + std::to_string(phone.cseq) + " " +
        said.method + "\r\n" + said.more;
    if (!phone.nonce.empty())
      text +=
          std::string(is_register ? "Authorization: " : "Proxy-Authorization: ") + credentials(phone, said) + "\r\n";
    return text + "Content-Length: " + std::to_string(said.body.size()) + "\r\n\r\n" + said.body;
  }
  static std::string credentials(Phone& phone, Said const& said) {
    sip::Digester digester;
    std::string const count = "0000000" + std::to_string(++phone.nonce_count);
    sip::Credentials credentials{.algorithm = phone.algorithm,
                                 .qop = sip::Qop::auth,
                                 .nonce_count = phone.nonce_count,
                                 .username = phone.user,
                                 .realm = "localhost",
                                 .nonce = phone.nonce,
                                 .uri = said.uri,
                                 .cnonce = "c",
                                 .nonce_count_text = count};
    auto const ha1 = digester.ha1(phone.algorithm, phone.user, "localhost", phone.password);
    auto const response = digester.response(credentials, ha1.view(), said.method);
    credentials.response = response.view();
    return sip::format_credentials(credentials);
  }
  // Asks, takes the nonce, asks again.
  std::string sign_in_and_say(Phone& phone, Said const& said = {}) {
    auto const challenge = say(phone, said);
    auto const at = challenge.find("nonce=\"");
    if (at == challenge.npos) return challenge;
    phone.nonce = challenge.substr(at + 7, challenge.find('"', at + 7) - at - 7);
    phone.nonce_count = 0;
    return say(phone, said);
  }
  static int status_of(std::string const& answer) { return answer.size() < 12 ? 0 : std::stoi(answer.substr(8, 3)); }
  static bool has(std::string const& answer, std::string const& part) { return answer.find(part) != answer.npos; }
  static Said registering(std::string const& contact = "<sip:juliet@192.0.2.1>") {
    return {.more = "Contact: " + contact + "\r\nExpires: 3600\r\n"};
  }
  static Said inviting(std::string const& user = "juliet") {
    return {.method = "INVITE", .uri = "sip:" + user + "@localhost", .more = "Contact: <sip:romeo@192.0.2.2>\r\n"};
  }

  boost::asio::io_context context;
  VirtualClock clock{from_unix_seconds(1'800'000'000)};
  SystemClock system_clock;
  SeededRandom random{5};
  Policy policy = {};
  FakeHouse house;
  edge::sip::KeptRequests kept;
  edge::sip::DialogTokens tokens{Secret{std::string(32, 'k')}};
  SipDoor door{{house, house, house, house}, kept, tokens, policy, clock, random, {}};
  edge::sip::Stack stack{context, system_clock, random, door};
  Address address = {};
  std::optional<UdpPeer> peer = {};
  unsigned branch = 0;
  std::size_t offered = 0;
};

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

class Quick : public SipDoorTest {
 protected:
  // The phone has registered, and the registrar knows what it would say again.
  Quick() {
    EXPECT_EQ(status_of(sign_in_and_say(phone, said)), 200);
    house.quick = house.registered.back().second.fingerprint;
    house.kept.bindings = {
        {.contact = "sip:juliet@192.0.2.1", .expires_at = clock.now() + 3600s, .stored_until = clock.now() + 7200s},
        {.contact = "sip:juliet@192.0.2.9;pn-prid=secret", .expires_at = clock.now() + 3000s}};
    house.packed = pack(house.kept);
    house.registered.clear();
    house.lookups = 0;
  }
  Phone phone;
  Said said = registering();
};

TEST_F(Quick, answers_as_the_long_way_does_and_asks_nobody) {
  auto const answer = say(phone, said);
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(has(answer, "Contact: <sip:juliet@192.0.2.1>;expires=3600\r\n")) << answer;
  EXPECT_TRUE(has(answer, "Contact: <sip:juliet@192.0.2.9>;expires=3000\r\n")) << "without what is another phone's";
  EXPECT_TRUE(has(answer, "Feature-Caps: *;+sip.pns=\"apns\"\r\n"));
  EXPECT_EQ(house.refreshed, std::vector<std::uint32_t>{phone.cseq});
  EXPECT_EQ(house.lookups, 0);
  EXPECT_TRUE(house.registered.empty());
}

TEST_F(Quick, wants_the_password_as_the_long_way_does) {
  Phone thief{.password = "guess", .nonce = phone.nonce};
  thief.cseq = phone.cseq;
  EXPECT_EQ(status_of(say(thief, said)), 401);
  Phone other{.user = "romeo", .nonce = phone.nonce};
  other.cseq = phone.cseq;
  EXPECT_EQ(status_of(say(other, said)), 403);
  --phone.nonce_count;
  EXPECT_TRUE(has(say(phone, said), "stale=true"));
  EXPECT_TRUE(house.refreshed.empty());
}

TEST_F(Quick, RFC3261_8_2_7_a_repetition_is_answered_again_and_changes_nothing) {
  EXPECT_EQ(status_of(say(phone, said)), 200);
  house.last_cseq = phone.cseq--;
  --phone.nonce_count;
  auto const again = say(phone, said);
  EXPECT_TRUE(has(again, "Contact: <sip:juliet@192.0.2.1>;expires=3599\r\n")) << again;
  EXPECT_EQ(house.refreshed.size(), 1U);
  --phone.nonce_count;
  EXPECT_TRUE(has(say(phone, said), "stale=true")) << "the next CSeq under a used count is no repetition";
}

TEST_F(Quick, goes_the_long_way_where_the_registrar_wants_it_without_asking_again) {
  house.packed.clear();
  EXPECT_EQ(status_of(say(phone, said)), 200);
  EXPECT_EQ(house.registered.size(), 1U);
  EXPECT_EQ(house.lookups, 0);
}

TEST_F(Quick, RFC3261_7_3_1_a_cseq_stands_once) {
  auto twice = said;
  twice.more += "CSeq: 900 REGISTER\r\n";
  EXPECT_EQ(status_of(say(phone, twice)), 400);
  EXPECT_TRUE(house.refreshed.empty());
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
