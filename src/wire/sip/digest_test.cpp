#include "wire/sip/digest.hpp"

#include "wire/sip/nonce.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace reveille::sip {
namespace {

// RFC 7616 section 3.9.1.
Credentials rfc7616(Algorithm algorithm) {
  return {.algorithm = algorithm,
          .qop = Qop::auth,
          .nonce_count = 1,
          .username = "Mufasa",
          .realm = "http-auth@example.org",
          .nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
          .uri = "/dir/index.html",
          .cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
          .nonce_count_text = "00000001"};
}

TEST(Digest, Rfc7616Vectors) {
  Digester digester;
  auto md5 = rfc7616(Algorithm::md5);
  auto const md5_ha1 = digester.ha1(Algorithm::md5, md5.username, md5.realm, "Circle of Life");
  EXPECT_EQ(digester.response(md5, md5_ha1.view(), "GET").view(), "8ca523f5e9506fed4657c9700eebdbec");
  auto sha = rfc7616(Algorithm::sha256);
  auto const sha_ha1 = digester.ha1(Algorithm::sha256, sha.username, sha.realm, "Circle of Life");
  EXPECT_EQ(digester.response(sha, sha_ha1.view(), "GET").view(),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

TEST(Digest, VerifiesOnlyTheRightResponse) {
  Digester digester;
  auto one = rfc7616(Algorithm::md5);
  auto const ha1 = digester.ha1(Algorithm::md5, one.username, one.realm, "Circle of Life");
  one.response = "8ca523f5e9506fed4657c9700eebdbec";
  EXPECT_TRUE(digester.verify(one, ha1.view(), "GET"));
  EXPECT_FALSE(digester.verify(one, ha1.view(), "POST"));
  one.nonce_count_text = "00000002";
  EXPECT_FALSE(digester.verify(one, ha1.view(), "GET"));
  one.nonce_count_text = "00000001";
  one.response = "";
  EXPECT_FALSE(digester.verify(one, ha1.view(), "GET"));
  one.algorithm = Algorithm::other;
  EXPECT_FALSE(digester.verify(one, ha1.view(), "GET"));
}

TEST(Digest, WithoutQopAsRfc2069) {
  Digester digester;
  Credentials one{.username = "Mufasa",
                  .realm = "testrealm@host.com",
                  .nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                  .uri = "/dir/index.html"};
  auto const ha1 = digester.ha1(Algorithm::md5, one.username, one.realm, "CircleOfLife");
  EXPECT_EQ(digester.response(one, ha1.view(), "GET").view(), "1949323746fe6a43ef61f9606e7febea");
}

TEST(Digest, SessionFormsDependOnTheClientsNonce) {
  Digester digester;
  auto one = rfc7616(Algorithm::sha256_sess);
  auto const ha1 = digester.ha1(Algorithm::sha256_sess, one.username, one.realm, "x");
  EXPECT_EQ(ha1.view(), digester.ha1(Algorithm::sha256, one.username, one.realm, "x").view());
  auto const first = digester.response(one, ha1.view(), "GET");
  one.algorithm = Algorithm::sha256;
  EXPECT_NE(first.view(), digester.response(one, ha1.view(), "GET").view());
}

TEST(Digest, ReadsAndWritesCredentials) {
  auto one = rfc7616(Algorithm::sha256);
  one.response = "ab12";
  one.opaque = "o";
  auto const text = format_credentials(one);
  auto const read = parse_credentials(text);
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(read->username, one.username);
  EXPECT_EQ(read->nonce, one.nonce);
  EXPECT_EQ(read->uri, one.uri);
  EXPECT_EQ(read->qop, Qop::auth);
  EXPECT_EQ(read->nonce_count, 1U);
  EXPECT_EQ(read->algorithm, Algorithm::sha256);
  EXPECT_EQ(read->opaque, "o");
  auto const folded =
      parse_credentials("digest   username=\"a,b\" ,\trealm = \"r\", nonce=\"n\",uri=\"sip:h;x=1\",response=\"0\"");
  ASSERT_TRUE(folded);
  EXPECT_EQ(folded->username, "a,b");
  EXPECT_EQ(folded->realm, "r");
  EXPECT_EQ(folded->qop, Qop::none);
}

TEST(Digest, RefusesBrokenCredentials) {
  for (auto text : {"", "Digest", "Digest x", "Digest username=\"a", "Digest username=\"a\"",
                    "Digest username=\"a\",nonce=\"n\",uri=\"u\",response=\"r\",qop=auth",
                    "Digest username=\"a\",nonce=\"n\",uri=\"u\",response=\"r\",qop=auth,nc=1,cnonce=\"c\"",
                    "Digest username=\"a\",nonce=\"n\",uri=\"u\",response=\"r\",qop=auth,nc=0000000g,cnonce=\"c\""})
    EXPECT_FALSE(parse_credentials(text)) << text;
  EXPECT_EQ(parse_credentials("NoOneKnowsThisScheme opaque-data=here")->scheme, AuthScheme::other);
}

TEST(Digest, ChallengesOneAlgorithmEach) {
  auto const text = format_challenge("local\"host", "n", Algorithm::sha256, Stale::yes);
  EXPECT_EQ(text, "Digest realm=\"local\\\"host\",nonce=\"n\",algorithm=SHA-256,qop=\"auth\",stale=true");
  auto const read = parse_challenge(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->algorithm, Algorithm::sha256);
  EXPECT_TRUE(read->offers_auth);
  EXPECT_TRUE(read->stale);
  EXPECT_EQ(parse_challenge("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int,auth\"")->algorithm, Algorithm::md5);
  EXPECT_EQ(parse_challenge("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256")->algorithm, Algorithm::other);
  EXPECT_FALSE(parse_challenge("Digest realm=\"r\""));
}

TEST(Nonce, IsFreshThenStaleAndNeverForged) {
  VirtualClock clock;
  NonceMint mint(Secret(std::string(32, 'k')), 5min);
  auto const nonce = mint.make(clock.now(), 42, "localhost");
  auto const verdict = mint.check(nonce, clock.now(), "localhost");
  EXPECT_EQ(verdict.state, NonceState::fresh);
  EXPECT_EQ(verdict.made, clock.now());
  EXPECT_EQ(verdict.serial, 42U);
  EXPECT_EQ(mint.check(nonce, clock.now(), "elsewhere").state, NonceState::forged);
  EXPECT_EQ(mint.check(nonce, clock.now() + 6min, "localhost").state, NonceState::stale);
  EXPECT_EQ(mint.check(nonce, clock.now() - 6min, "localhost").state, NonceState::stale);
  EXPECT_EQ(NonceMint(Secret(std::string(32, 'l')), 5min).check(nonce, clock.now(), "localhost").state,
            NonceState::forged);
  for (std::size_t at = 0; at < nonce.size(); ++at) {
    auto damaged = nonce;
    damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(mint.check(damaged, clock.now(), "localhost").state, NonceState::forged) << at;
  }
  for (auto text : {"", "x", "dcd98b7102dd2f0e8b11d0f600bfb0c093"})
    EXPECT_EQ(mint.check(text, clock.now(), "localhost").state, NonceState::forged);
}

TEST(Nonce, MintsOnNodesOfOneKeyAgree) {
  NonceMint one(Secret(std::string(32, 'k')), 5min), other(Secret(std::string(32, 'k')), 5min);
  auto const now = VirtualClock().now();
  std::set<std::string> all;
  for (std::uint64_t serial = 0; serial < 20; ++serial) {
    auto const nonce = one.make(now, serial, "r");
    all.insert(nonce);
    EXPECT_EQ(other.check(nonce, now, "r").state, NonceState::fresh);
  }
  EXPECT_EQ(all.size(), 20U);
}

NonceVerdict made(std::int64_t second, std::uint64_t serial = 1) {
  return {.state = NonceState::fresh, .made = from_unix_seconds(second), .serial = serial};
}

TEST(NonceCounts, EachCountWorksOnce) {
  using enum NonceCounts::Use;
  NonceCounts counts;
  EXPECT_EQ(counts.use(made(1), 0), replayed);
  EXPECT_EQ(counts.use(made(1), 1), first);
  EXPECT_EQ(counts.use(made(1), 1), replayed);
  EXPECT_EQ(counts.use(made(1), 5), first);
  EXPECT_EQ(counts.use(made(1), 3), first) << "out of order";
  EXPECT_EQ(counts.use(made(1), 3), replayed);
  EXPECT_EQ(counts.use(made(1, 2), 1), first) << "another nonce of the same instant";
  EXPECT_EQ(counts.use(made(1), 200), first);
  EXPECT_EQ(counts.use(made(1), 136), replayed) << "behind the window";
  EXPECT_EQ(counts.use(made(1), 137), first);
  EXPECT_EQ(counts.use(made(1), 0xffffffff), first);
  EXPECT_EQ(counts.use(made(1), 0xffffffff), replayed);
}

TEST(NonceCounts, AMarkIsEnoughThatNothingIsUsedTwice) {
  using enum NonceCounts::Use;
  NonceVerdict const older{.state = NonceState::fresh, .made = Instant{1s}, .serial = 1};
  NonceVerdict const newest{.state = NonceState::fresh, .made = Instant{2s}, .serial = (std::uint64_t{7} << 32) + 2};
  NonceVerdict const later{.state = NonceState::fresh, .made = Instant{3s}, .serial = 3};
  NonceCounts counts;
  EXPECT_EQ(counts.use(newest, 5), first);
  EXPECT_EQ(counts.use(older, 1), first);
  auto const mark = counts.mark();
  auto resumed = NonceCounts::resumed(mark, newest);
  EXPECT_EQ(resumed.use(newest, 5), replayed);
  EXPECT_EQ(resumed.use(newest, 4), replayed) << "it may have been used";
  EXPECT_EQ(resumed.use(newest, 6), first);
  EXPECT_EQ(resumed.use(newest, 6), replayed);
  EXPECT_EQ(NonceCounts::resumed(mark, older).use(older, 2), forgotten);
  EXPECT_EQ(NonceCounts::resumed(mark, later).use(later, 1), first);
  EXPECT_EQ(NonceCounts::resumed(NonceCounts{}.mark(), older).use(older, 1), first) << "nothing was known";
}

TEST(NonceCounts, ForgetsTheOldestAndSaysSo) {
  using enum NonceCounts::Use;
  NonceCounts counts;
  for (std::int64_t second = 1; second <= 9; ++second) EXPECT_EQ(counts.use(made(second), 1), first);
  EXPECT_EQ(counts.use(made(1), 1), forgotten);
  EXPECT_EQ(counts.use(made(1), 2), forgotten);
  EXPECT_EQ(counts.use(made(2), 1), replayed);
  EXPECT_EQ(counts.use(made(10), 1), first);
}

}  // namespace
}  // namespace reveille::sip
