// RequestLog: every request that the cloud has seen, and what it said: the newest 20,000, as JSON for a test to read.
#pragma once

#include "base/instant.hpp"
#include "edge/http/exchange.hpp"

#include <cstdint>
#include <deque>
#include <string>

namespace reveille::sim::apple {

struct LoggedRequest {
  std::uint64_t number = 0;
  Instant at = {};
  std::uint64_t connection = 0;
  std::int64_t stream = 0;
  std::string method = {};
  std::string token = {};
  std::string topic = {};
  std::string push_type = {};
  std::string priority = {};
  std::string expiration = {};
  std::string collapse_id = {};
  std::string id = {};
  std::size_t size = 0;
  int status = 0;           // 0: none was given
  std::string reason = {};  // of a refusal
  std::string fate = {};    // delivered, stored, dropped; what a fault did instead of an answer
};

class RequestLog {
 public:
  [[nodiscard]] LoggedRequest begin(edge::HttpRequest const& request, Instant now);
  void add(LoggedRequest entry);
  void clear() { entries_.clear(); }
  // An array of those with a number above `since`.
  [[nodiscard]] std::string as_json(std::uint64_t since) const;

 private:
  std::deque<LoggedRequest> entries_;
  std::uint64_t next_ = 1;
};

}  // namespace reveille::sim::apple
