#include "wire/xmpp/jid.hpp"

#include "wire/xmpp/precis.hpp"

#include <gtest/gtest.h>

namespace reveille::xmpp {
namespace {

std::string prepared(std::string_view text) {
  auto const jid = parse_jid(text);
  return jid ? jid->text() : "refused";
}

// The examples of RFC 7622 section 3.5, table 1.
TEST(Jid, AcceptsWhatTheRfcShows) {
  EXPECT_EQ(prepared("juliet@example.com"), "juliet@example.com");
  EXPECT_EQ(prepared("juliet@example.com/foo"), "juliet@example.com/foo");
  EXPECT_EQ(prepared("juliet@example.com/foo bar"), "juliet@example.com/foo bar");
  EXPECT_EQ(prepared("juliet@example.com/foo@bar"), "juliet@example.com/foo@bar");
  EXPECT_EQ(prepared("foo\\20bar@example.com"), "foo\\20bar@example.com");
  EXPECT_EQ(prepared("fussball@example.com"), "fussball@example.com");
  EXPECT_EQ(prepared("fu\xC3\x9F"
                     "ball@example.com"),
            "fu\xC3\x9F"
            "ball@example.com");
  EXPECT_EQ(prepared("\xCF\x80@example.com"), "\xCF\x80@example.com");
  EXPECT_EQ(prepared("\xCE\xA3@example.com/foo"), "\xCF\x83@example.com/foo");
  EXPECT_EQ(prepared("king@example.com/\xE2\x99\x9A"), "king@example.com/\xE2\x99\x9A");
  EXPECT_EQ(prepared("example.com"), "example.com");
  EXPECT_EQ(prepared("example.com/foobar"), "example.com/foobar");
  EXPECT_EQ(prepared("a.example.com/b@example.net"), "a.example.com/b@example.net");
}

// Table 2.
TEST(Jid, RefusesWhatTheRfcForbids) {
  for (std::string_view const text :
       {"\"juliet\"@example.com", "foo bar@example.com", "juliet@example.com/", "@example.com/foo",
        "henry\xE2\x85\xA3@example.com", "\xE2\x99\x9A@example.com", "juliet@", "/foobar", "", "@", "a@b@c",
        "juliet@exa mple.com", "juliet@-x.com", "juliet@x..com", "ju\x01liet@example.com", "juliet@example.com/a\x01",
        "\xFF@example.com", "a@[x]"})
    EXPECT_EQ(prepared(text), "refused") << text;
  EXPECT_EQ(prepared(std::string(1024, 'a') + "@example.com"), "refused");
  EXPECT_EQ(prepared("a@example.com/" + std::string(1024, 'a')), "refused");
}

TEST(Jid, PreparesSoThatEqualAddressesCompareEqual) {
  EXPECT_EQ(prepared("Juliet@EXAMPLE.com./Balcony"), "juliet@example.com/Balcony");
  EXPECT_EQ(prepared("J\xC3\x9CLIET@b\xC3\xBC"
                     "cher.example"),
            "j\xC3\xBCliet@b\xC3\xBC"
            "cher.example");
  EXPECT_EQ(prepared("a@xn--bcher-kva.example"), prepared("a@b\xC3\xBC"
                                                          "cher.example"));
  EXPECT_EQ(prepared("\xEF\xBD\x81@localhost"), "a@localhost");  // full-width a
  EXPECT_EQ(prepared("a@127.0.0.1"), "a@127.0.0.1");
  EXPECT_EQ(prepared("a@[::1]"), "a@[::1]");
}

TEST(Precis, OpaqueStringsKeepTheirCase) {
  EXPECT_EQ(prepare_opaque("Correct Horse"), "Correct Horse");
  EXPECT_EQ(prepare_opaque("a\xC2\xA0"
                           "b"),
            "a b");                                    // NO-BREAK SPACE
  EXPECT_EQ(prepare_opaque("e\xCC\x81"), "\xC3\xA9");  // composed
  EXPECT_FALSE(
      prepare_opaque("a\xE2\x80\x8B"
                     "b"));  // ZERO WIDTH SPACE
  EXPECT_FALSE(prepare_opaque(""));
}

}  // namespace
}  // namespace reveille::xmpp
