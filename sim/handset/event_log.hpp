// EventLog: what happens on the phone, one JSON line each on standard output: {"event":NAME,"ms":UNIX_MS,…}.
//
// Threads: any; lines come out whole and in the order of the calls.
#pragma once

#include "base/instant.hpp"

#include <boost/json/object.hpp>

#include <cstdio>
#include <mutex>
#include <string_view>

namespace reveille::sim::handset {

class EventLog {
 public:
  explicit EventLog(Clock const& clock, std::FILE* out = stdout) : clock_(clock), out_(out) {}

  void emit(std::string_view event, boost::json::object fields = {});
  // {"event":"done","command":…,"ok":…,"why":…}; an empty why is success.
  void done(std::string_view command, std::string_view why = {}, boost::json::object fields = {});
  // A line of another form, such as the ready line.
  void line(boost::json::object const& object);

 private:
  Clock const& clock_;
  std::FILE* out_;
  std::mutex mutex_ = {};
};

}  // namespace reveille::sim::handset
