#include "admin/logbook.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace reveille::admin {
namespace {

using namespace std::chrono_literals;
using enum model::Milestone;
using model::TraceKind;
using model::Why;

Instant const began = from_unix_seconds(1'800'000'000);

model::TraceStep step(TraceKind kind, model::Milestone milestone, std::string device = {}) {
  return {.tracking = model::TrackingId{"t-1"},
          .kind = kind,
          .milestone = milestone,
          .at = began + 1934ms,
          .device = model::InstanceId{std::move(device)}};
}

TEST(Logbook, TellsHowACallEndedOnce) {
  EXPECT_EQ(level_of(step(TraceKind::call, answered, "phone")), LogLevel::info);
  EXPECT_EQ(level_of(step(TraceKind::call, unreachable)), LogLevel::info);
  EXPECT_EQ(level_of(step(TraceKind::call, ringing, "phone")), std::nullopt);
  EXPECT_EQ(level_of(step(TraceKind::call, answered_elsewhere, "tablet")), std::nullopt) << "one leg only";
}

TEST(Logbook, TellsOfAPushWhenItWasNotDelivered) {
  for (auto const end : {expired, refused, model::Milestone::unknown})
    EXPECT_EQ(level_of(step(TraceKind::push, end)), LogLevel::info);
  for (auto const end : {acknowledged, unconfirmed, taken_back})
    EXPECT_EQ(level_of(step(TraceKind::push, end)), LogLevel::debug);
  EXPECT_EQ(level_of(step(TraceKind::push, accepted_by_provider)), std::nullopt);
  EXPECT_EQ(level_of(step(TraceKind::message, delivered, "phone")), LogLevel::debug);
}

TEST(Logbook, WritesOneLineWhateverAPeerSends) {
  Trace const trace{.head = {.from = "romeo@localhost",
                             .to = "juliet@localhost",
                             .call_id = "a b\"\r\n2027-01-15 error c",
                             .began = began}};
  auto ended = step(TraceKind::call, unreachable);
  ended.why = Why::no_token;
  ended.detail = "480";
  EXPECT_EQ(line_of(trace, ended),
            R"(call ended: outcome=unreachable why=no_token detail="480" from="romeo@localhost" to="juliet@localhost")"
            R"( ms=1934 tracking="t-1" call_id="a b\"??2027-01-15 error c")");
}

TEST(Logbook, NamesAPushByItsOwnId) {
  auto ended = step(TraceKind::push, refused, "phone");
  ended.why = Why::provider_refused;
  ended.push_id = "p-1";
  EXPECT_EQ(line_of(Trace{.head = {.kind = TraceKind::push, .began = began}}, ended),
            R"(push ended: outcome=refused why=provider_refused device="phone" ms=1934 tracking="t-1" push="p-1")");
}

TEST(Logbook, NamesTheDeviceThatCameOrLeft) {
  EXPECT_EQ(line_of("device signed out", model::AccountId{"juliet@localhost"}, model::InstanceId{"phone"}),
            R"(device signed out: account="juliet@localhost" device="phone")");
}

}  // namespace
}  // namespace reveille::admin
