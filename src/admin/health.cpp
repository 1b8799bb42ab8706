#include "admin/health.hpp"

#include <boost/json.hpp>

#include <string_view>
#include <utility>

namespace reveille::admin {
namespace {

std::string_view status_of(Phase phase, bool is_degraded) {
  switch (phase) {
    case Phase::starting: return "starting";
    case Phase::ready: return is_degraded ? "degraded" : "ready";
    case Phase::stopping: return "stopping";
  }
  std::unreachable();
}

}  // namespace

std::map<std::string, std::string> Health::reasons() const {
  auto reasons = reasons_;
  for (auto const& [part, check] : checks_)
    if (auto reason = check(); !reason.empty()) reasons[part] = std::move(reason);
  return reasons;
}

std::string Health::json() const {
  boost::json::array list;
  for (auto const& [part, reason] : reasons()) list.push_back(boost::json::object{{"part", part}, {"reason", reason}});
  auto const status = status_of(phase_, !list.empty());
  return boost::json::serialize(boost::json::object{{"status", status}, {"reasons", std::move(list)}});
}

}  // namespace reveille::admin
