// Writes events as JSON lines.
#include "sim/handset/event_log.hpp"

#include <boost/json/serialize.hpp>

namespace reveille::sim::handset {

void EventLog::emit(std::string_view event, boost::json::object fields) {
  boost::json::object object{{"event", event}, {"ms", unix_milliseconds(clock_.now())}};
  for (auto& [name, value] : fields) object[name] = std::move(value);
  line(object);
}

void EventLog::done(std::string_view command, std::string_view why, boost::json::object fields) {
  boost::json::object object{{"command", command}, {"ok", why.empty()}};
  if (!why.empty()) object["why"] = why;
  for (auto& [name, value] : fields) object[name] = std::move(value);
  emit("done", std::move(object));
}

void EventLog::line(boost::json::object const& object) {
  auto const text = boost::json::serialize(object) + '\n';
  std::scoped_lock const lock(mutex_);
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace reveille::sim::handset
