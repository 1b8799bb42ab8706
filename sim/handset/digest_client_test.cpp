#include "sim/handset/digest_client.hpp"

#include <gtest/gtest.h>

namespace reveille::sim::handset {
namespace {

// RFC 7616 section 3.9.1.
TEST(DigestClient, AnswersAsTheRfcDoes) {
  auto const sha256 = choose_challenge(
      {R"(Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, )"
       R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")"});
  ASSERT_TRUE(sha256);
  DigestRequest const request{.method = "GET",
                              .uri = "/dir/index.html",
                              .user = "Mufasa",
                              .client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"};
  auto const answer = answer_challenge(*sha256, request, Secret("Circle of Life"));
  EXPECT_NE(answer.find("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""), answer.npos)
      << answer;
  EXPECT_NE(answer.find("nc=00000001"), answer.npos);
  EXPECT_NE(answer.find("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""), answer.npos);

  std::string md5(*sha256);
  md5.replace(md5.find("SHA-256"), 7, "MD5");
  EXPECT_NE(
      answer_challenge(md5, request, Secret("Circle of Life")).find("response=\"8ca523f5e9506fed4657c9700eebdbec\""),
      std::string::npos);
}

// RFC 2617 section 3.5 without qop is the form of RFC 2069; its worked example has the erratum 749's response.
TEST(DigestClient, AnswersWithoutQop) {
  auto const challenge =
      choose_challenge({R"(Digest realm="testrealm@host.com",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093")"});
  ASSERT_TRUE(challenge);
  auto const answer = answer_challenge(*challenge, {.method = "GET", .uri = "/dir/index.html", .user = "Mufasa"},
                                       Secret("CircleOfLife"));
  EXPECT_NE(answer.find("response=\"1949323746fe6a43ef61f9606e7febea\""), answer.npos) << answer;
  EXPECT_EQ(answer.find("qop"), answer.npos);
}

TEST(DigestClient, TakesTheFirstThatItKnows) {
  auto const challenge = choose_challenge({R"(Digest realm="a", nonce="1", algorithm=SHA-512-256, qop="auth")",
                                           R"(Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth", stale=TRUE)",
                                           R"(Digest realm="a", nonce="3", algorithm=MD5, qop="auth")"});
  ASSERT_TRUE(challenge);
  EXPECT_TRUE(challenge->contains("nonce=\"2\"")) << *challenge;
}

TEST(DigestClient, RefusesWhatIsNoChallenge) {
  for (auto const* value :
       {"", "Digest", "Digest ", "Basic realm=\"a\"", "Digest realm=\"a\"", "Digest realm=\"a", "Digest realm",
        "Digest nonce=\"a\", realm=\"\"", "Digest realm=\"a\", nonce=\"1\", algorithm=MD5-sess",
        "Digest realm=\"a\", nonce=\"1\", algorithm=SHA-512"})
    EXPECT_FALSE(choose_challenge({value})) << value;
}

// RFC 7616 section 3.4.2: unq(X) is what stands between the quotes.
TEST(DigestClient, LeavesEscapesAsTheyAre) {
  auto const challenge = choose_challenge({R"(Digest realm="a \"b\"", nonce="n")"});
  ASSERT_TRUE(challenge);
  EXPECT_NE(answer_challenge(*challenge, {}, Secret("x")).find(R"(realm="a \"b\"")"), std::string::npos);
}

TEST(DigestClient, TheServersSideAgrees) {
  for (auto const* algorithm : {"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"}) {
    auto const value = std::string(R"(Digest realm="localhost", nonce="n", qop="auth", algorithm=)") + algorithm;
    auto const challenge = choose_challenge({value});
    ASSERT_TRUE(challenge) << algorithm;
    auto const answer = answer_challenge(
        *challenge, {.method = "INVITE", .uri = "sip:j@l", .user = "romeo", .client_nonce = "c", .nonce_count = 31},
        Secret("wherefore"));
    auto const credentials = sip::parse_credentials(answer);
    ASSERT_TRUE(credentials) << answer;
    EXPECT_EQ(credentials->nonce_count, 31U);
    sip::Digester digester;
    auto const ha1 = digester.ha1(credentials->algorithm, "romeo", "localhost", "wherefore");
    EXPECT_TRUE(digester.verify(*credentials, ha1.view(), "INVITE")) << answer;
  }
}

}  // namespace
}  // namespace reveille::sim::handset
