// PushClients: who is given credentials, and what of them survives.
#include "dispatch/push/clients.hpp"

#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace reveille::dispatch {
namespace {

using namespace model;

class PushClientsTest : public testing::Test {
 protected:
  PushClientsTest() { restart(); }

  void restart() {
    clients = std::make_unique<PushClients>(store, random);
    ASSERT_TRUE(clients->load());
    run();
  }
  void run() {
    while (!posted.empty()) {
      auto job = std::move(posted.front());
      posted.pop_front();
      job();
    }
  }
  Result<NewPushClient> add(std::string tenant) {
    std::optional<Result<NewPushClient>> added;
    clients->add(TenantId{std::move(tenant)}, [&](auto got) { added = std::move(got); });
    run();
    return std::move(added.value());
  }

  SystemRandom random;
  std::deque<std::move_only_function<void()>> posted;
  store::MemoryStore store{[this](auto job) { posted.push_back(std::move(job)); }};
  std::unique_ptr<PushClients> clients;
};

TEST_F(PushClientsTest, AClientIsKnownByItsSecretAlsoAfterARestart) {
  auto const made = add("verona");
  ASSERT_TRUE(made);
  for (int start = 0; start < 2; ++start) {
    auto const* known = clients->find(made->client.id);
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(known->tenant.value, "verona");
    EXPECT_TRUE(is_secret_of(*known, made->secret.reveal()));
    EXPECT_FALSE(is_secret_of(*known, ""));
    EXPECT_FALSE(is_secret_of(*known, std::string(made->secret.reveal()) + "x"));
    restart();
  }
  EXPECT_EQ(clients->find("another"), nullptr);
}

TEST_F(PushClientsTest, TwoClientsOfATenantAreTwo) {
  auto const one = add("verona");
  auto const other = add("verona");
  EXPECT_NE(one->client.id, other->client.id);
  EXPECT_FALSE(is_secret_of(one->client, other->secret.reveal()));
}

TEST_F(PushClientsTest, TheDiskHoldsNoSecret) {
  auto const made = add("verona");
  ASSERT_TRUE(store.for_each(store::Table::push_clients, [&](std::string_view, std::string_view value) {
    EXPECT_EQ(value.find(made->secret.reveal()), std::string_view::npos);
  }));
}

TEST_F(PushClientsTest, TokensOutliveARestart) {
  auto const key = std::string(clients->signing_key().reveal());
  EXPECT_GE(key.size(), 32U);
  restart();
  EXPECT_EQ(clients->signing_key().reveal(), key);
}

TEST_F(PushClientsTest, ATenantsNameIsOneWord) {
  for (auto const* bad : {"", "two words", "a/b", "\xc3\xa9"}) {
    auto const made = add(bad);
    ASSERT_FALSE(made) << bad;
    EXPECT_EQ(made.error().code, ErrorCode::malformed);
  }
  EXPECT_FALSE(add(std::string(65, 'a')));
  EXPECT_TRUE(add("Verona-1_a.b"));
  EXPECT_FALSE(add("local")) << "this server's own pushes bear that name";
}

TEST_F(PushClientsTest, WhatIsNotOnDiskIsNotToldAndNotKnown) {
  store.fail_with(Error{.code = ErrorCode::storage});
  auto const made = add("verona");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::storage);
}

}  // namespace
}  // namespace reveille::dispatch
