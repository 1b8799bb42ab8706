// What the push service keeps of one notification, in memory while it is open and packed on disk.
//
// Plain values; packing is versioned (base/packing.hpp). What has ended keeps neither payload nor token.
#pragma once

#include "base/result.hpp"
#include "decide/wake/push_life.hpp"
#include "model/push_service.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace reveille::dispatch {

struct PushRecord {
  model::Notification notification = {};
  decide::PushLife life = {};
  Instant accepted_at = {};
  std::vector<model::PushMilestone> milestones = {};

  bool operator==(PushRecord const&) const;
};

[[nodiscard]] std::string pack(PushRecord const& record);
[[nodiscard]] Result<PushRecord> unpack_push_record(std::string_view bytes);

[[nodiscard]] model::NotificationView view_of(PushRecord const& record);

}  // namespace reveille::dispatch
