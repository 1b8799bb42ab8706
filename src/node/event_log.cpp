#include "node/event_log.hpp"

#include "admin/logbook.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace reveille::node {
namespace {

spdlog::level::level_enum in_the_log(admin::LogLevel level) {
  switch (level) {
    case admin::LogLevel::debug: return spdlog::level::debug;
    case admin::LogLevel::info: return spdlog::level::info;
  }
  std::unreachable();
}

std::string_view words_of(dispatch::DeviceChange change) {
  using enum dispatch::DeviceChange;
  switch (change) {
    case registered: return "device registered";
    case mode: return "device changed its mode";
    case liveness: return "device came or went";
    case signed_out: return "device signed out";
    case token_forgotten: return "device lost a token";
  }
  std::unreachable();
}

// Phones come and go all day.
spdlog::level::level_enum level_of(dispatch::DeviceChange change) {
  using enum dispatch::DeviceChange;
  return change == mode || change == liveness ? spdlog::level::debug : spdlog::level::info;
}

}  // namespace

void log_end(admin::Trace const& trace, model::TraceStep const& step) {
  auto const level = admin::level_of(step);
  if (!level || !spdlog::should_log(in_the_log(*level))) return;
  spdlog::log(in_the_log(*level), "{}", admin::line_of(trace, step));
}

void log_devices(dispatch::Shard& shard) {
  shard.listen([](dispatch::Entry& entry, model::InstanceId const& device, dispatch::DeviceChange change) {
    if (!spdlog::should_log(level_of(change))) return;
    spdlog::log(level_of(change), "{}", admin::line_of(words_of(change), entry.account(), device));
  });
}

}  // namespace reveille::node
