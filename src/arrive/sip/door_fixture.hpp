// For tests: SipDoor as phones meet it over UDP, and a house behind it that the test plays: what it knows and what it
// was asked are its members. Lifetime and threads: the test's.
#pragma once

#include "arrive/sip/door.hpp"
#include "edge/sip/stack_fixture.hpp"
#include "model/device.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reveille::arrive {

using namespace model;
using edge::sip::Address;
using edge::sip::UdpPeer;
using sip::HeaderName;

inline AccountId const juliet{"juliet@localhost"};
inline AccountId const romeo{"romeo@localhost"};

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
  [[nodiscard]] std::optional<Target> newest_way(AccountId const&, InstanceId const&, Hops) const override {
    return {};
  }
  [[nodiscard]] InstanceId instance_at(AccountId const&, Way const&, std::string_view) const override { return {}; }
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

}  // namespace reveille::arrive
