// What of the server's events goes to the log; admin/logbook.hpp has the words. Threads: the shard's.
#pragma once

#include "admin/traces.hpp"
#include "dispatch/shard.hpp"

namespace reveille::node {

void log_end(admin::Trace const& trace, model::TraceStep const& step);
// From now on, of every account.
void log_devices(dispatch::Shard& shard);

}  // namespace reveille::node
