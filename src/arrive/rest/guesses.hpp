// Guesses: how often somebody has named a wrong password for an account lately, by (source, account) and never by the
// account alone: nobody can lock a user out from elsewhere (B-EDGE-2).
//
// Lifetime: its door's. Threads: one. Memory: at most `most_watched` pairs, about 5 MB; where there are more, the
// sources that come next are watched in place of the oldest.
#pragma once

#include "base/instant.hpp"
#include "base/seeded_hash.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

namespace reveille::arrive {

class Guesses {
 public:
  static constexpr unsigned most = 10;
  static constexpr Duration within = 10min;
  static constexpr std::size_t most_watched = 100'000;

  explicit Guesses(std::uint64_t seed) : hash_{seed} {}

  // `source` is a peer's address with its port, "192.0.2.1:4711"; an IPv6 address counts with its whole /64.
  // Until when no password is looked at; nothing: it may be tried.
  [[nodiscard]] std::optional<Instant> locked_until(std::string_view source, std::string_view account, Instant now);
  void count(std::string_view source, std::string_view account, Instant now);
  [[nodiscard]] std::size_t watched() const { return wrong_.size(); }

 private:
  using Key = std::uint64_t;
  struct Wrong {
    unsigned times = 0;
    Instant first = {};
  };
  [[nodiscard]] Key key_of(std::string_view source, std::string_view account) const;
  void forget_old(Instant now);

  SeededHash hash_;
  boost::unordered_flat_map<Key, Wrong> wrong_ = {};
  std::deque<Key> oldest_ = {};  // in the order of `first`
};

}  // namespace reveille::arrive
