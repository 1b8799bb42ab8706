// Which credential may be spent on which target.
#include "dispatch/push/provider.hpp"

#include <gtest/gtest.h>

namespace reveille::dispatch {
namespace {

using namespace model;

TEST(PushCredential, AnAppIsNotTheAppWhoseNameBeginsWithIt) {
  PushCredential const acme{.team = "TEAM000001", .apps = {"com.acme.app"}};
  auto const is_for_topic = [&acme](std::string topic) {
    return is_for(acme, TenantId{"t"},
                  {.provider = model::Provider::apns, .token = "ab", .topic = std::move(topic), .team = "TEAM000001"});
  };
  for (auto const* its_own : {"com.acme.app", "com.acme.app.voip", "com.acme.app.voip-ptt", "com.acme.app.complication",
                              "com.acme.app.push-type.liveactivity"})
    EXPECT_TRUE(is_for_topic(its_own)) << its_own;
  for (auto const* anothers :
       {"com.acme.app.beta", "com.acme.app.beta.voip", "com.acme.apps", "com.acme", "com.acme.app."})
    EXPECT_FALSE(is_for_topic(anothers)) << anothers;
}

}  // namespace
}  // namespace reveille::dispatch
