// RFC 5802, RFC 7677: sign-in as a conversation, with every step gone wrong once.
#include "edge/xmpp/scram_server.hpp"

#include "wire/crypto/digest.hpp"
#include "wire/xmpp/scram_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace reveille::edge {
namespace {

using namespace xmpp;
using testing::StartsWith;

constexpr std::string_view salt = "0123456789abcdef";

// Knows juliet, whose password is "secret"; answers at once, or when it is told to.
struct House final : ScramCredentials {
  std::vector<std::pair<std::string, Answer>> asked = {};
  bool waits = false;
  bool broken = false;

  void lookup(std::string const& account, std::string const& mechanism, Answer answer) override {
    asked.emplace_back(account, Answer{});
    if (waits) {
      asked.back().second = std::move(answer);
    } else {
      answer(keys_of(account, mechanism));
    }
  }
  [[nodiscard]] Result<ScramKeys> keys_of(std::string const& account, std::string const& mechanism) const {
    if (broken) return failure(ErrorCode::storage, "the disk is gone");
    if (account != "juliet@localhost") return failure(ErrorCode::not_found, "nobody");
    bool const sha1 = mechanism == "SCRAM-SHA-1";
    auto const mac = [&](std::string_view key, std::string_view text) {
      return sha1 ? crypto::hmac_sha1(key, text) : crypto::hmac_sha256(key, text);
    };
    auto const salted =
        sha1 ? crypto::pbkdf2_sha1("secret", salt, 4096) : crypto::pbkdf2_sha256("secret", salt, 10'000);
    auto const client_key = mac(salted, "Client Key");
    return ScramKeys{.salt = std::string(salt),
                     .iterations = sha1 ? 4096U : 10'000U,
                     .stored_key = sha1 ? crypto::sha1(client_key) : crypto::sha256(client_key),
                     .server_key = mac(salted, "Server Key")};
  }
};

std::string told(SaslAnswer const& answer) {
  if (auto const* challenge = std::get_if<SaslChallenge>(&answer)) return "challenge " + challenge->bytes;
  if (auto const* success = std::get_if<SaslSuccess>(&answer)) return "success " + success->user + " " + success->bytes;
  return "failure " + std::string(name_of(std::get<SaslFailure>(answer).condition));
}

struct Attempt {
  House& house;
  Secret secret{"the server's own"};
  ScramServer server{house, secret};
  std::string mechanism = "SCRAM-SHA-256";

  std::string start(std::string const& initial) {
    std::string heard = "nothing";
    server.start(mechanism, initial, "localhost", [&](SaslAnswer answer) { heard = told(answer); });
    return heard;
  }
  std::string proceed(std::string_view response) { return told(server.proceed(response)); }
};

class Scram : public testing::TestWithParam<ScramHash> {
 protected:
  House house;
  Attempt attempt{.house = house, .mechanism = std::string(mechanism_of(GetParam()))};

  static ScramClient client(std::string_view user, std::string_view password) {
    return {GetParam(), user, Secret{std::string(password)}, "nonce"};
  }
  // The challenge, without the word before it.
  std::string challenged(ScramClient const& by) {
    auto const heard = attempt.start(by.first());
    EXPECT_THAT(heard, StartsWith("challenge r=nonce"));
    return heard.substr(10);
  }
};

TEST_P(Scram, BothSidesProveThatTheyKnow) {
  auto juliet = client("juliet", "secret");
  auto const proof = juliet.answer(challenged(juliet));
  ASSERT_TRUE(proof);
  auto const heard = attempt.proceed(*proof);
  ASSERT_THAT(heard, StartsWith("success juliet v="));
  EXPECT_TRUE(juliet.verify(heard.substr(15)));
  EXPECT_EQ(house.asked.front().first, "juliet@localhost");
}

TEST_P(Scram, AWrongPasswordIsNotAuthorized) {
  auto juliet = client("juliet", "wrong");
  EXPECT_EQ(attempt.proceed(juliet.answer(challenged(juliet)).value()), "failure not-authorized");
}

// Nobody learns who exists: the same steps, the same lengths, and the same salt at each attempt.
TEST_P(Scram, AnUnknownUserLooksLikeAWrongPassword) {
  auto const shape = [&](std::string_view user) {
    auto one = client(user, "wrong");
    Attempt fresh{.house = house, .mechanism = attempt.mechanism};
    auto const challenge = fresh.start(one.first());
    auto const told_salt = challenge.substr(challenge.find(",s="));
    EXPECT_EQ(fresh.proceed(one.answer(challenge.substr(10)).value()), "failure not-authorized");
    return std::pair{challenge.size(), told_salt};
  };
  auto const unknown = shape("nobody");
  EXPECT_EQ(shape("nobody"), unknown);
  EXPECT_EQ(shape("somebody").first, unknown.first);
  EXPECT_NE(shape("somebody").second, unknown.second);
  // The iteration count is the usual one; a user whose keys have another count shows it, and SHA-1 here has.
  if (GetParam() == ScramHash::sha256) EXPECT_EQ(shape("juliet").first, unknown.first);
}

// Section 5: every attribute of the last message of the client, changed.
TEST_P(Scram, AProofForAnotherConversationIsRefused) {
  auto juliet = client("juliet", "secret");
  auto const proof = juliet.answer(challenged(juliet)).value();
  auto const comma = proof.find(',');
  std::string const mistakes[] = {
      "c=eSws" + proof.substr(comma),                                         // another gs2 header
      proof.substr(0, comma) + ",r=nonce" + proof.substr(proof.find(",p=")),  // not the server's nonce
      proof.substr(0, comma) + ",r=x" + proof.substr(comma + 3),              // not the client's
      proof.substr(0, proof.find(",p=")),                                     // no proof
      proof.substr(0, proof.find(",p=") + 3) + "AAAA",
      proof.substr(0, proof.size() - 6) + "AAAAA=",
      "",
      "c=biws",
      std::string(5'000, 'a'),
      "c=biws,r=\0,p="};
  for (auto const& mistake : mistakes) {
    Attempt fresh{.house = house, .mechanism = attempt.mechanism};
    fresh.start(juliet.first());
    EXPECT_THAT(fresh.proceed(mistake), StartsWith("failure ")) << mistake;
    EXPECT_THAT(fresh.proceed(proof), StartsWith("failure ")) << "after " << mistake;
  }
}

TEST_P(Scram, AFirstMessageThatIsNoneIsMalformed) {
  for (auto const* message :
       {"", "n", "n,", "n,,", "n,,n=juliet", "n,,r=nonce", "x,,n=juliet,r=nonce", "p=tls-exporter,,n=juliet,r=nonce",
        "n,b=juliet,n=juliet,r=nonce", "n,,n=ju=liet,r=nonce", "n,,m=ext,n=juliet,r=nonce", "n,,n=juliet,r="}) {
    Attempt fresh{.house = house, .mechanism = attempt.mechanism};
    EXPECT_THAT(fresh.start(message), StartsWith("failure ")) << message;
  }
  EXPECT_EQ(attempt.start("n,a=romeo@localhost,n=juliet,r=nonce"), "failure invalid-authzid");
  EXPECT_EQ(attempt.start(std::string(5'000, 'n')), "failure malformed-request");
  EXPECT_THAT(attempt.proceed("c=biws,r=nonce,p=AAAA"), StartsWith("failure "));
}

TEST_P(Scram, AnAuthorizationIdentityOfHisOwnIsAllowed) {
  EXPECT_THAT(attempt.start("n,a=juliet@localhost,n=Juliet,r=nonce"), StartsWith("challenge "));
  EXPECT_EQ(house.asked.front().first, "juliet@localhost");
}

TEST_P(Scram, AStoreThatFailsIsNotTheUsersFault) {
  house.broken = true;
  EXPECT_EQ(attempt.start("n,,n=juliet,r=nonce"), "failure temporary-auth-failure");
}

// A sign-in step by step, until the line is cut: hello, the store's answer, the proof. What was heard, a line each.
struct Conversation {
  House& house;
  ScramClient juliet;
  std::string mechanism;
  std::unique_ptr<Attempt> attempt = std::make_unique<Attempt>(house);
  std::vector<std::string> heard = {};

  void hello() {
    attempt->server.start(mechanism, juliet.first(), "localhost",
                          [this](SaslAnswer answer) { heard.push_back(told(answer)); });
  }
  void store_answers() {
    if (!house.asked.empty() && house.asked.back().second)
      std::exchange(house.asked.back().second, {})(house.keys_of("juliet@localhost", mechanism));
  }
  void prove() {
    std::string_view constexpr label = "challenge ";
    auto const proof = heard.empty() || !heard.back().starts_with(label)
                           ? Result<std::string>("c=biws,r=nonce,p=AAAA")
                           : juliet.answer(heard.back().substr(label.size()));
    heard.push_back(attempt->proceed(proof.value()));
  }
  void step(std::size_t number) {
    if (number == 0) hello();
    if (number == 1) store_answers();
    if (number == 2) prove();
  }
};

// The line is cut at every step: what comes afterwards reaches nobody, and the next attempt is not hindered.
TEST_P(Scram, HoldsWithTheLineCutAtEveryStep) {
  house.waits = true;
  std::size_t constexpr steps = 3;
  for (std::size_t cut = 0; cut <= steps; ++cut) {
    Conversation one{.house = house, .juliet = client("juliet", "secret"), .mechanism = attempt.mechanism};
    for (std::size_t number = 0; number < cut; ++number) one.step(number);
    auto const before = one.heard;
    one.attempt.reset();
    one.store_answers();
    EXPECT_EQ(one.heard, before) << "cut before step " << cut;
    Conversation next{.house = house, .juliet = client("juliet", "secret"), .mechanism = attempt.mechanism};
    for (std::size_t number = 0; number < steps; ++number) next.step(number);
    ASSERT_EQ(next.heard.size(), 2U) << "cut before step " << cut;
    EXPECT_THAT(next.heard[1], StartsWith("success juliet v=")) << "cut before step " << cut;
  }
}

// Any one step left out, or done twice: nobody is let in who has not proved who he is, and nobody twice.
TEST_P(Scram, HoldsWithAnyStepLostOrRepeated) {
  house.waits = true;
  for (std::size_t const times : {0U, 2U}) {
    for (std::size_t odd = 0; odd < 3; ++odd) {
      Conversation one{.house = house, .juliet = client("juliet", "secret"), .mechanism = attempt.mechanism};
      house.asked.clear();
      for (std::size_t number = 0; number < 3; ++number)
        for (std::size_t time = 0; time < (number == odd ? times : 1U); ++time) one.step(number);
      auto const successes =
          std::ranges::count_if(one.heard, [](auto const& line) { return line.starts_with("success"); });
      EXPECT_LE(successes, times == 0 ? 0 : 1) << "step " << odd << ", " << times << " times";
    }
  }
}

TEST_P(Scram, AnAnswerForAnAttemptThatIsGoneIsForgotten) {
  house.waits = true;
  std::string heard = "nothing";
  {
    Attempt gone{.house = house, .mechanism = attempt.mechanism};
    gone.server.start(gone.mechanism, "n,,n=juliet,r=nonce", "localhost",
                      [&](SaslAnswer answer) { heard = told(answer); });
    EXPECT_EQ(gone.proceed("c=biws,r=nonce,p=AAAA"), "failure malformed-request");
  }
  house.asked.front().second(house.keys_of("juliet@localhost", attempt.mechanism));
  EXPECT_EQ(heard, "nothing");
}

INSTANTIATE_TEST_SUITE_P(Both, Scram, testing::Values(ScramHash::sha1, ScramHash::sha256));

}  // namespace
}  // namespace reveille::edge
