// A REGISTER that comes again: what extend() does to the packed record is what on_register does to the unpacked one.
#include "decide/registry/refresh.hpp"

#include "base/random.hpp"
#include "decide/registry/register.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reveille::decide {
namespace {

using namespace model;

Instant const start = from_unix_seconds(1'800'000'000);
RegistrarPolicy const policy = {};
PushOffer const offer{.switched_on = true, .apns = true};

enum class Addresses : std::uint8_t { different, same };

RegisterRequest request_of(unsigned phone, Addresses addresses) {
  InstanceId const instance{"00000000-0000-4000-8000-00000000000" + std::to_string(phone)};
  RegisterRequest request{.call_id = "call-" + std::to_string(phone),
                          .cseq = 1,
                          .kind = ContactsKind::listed,
                          .remote = "udp 192.0.2.1:506" + std::to_string(phone)};
  // Phones of several homes may have the same private address.
  auto const host =
      addresses == Addresses::same && phone != 0 ? std::string("10.0.0.1") : "192.0.2.1:506" + std::to_string(phone);
  request.contacts.push_back({.uri = "sip:juliet@" + host,
                              .expires = 600s,
                              .instance = phone == 0 ? InstanceId{} : instance,
                              .device = {.instance = phone == 0 ? InstanceId{} : instance,
                                         .voip_token = "token-" + std::to_string(phone),
                                         .uses_call = true}});
  return request;
}

// An account with some phones, each of which has registered once.
struct Account {
  Registrations registrations = {};
  std::string packed = {};
  std::vector<RegisterRequest> requests = {};

  explicit Account(unsigned phones, Addresses addresses = Addresses::different) {
    for (unsigned phone = 0; phone < phones; ++phone) {
      requests.push_back(request_of(phone, addresses));
      EXPECT_EQ(on_register(registrations, requests.back(), policy, offer, start).status, 200);
    }
    packed = pack(registrations);
  }
  std::optional<KnownRefresh> known(unsigned phone) {
    RegisterOutcome const outcome{.bindings = {{.contact = requests[phone].contacts[0].uri,
                                                .expires = 600s,
                                                .instance = requests[phone].contacts[0].instance}}};
    return repeatable(requests[phone], outcome, registrations, packed);
  }
};

void hold_both_ways_beside_each_other(Addresses addresses) {
  SeededRandom random{11};
  for (unsigned phones = 1; phones <= 4; ++phones) {
    Account account(phones, addresses);
    std::vector<KnownRefresh> known;
    for (unsigned phone = 0; phone < phones; ++phone) known.push_back(account.known(phone).value());
    Instant now = start;
    std::uint32_t cseq = 1;
    unsigned extended = 0;
    unsigned written = 0;
    for (int step = 0; step < 200; ++step) {
      now += std::chrono::seconds(random.number() % 120);
      cseq += static_cast<std::uint32_t>(random.number() % 1000);
      auto const phone = static_cast<unsigned>(random.number() % phones);
      auto packed = account.packed;
      auto expected = account.registrations;
      auto request = account.requests[phone];
      request.cseq = cseq;
      auto const outcome = on_register(expected, request, policy, offer, now);
      auto const extension = extend(packed, known[phone], cseq, now);
      if (extension == Extended::no) {
        // Then the registrar had more to do than to count on, and nothing was touched.
        EXPECT_EQ(packed, account.packed);
        EXPECT_TRUE(outcome.status != 200 || outcome.durability == Durability::before_answer ||
                    expected.bindings.size() != account.registrations.bindings.size());
        if (outcome.status != 200) continue;
        if (expected.bindings.size() != account.registrations.bindings.size()) break;
        EXPECT_TRUE(is_refreshed_only(account.registrations, expected));
        account.registrations = expected;
        account.packed = pack(expected);
        continue;
      }
      ++extended;
      EXPECT_EQ(outcome.durability, extension == Extended::to_be_written ? Durability::lazily : Durability::none);
      if (extension == Extended::to_be_written) ++written;
      ASSERT_TRUE(unpack_registrations(packed));
      EXPECT_EQ(*unpack_registrations(packed), expected);
      EXPECT_EQ(packed, pack(expected)) << "byte for byte, so that places stay where they are";
      account.registrations = expected;
      account.packed = packed;
    }
    EXPECT_GT(extended, 5U);
    if (phones == 1) EXPECT_GT(written, 5U);
  }
}

TEST(Refresh, does_to_the_packed_record_what_the_registrar_does_to_the_unpacked_one) {
  hold_both_ways_beside_each_other(Addresses::different);
}

TEST(Refresh, does_so_for_devices_with_equal_contact_uris) {
  hold_both_ways_beside_each_other(Addresses::same);
}

TEST(Refresh, RFC3261_10_3_step_7_leaves_an_old_cseq_to_the_registrar) {
  Account account(1);
  auto const known = account.known(0).value();
  EXPECT_EQ(extend(account.packed, known, 1, start + 1s), Extended::no);
  EXPECT_EQ(extend(account.packed, known, 2, start + 1s), Extended::in_memory);
  EXPECT_EQ(extend(account.packed, known, 2, start + 2s), Extended::no);
}

TEST(Refresh, never_promises_more_than_the_disk_holds) {
  Account account(2);
  auto const known = account.known(1).value();
  EXPECT_EQ(extend(account.packed, known, 2, start + 599s), Extended::in_memory);
  auto registrations = unpack_registrations(account.packed).value();
  for (auto& binding : registrations.bindings) binding.expires_at = start + 2000s;
  account.packed = pack(registrations);
  EXPECT_EQ(extend(account.packed, known, 3, start + 1200s + 1ms), Extended::no) << "stored until start + 1800 s";
}

TEST(Refresh, is_written_before_the_next_one_would_promise_more_than_the_disk_holds) {
  Account account(1);
  auto const known = account.known(0).value();
  EXPECT_EQ(extend(account.packed, known, 2, start + 540s), Extended::in_memory);
  EXPECT_EQ(extend(account.packed, known, 3, start + 1080s), Extended::to_be_written);
  EXPECT_EQ(unpack_registrations(account.packed)->bindings[0].stored_until, start + 1080s + 1800s);
  EXPECT_EQ(extend(account.packed, known, 4, start + 1620s), Extended::in_memory);
  EXPECT_EQ(extend(account.packed, known, 5, start + 2160s), Extended::to_be_written);
}

TEST(Refresh, what_has_run_out_is_the_registrars_to_erase) {
  Account account(2);
  auto const known = account.known(1).value();
  EXPECT_EQ(extend(account.packed, known, 2, start + 599s), Extended::in_memory);
  EXPECT_EQ(extend(account.packed, known, 3, start + 600s), Extended::no) << "the other phone's binding has run out";
}

TEST(Refresh, a_record_that_makes_no_sense_is_left_alone) {
  Account account(2);
  auto const known = account.known(1).value();
  for (std::size_t size = 0; size < account.packed.size(); ++size) {
    std::string cut = account.packed.substr(0, size);
    (void)extend(cut, known, 2, start + 1s);
    EXPECT_EQ(cut.size(), size);
  }
}

}  // namespace
}  // namespace reveille::decide
