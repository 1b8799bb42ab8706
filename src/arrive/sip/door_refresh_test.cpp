// A REGISTER that says again what it said: the door's quick way, beside the long one.
#include "arrive/sip/door_fixture.hpp"

namespace reveille::arrive {
namespace {

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

}  // namespace
}  // namespace reveille::arrive
