#include "admin/traces.hpp"

#include "admin/printable.hpp"
#include "store/memory/memory_store.hpp"
#include "store/test_shard.hpp"

#include <gtest/gtest.h>

namespace reveille::admin {
namespace {

constexpr auto began = from_unix_seconds(1'800'000'000);

model::TraceStep call_step(model::Milestone milestone, Duration after, std::string device = "",
                           model::Why why = model::Why::none) {
  return {.tracking = model::TrackingId{"t-1"},
          .milestone = milestone,
          .at = began + after,
          .device = model::InstanceId{std::move(device)},
          .why = why};
}

void play_woken_call(Traces& traces) {
  using enum model::Milestone;
  traces.begin({.tracking = model::TrackingId{"t-1"},
                .from = "romeo@localhost",
                .to = "juliet@localhost",
                .call_id = "call-1",
                .began = began});
  traces.step(call_step(offered, 0ms));
  traces.step(call_step(push_requested, 1ms, "6a1c4f5e-0000-4000-8000-000000000001", model::Why::incoming_call));
  traces.step(call_step(registered, 800ms, "6a1c4f5e-0000-4000-8000-000000000001", model::Why::registered_after_push));
  traces.begin({.tracking = model::TrackingId{"t-1"}, .push_id = "p-1"});
  traces.step(call_step(answered, 1934ms, "6a1c4f5e-0000-4000-8000-000000000001"));
  traces.step(call_step(answered_elsewhere, 1940ms, "6a1c4f5e-0000-4000-8000-000000000002"));
}

TEST(Traces, a_call_is_found_by_each_of_its_ids) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Traces traces(store);
  play_woken_call(traces);
  for (auto const* id : {"t-1", "call-1", "p-1"}) ASSERT_TRUE(traces.find(id)) << id;
  EXPECT_FALSE(traces.find("t-2"));
  EXPECT_FALSE(traces.find(""));
  EXPECT_EQ(outcome_of(*traces.find("t-1")), model::Milestone::answered);
}

TEST(Traces, json_is_as_documented) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Traces traces(store);
  traces.begin({.tracking = model::TrackingId{"t-1"}, .from = "a\x1b[2J\xff", .to = "b", .began = began});
  traces.step(call_step(model::Milestone::unreachable, 13'001ms, "", model::Why::no_device));
  EXPECT_EQ(json_of(*traces.find("t-1")),
            R"({"tracking_id":"t-1","kind":"call","from":"a?[2J?","to":"b","call_id":null,"archive_id":null,)"
            R"("push_ids":[],"outcome":"unreachable","ended":true,"milestones":[{"at":"2027-01-15T08:00:13.001Z",)"
            R"("ms":13001,"name":"unreachable","device":null,"why":"no_device"}]})");
}

TEST(Traces, the_story_says_when_and_why) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Traces traces(store);
  play_woken_call(traces);
  auto const story = story_of(*traces.find("t-1"));
  EXPECT_NE(story.find("Call t-1 from romeo@localhost to juliet@localhost\n"), std::string::npos) << story;
  EXPECT_NE(story.find("     +800 ms  registered           [6a1c4f5e] The phone registered: the push woke it.\n"),
            std::string::npos)
      << story;
  EXPECT_NE(story.find("Ended after 1.93 s: Answered.\n"), std::string::npos) << story;
}

std::optional<Trace> fetch(Traces& traces, store::TestShard& shard, std::string id) {
  bool answered = false;
  std::optional<Trace> found;
  traces.fetch(std::move(id), [&](std::optional<Trace> trace) {
    found = std::move(trace);
    answered = true;
  });
  shard.run_until([&] { return answered; });
  return found;
}

TEST(Traces, a_restart_keeps_what_was_flushed) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  {
    Traces traces(store);
    play_woken_call(traces);
    traces.flush();
  }
  shard.drop();
  Traces traces(store);
  for (auto const* id : {"t-1", "call-1", "p-1"}) {
    auto const trace = fetch(traces, shard, id);
    ASSERT_TRUE(trace) << id;
    EXPECT_EQ(trace->steps.size(), 5U);
    EXPECT_EQ(trace->steps[1].why, model::Why::incoming_call);
  }
  EXPECT_FALSE(fetch(traces, shard, "t-2"));
}

// B-CALL-13: the end that a restart gives a call is one line of its story, not all of it.
TEST(Traces, what_comes_after_a_restart_is_told_with_what_came_before) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  {
    Traces traces(store);
    traces.begin(
        {.tracking = model::TrackingId{"t-1"}, .from = "romeo@localhost", .call_id = "call-1", .began = began});
    traces.step(call_step(model::Milestone::offered, 0ms));
    traces.flush();
  }
  shard.drop();
  Traces traces(store);
  traces.step(call_step(model::Milestone::interrupted, 5s, "", model::Why::node_restarted));
  for (auto const* id : {"t-1", "call-1"}) {
    auto const trace = fetch(traces, shard, id);
    ASSERT_TRUE(trace) << id;
    EXPECT_EQ(trace->head.from, "romeo@localhost");
    ASSERT_EQ(trace->steps.size(), 2U);
    EXPECT_EQ(outcome_of(*trace), model::Milestone::interrupted);
  }
}

TEST(Traces, a_full_disk_takes_nothing_from_what_memory_has) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  Traces traces(store);
  play_woken_call(traces);
  EXPECT_EQ(fetch(traces, shard, "call-1")->steps.size(), 5U);
}

TEST(Traces, flushes_gather_while_the_disk_is_behind) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Traces traces(store, {.in_flight = 2, .unwritten = 3});
  for (int i = 0; i < 8; ++i) {
    traces.step(call_step(model::Milestone::ringing, 1ms));
    traces.flush();
  }
  EXPECT_EQ(store.commits(), 2U);
  EXPECT_EQ(traces.lost(), 3U);
  EXPECT_EQ(fetch(traces, shard, "t-1")->steps.size(), 8U) << "memory has them";
  EXPECT_EQ(store.commits(), 3U) << "what gathered went in one batch";
}

TEST(Traces, the_oldest_goes_from_memory_and_stays_on_disk) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Traces traces(store, {.traces = 2, .steps = 3});
  for (auto const* id : {"a", "b", "c"})
    traces.begin({.tracking = model::TrackingId{id}, .call_id = std::string("call-") + id, .began = began});
  EXPECT_FALSE(traces.find("a"));
  EXPECT_FALSE(traces.find("call-a"));
  EXPECT_TRUE(traces.find("call-c"));
  EXPECT_TRUE(fetch(traces, shard, "call-a"));
  EXPECT_EQ(traces.recent(10).front()->head.tracking.value, "c");
}

TEST(Traces, too_many_steps_replace_the_last_one) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Traces traces(store, {.traces = 2, .steps = 3});
  for (int i = 0; i < 10; ++i) traces.step(call_step(model::Milestone::ringing, 1ms));
  traces.step(call_step(model::Milestone::no_answer, 30s));
  ASSERT_EQ(traces.find("t-1")->steps.size(), 3U);
  EXPECT_EQ(outcome_of(*traces.find("t-1")), model::Milestone::no_answer);
}

TEST(Traces, a_push_has_its_own_trace_beside_its_call) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Traces traces(store);
  play_woken_call(traces);
  traces.begin(
      {.tracking = model::TrackingId{"t-1"}, .kind = model::TraceKind::push, .push_id = "p-1", .began = began});
  EXPECT_EQ(traces.find("t-1")->head.kind, model::TraceKind::call);
  EXPECT_EQ(traces.find("p-1")->head.kind, model::TraceKind::push);
  model::TraceStep step{.tracking = model::TrackingId{"t-1"}, .kind = model::TraceKind::push, .push_id = "p-1"};
  traces.step(step);
  step.push_id = "p-2";
  traces.step(step);
  EXPECT_EQ(traces.find("p-1")->steps.size(), 1U);
  EXPECT_EQ(traces.find("p-2")->steps.size(), 1U);
  EXPECT_EQ(fetch(traces, shard, "p-2")->push_ids, std::vector<std::string>{"p-2"});
}

TEST(Traces, changed_is_told_once_until_the_flush) {
  store::TestShard shard;
  store::MemoryStore store(shard.post());
  Traces traces(store);
  int told = 0;
  traces.set_changed([&] { ++told; });
  play_woken_call(traces);
  EXPECT_EQ(told, 1);
  traces.flush();
  traces.step(call_step(model::Milestone::ringing, 1ms));
  EXPECT_EQ(told, 2);
}

TEST(Printable, keeps_text_and_hides_the_rest) {
  EXPECT_EQ(printable("Grüße, 世界 🙂"), "Grüße, 世界 🙂");
  EXPECT_EQ(printable("a\r\nb\x7f\xc0\xaf\xed\xa0\x80"),
            "a??b??"
            "????");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "abc\xe4\xb8"),
            "???abc??");
}

}  // namespace
}  // namespace reveille::admin
