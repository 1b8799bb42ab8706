// Tentative: what an account's registrations go back to when the disk refuses a change (RFC 3261 section 10.3, step 7:
// "all tentative binding updates MUST be removed").
//
// Changes of one account are written in order, and each holds those before it: so what counts is how the last one
// ended. Only a promise is taken back: what is merely noted (a mode, a push's outcome) stays true though the disk does
// not have it. Lifetime, threads: its owner's. Memory: accounts with a write under way.
#pragma once

#include "model/account.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reveille::dispatch {

enum class Stake : std::uint8_t { promise, note };
enum class Fate : std::uint8_t { written, refused };

class Tentative {
 public:
  // A change is given to the disk; `before` is how things stood, in packed form.
  void begin(model::AccountId const& account, std::string_view before, Stake stake);
  // It was written as `after`, or refused. Gives what to go back to, once nothing is under way and the last was
  // refused, a promise among them.
  [[nodiscard]] std::optional<std::string> end(model::AccountId const& account, std::string const& after, Fate fate);
  [[nodiscard]] std::size_t size() const { return under_way_.size(); }

 private:
  struct UnderWay {
    std::string on_disk = {};
    unsigned writes = 0;
    bool is_promised = false;
  };
  std::unordered_map<model::AccountId, UnderWay> under_way_ = {};
};

}  // namespace reveille::dispatch
