#include "admin/health.hpp"

#include "admin/metrics.hpp"
#include "store/memory/memory_store.hpp"
#include "store/test_shard.hpp"

#include <gtest/gtest.h>

namespace reveille::admin {
namespace {

TEST(Health, is_ready_only_between_start_and_stop) {
  Health health;
  EXPECT_EQ(health.json(), R"({"status":"starting","reasons":[]})");
  health.enter(Phase::ready);
  EXPECT_EQ(health.json(), R"({"status":"ready","reasons":[]})");
  health.enter(Phase::stopping);
  EXPECT_EQ(health.json(), R"({"status":"stopping","reasons":[]})");
}

TEST(Health, a_part_is_degraded_until_it_is_mended) {
  Health health;
  health.enter(Phase::ready);
  health.degrade("push", "The push service cannot be reached.");
  EXPECT_EQ(health.json(),
            R"({"status":"degraded","reasons":[{"part":"push","reason":"The push service cannot be reached."}]})");
  health.mend("push");
  EXPECT_EQ(health.json(), R"({"status":"ready","reasons":[]})");
}

TEST(Health, a_watch_is_asked_each_time) {
  Health health;
  health.enter(Phase::ready);
  std::string reason;
  health.watch("certificate", [&] { return reason; });
  EXPECT_TRUE(health.reasons().empty());
  reason = "It has expired.";
  EXPECT_EQ(health.reasons().at("certificate"), "It has expired.");
}

TEST(Metrics, count_milestones_reasons_and_the_time_to_wake) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Metrics metrics("1.2.3");
  Traces traces(store);
  traces.set_observer([&](auto const& trace, auto const& step) { metrics.count(trace, step); });
  auto const began = from_unix_seconds(1'800'000'000);
  traces.begin({.tracking = model::TrackingId{"t"}, .began = began});
  traces.step({.tracking = model::TrackingId{"t"},
               .milestone = model::Milestone::registered,
               .at = began + 700ms,
               .why = model::Why::registered_after_push});
  traces.step({.tracking = model::TrackingId{"t"}, .milestone = model::Milestone::offered, .at = began});
  traces.step({.tracking = model::TrackingId{"t"},
               .milestone = model::Milestone::offered,
               .at = began,
               .device = model::InstanceId{"a phone that is not pushed"},
               .why = model::Why::no_token});
  auto const text = metrics.text();
  for (auto const* line :
       {"reveille_milestones_total{kind=\"call\",milestone=\"offered\"} 1\n",
        "reveille_reasons_total{kind=\"call\",why=\"no_token\"} 1\n", "reveille_build_info{version=\"1.2.3\"} 1\n",
        "reveille_milestones_total{kind=\"call\",milestone=\"registered\"} 1\n",
        "reveille_reasons_total{kind=\"call\",why=\"registered_after_push\"} 1\n",
        "reveille_wake_seconds_bucket{le=\"0.5\"} 0\n", "reveille_wake_seconds_bucket{le=\"1\"} 1\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST(Metrics, a_gauge_is_asked_when_somebody_scrapes) {
  Metrics metrics("1");
  double value = 3;
  metrics.add_gauge("reveille_accounts", "Users.", [&] { return value; });
  EXPECT_NE(metrics.text().find("reveille_accounts 3\n"), std::string::npos);
  value = 4;
  EXPECT_NE(metrics.text().find("reveille_accounts 4\n"), std::string::npos);
}

}  // namespace
}  // namespace reveille::admin
