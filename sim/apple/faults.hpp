// Faults: what the cloud is told to do wrong, to whom, and how often.
//
// A fault is `{match:{token,topic,push_type,device,connection}, reason, status, goaway, reset, stall_ms, latency_ms,
// streams, count}`. Every field of `match` that is given must fit; none given fits all. `count` defaults to 1; negative
// means until it is taken away. `device` is the id of a device of ours, `connection` the number that the log of
// requests gives. Pure.
//   reason, status   answer that instead of delivering
//   goaway           "after": answer, then leave; "before": leave, this request unprocessed; "lost": deliver, then
//   reset
//                    the connection without an answer. true is "after"
//   reset            an HTTP/2 error code for RST_STREAM (7: refused, provably unprocessed)
//   stall_ms         the whole connection stands still; latency_ms: this answer comes late
//   streams          SETTINGS_MAX_CONCURRENT_STREAMS from now on; with more unanswered at that moment, GOAWAY
#pragma once

#include "base/result.hpp"
#include "sim/apple/notification.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sim::apple {

enum class Goaway : std::uint8_t { no, after, before, lost };

struct Fault {
  std::string token = {};
  std::string topic = {};
  std::string push_type = {};
  std::string device = {};
  std::optional<std::uint64_t> connection = {};
  std::string reason = {};  // any text, so that undocumented answers can be played too
  std::optional<int> status = {};
  Goaway goaway = Goaway::no;
  std::optional<std::uint32_t> reset = {};
  std::chrono::milliseconds stall{0};
  std::chrono::milliseconds latency{0};
  std::optional<std::uint32_t> streams = {};
  int count = 1;

  [[nodiscard]] bool answers() const { return !reason.empty() || status.has_value(); }
};

[[nodiscard]] Result<Fault> read_fault(boost::json::object const& object);

class Faults {
 public:
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }
  // The first fault that fits; one use of it is spent. The headers may be wrong: they are taken as they came. `device`
  // is whose token it is, empty for nobody's.
  [[nodiscard]] std::optional<Fault> take(edge::HttpRequest const& request, std::string_view device);

 private:
  std::list<Fault> faults_;
};

}  // namespace reveille::sim::apple
