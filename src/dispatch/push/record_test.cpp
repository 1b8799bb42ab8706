// The record of a notification: what is written is what is read, also what an earlier version wrote.
#include "dispatch/push/record.hpp"

#include <gtest/gtest.h>

namespace reveille::dispatch {
namespace {

using namespace model;

PushRecord a_record() {
  PushRecord record{.notification = {.tenant = TenantId{"t"},
                                     .request = {.id = PushId{"p1"}, .push_class = PushClass::call, .payload = "{}"},
                                     .fingerprint = "body"},
                    .accepted_at = from_unix_seconds(1)};
  record.life = {.push_class = PushClass::call, .state = PushState::sending, .tries = 2};
  record.milestones.push_back({.name = Milestone::accepted, .at = from_unix_seconds(1)});
  return record;
}

TEST(PushRecord, IsReadAsItWasWritten) {
  auto record = a_record();
  record.life.withdrawn = true;
  auto const read = unpack_push_record(pack(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, record);
  EXPECT_TRUE(read->life.withdrawn);
  EXPECT_FALSE(read->life.shown_early);
  record.life = {.push_class = PushClass::call, .shown_early = true};
  EXPECT_TRUE(unpack_push_record(pack(record))->life.shown_early);
}

TEST(PushRecord, ThatItIsForADeviceIsReadAsItWasWritten) {
  auto record = a_record();
  record.notification.request.instance = InstanceId{"phone"};
  EXPECT_TRUE(unpack_push_record(pack(record))->notification.device.empty()) << "aimed by its asker";
  record.notification.device = InstanceId{"phone"};
  EXPECT_EQ(unpack_push_record(pack(record))->notification.device, InstanceId{"phone"});
}

// Version 1 had no flags before the milestones.
TEST(PushRecord, ARecordOfTheFirstVersionIsRead) {
  auto record = a_record();
  record.milestones.clear();
  auto bytes = pack(record);
  bytes.front() = 1;
  bytes.erase(bytes.size() - 2, 1);
  auto const read = unpack_push_record(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, record);
  bytes.front() = 3;
  EXPECT_FALSE(unpack_push_record(bytes));
}

}  // namespace
}  // namespace reveille::dispatch
