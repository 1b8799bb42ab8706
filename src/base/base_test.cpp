#include "base/encoding.hpp"
#include "base/instant.hpp"
#include "base/packed_text.hpp"
#include "base/packing.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/utf8.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

namespace {

// By how many seconds this program's clocks are set.
std::atomic<std::int64_t> wall_set_by = 0;
std::atomic<std::int64_t> steady_set_by = 0;

}  // namespace

// Takes the place of the C library's, so that a test sets the clocks.
extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  auto const result = static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
  if (clock == CLOCK_REALTIME) now->tv_sec += wall_set_by;
  if (clock == CLOCK_MONOTONIC) now->tv_sec += steady_set_by;
  return result;
}

namespace reveille {
namespace {

TEST(Encoding, Rfc4648Vectors) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(encode_base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(decode_base64url("-_8"), "\xfb\xff");
  EXPECT_EQ(encode_hex("foobar"), "666f6f626172");
  EXPECT_EQ(decode_hex("666F6f626172"), "foobar");
}

TEST(Encoding, RefusesWhatTheRfcDoesNotAllow) {
  for (auto text : {"Zg", "Zg=", "Zg= ", "Zh==", "Z===", "=", "Zm9v\n"}) EXPECT_FALSE(decode_base64(text)) << text;
  for (auto text : {"Zg==", "Zh", "a", "+/8"}) EXPECT_FALSE(decode_base64url(text)) << text;
  for (auto text : {"6", "6g", "0x"}) EXPECT_FALSE(decode_hex(text)) << text;
}

// RFC 3629 section 4: overlong forms, surrogates and what is above U+10FFFF are no characters.
TEST(Utf8, KnowsWhereACharacterEnds) {
  EXPECT_EQ(utf8_length("a\x80"), 1U);
  EXPECT_EQ(utf8_length("é"), 2U);
  EXPECT_EQ(utf8_length("…"), 3U);
  EXPECT_EQ(utf8_length("\xF0\x9F\x93\x9E"), 4U);
  for (auto const* wrong :
       {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF"})
    EXPECT_EQ(utf8_length(wrong), 0U);
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(cut_utf8("aé", 2), "a");
  EXPECT_EQ(cut_utf8("aé", 3), "aé");
  EXPECT_EQ(cut_utf8("\x80\x80\x80", 2), "");
}

TEST(Instant, Rfc3339RoundTrip) {
  auto const at = parse_rfc3339("2026-11-24T05:06:07.089Z");
  ASSERT_TRUE(at);
  EXPECT_EQ(format_rfc3339(*at), "2026-11-24T05:06:07.089Z");
  EXPECT_EQ(parse_rfc3339("2026-11-24T06:06:07.089+01:00"), at);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), Instant{});
}

TEST(Instant, RefusesWhatIsNoDate) {
  for (auto text : {"", "2026-11-24", "2026-02-30T00:00:00Z", "2026-11-24T25:00:00Z", "2026-11-24T05:06:07",
                    "2026-11-24T05:06:07.Z", "2026-11-24T05:06:07Zx"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Random, UuidsHaveTheirForm) {
  SeededRandom random{7};
  auto const one = random.uuid();
  EXPECT_TRUE(is_uuid(one)) << one;
  EXPECT_EQ(one[14], '4');
  EXPECT_NE(one, random.uuid());
  EXPECT_FALSE(is_uuid("0123"));
}

TEST(Random, SystemBytesDiffer) {
  SystemRandom random;
  EXPECT_NE(random.hex(16), random.hex(16));
  EXPECT_EQ(random.hex(300).size(), 600U);
}

TEST(Packing, HexadecimalTakesHalfAndAnythingElseComesBackToo) {
  for (std::string const text : {"", "00fc13ad", "00FC13AD", "abc", "not hex", "a token:with/other.signs"}) {
    Packer out;
    out.hex(text);
    auto const bytes = out.take();
    EXPECT_EQ(Unpacker{bytes}.hex(), text);
    Unpacker skipping{bytes, Unpacker::Texts::skipped};
    EXPECT_EQ(skipping.hex(), "");
    EXPECT_TRUE(skipping.at_end());
  }
  Packer out;
  out.hex(std::string(64, 'a'));
  EXPECT_EQ(out.take().size(), 34U);
}

TEST(Packing, ANumberIsOverwrittenWhereOneOfItsWidthStands) {
  Packer out;
  out.number(7, packed_word);
  out.number(300);
  auto bytes = out.take();
  EXPECT_TRUE(overwrite_number(bytes, 0, packed_word, 0xffffffff));
  Unpacker in{bytes};
  EXPECT_EQ(in.number(), 0xffffffffU);
  EXPECT_EQ(in.number(), 300U);
  EXPECT_FALSE(overwrite_number(bytes, 0, packed_word, std::uint64_t{1} << 35U)) << "takes more";
  EXPECT_FALSE(overwrite_number(bytes, 1, packed_word, 1)) << "none begins there";
  EXPECT_FALSE(overwrite_number(bytes, 5, packed_word, 1)) << "behind the end";
}

TEST(PackedText, KeepsBytesAndLetsThemChangeInPlace) {
  PackedText text;
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.view(), "");
  text.assign(std::string_view{"a\0b", 3});
  EXPECT_EQ(text.view().size(), 3U);
  text.bytes()[1] = '-';
  EXPECT_EQ(text.view(), "a-b");
  text.assign({});
  EXPECT_TRUE(text.empty());
}

TEST(SystemClock, FollowsTheWallClockAndNeverGoesBack) {
  // Ahead: at once. Behind: a tenth of the time that passes, and no further than it is behind.
  EXPECT_EQ(followed(100s, 115s, 1s), 115s);
  EXPECT_EQ(followed(100s, 40s, 1s), 100s - 100ms);
  EXPECT_EQ(followed(100s, 100s - 10ms, 1s), 100s - 10ms);
  SystemClock clock;
  auto last = clock.now();
  for (int i = 0; i < 1000; ++i) {
    (void)clock.follow();
    auto const now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_LT(std::chrono::abs(last.time_since_epoch() - std::chrono::system_clock::now().time_since_epoch()), 1s);
}

TEST(SystemClock, IsAsFarAheadAsTheWallClockIsSetAndStandsStillWhenThatIsSetBack) {
  SystemClock clock;
  auto const start = clock.now();
  wall_set_by += 3600;
  EXPECT_LT(clock.now() - start, 1min) << "nobody has looked yet";
  EXPECT_GE(clock.follow(), 59min);
  auto const ahead = clock.now();
  EXPECT_GE(ahead - start, 59min);
  // An hour back, looked at after ten seconds.
  wall_set_by += 10 - 3600;
  steady_set_by += 10;
  auto const latest = clock.now();
  EXPECT_LT(clock.follow(), -59min);
  EXPECT_GE(clock.now(), latest);
  EXPECT_LT(clock.now() - latest, 500ms) << "it stands still for the tenth";
  steady_set_by += 1;
  EXPECT_GT(clock.now() - latest, 800ms) << "of a second, however long nobody has looked";
  wall_set_by = steady_set_by = 0;
}

TEST(Secret, ShowsOnlyATail) {
  EXPECT_EQ(tail_of("0123456789abcdef"), "…abcdef");
  EXPECT_EQ(tail_of("short"), "…");
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace reveille
