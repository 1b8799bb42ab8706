// PushNotices with a service that hears, and one that does not.
#include "deliver/push/notices.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reveille::deliver {
namespace {

class PushNoticesTest : public testing::Test {
 protected:
  ~PushNoticesTest() override { notices->close(); }

  PushNotice notice(int number, Duration lives = 10s) const {
    return {.id = model::PushId{std::to_string(number)}, .until = clock.now() + lives};
  }

  boost::asio::io_context io{1};
  VirtualClock clock;
  bool hears = true;
  std::vector<std::string> said;
  std::shared_ptr<PushNotices> notices =
      std::make_shared<PushNotices>(io.get_executor(), clock, [this](PushNotice const& what, PushNotices::Told told) {
        said.push_back(what.id.value);
        boost::asio::post(io, [this, told = std::move(told)]() mutable {
          told(hears ? PushNotices::Heard::yes : PushNotices::Heard::no);
        });
      });
};

TEST_F(PushNoticesTest, WhatIsHeardIsSaidOnce) {
  notices->add(notice(1));
  notices->add(notice(2));
  io.run_for(200ms);
  EXPECT_EQ(said, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(notices->unheard(), 0U);
}

TEST_F(PushNoticesTest, WhatIsNotHeardIsSaidAgainWithGrowingPauses) {
  hears = false;
  notices->add(notice(1));
  io.run_for(1s);  // 50 + 100 + 200 + 400 ms
  EXPECT_GE(said.size(), 3U);
  EXPECT_LE(said.size(), 6U);
  hears = true;
  io.restart();
  io.run_for(2s);
  EXPECT_EQ(notices->unheard(), 0U);
}

TEST_F(PushNoticesTest, ALifeThatIsOverEndsIt) {
  hears = false;
  notices->add(notice(1));
  io.run_for(20ms);
  clock.advance(11s);
  hears = true;
  io.restart();
  io.run_for(200ms);
  EXPECT_EQ(said.size(), 1U);
  EXPECT_EQ(notices->unheard(), 0U);
}

TEST_F(PushNoticesTest, AnOutageFillsNoMemory) {
  hears = false;
  for (int i = 0; i < 25'000; ++i) notices->add(notice(i));
  io.run_for(20ms);
  EXPECT_LE(notices->unheard(), PushNotices::most + 100);
  EXPECT_LE(said.size(), 100U) << "and nobody hammers a service that is away";
}

}  // namespace
}  // namespace reveille::deliver
