// Health: what is wrong with this server at this moment, by part. Degraded is healthy: it serves, with less.
//
// Threads: the shard's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace reveille::admin {

enum class Phase : std::uint8_t { starting, ready, stopping };

class Health {
 public:
  void enter(Phase phase) { phase_ = phase; }
  // Until it is mended. `reason` is a sentence with what to do.
  void degrade(std::string const& part, std::string reason) { reasons_[part] = std::move(reason); }
  void mend(std::string const& part) { reasons_.erase(part); }
  // Asked when somebody looks: an empty answer is good health.
  using Check = std::function<std::string()>;
  void watch(std::string part, Check check) { checks_[std::move(part)] = std::move(check); }

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] std::map<std::string, std::string> reasons() const;
  // {"status":"ready|degraded|starting|stopping","reasons":[{"part","reason"}]}
  [[nodiscard]] std::string json() const;

 private:
  Phase phase_ = Phase::starting;
  std::map<std::string, std::string> reasons_{};
  std::map<std::string, Check> checks_{};
};

}  // namespace reveille::admin
