// How far what is on disk reaches beyond what is promised: no 200 may promise a binding that a crash would forget
// sooner. Pure; any thread.
//
// A binding is stored for three times the time granted. A REGISTER that extends it writes nothing while two are left
// beyond it; then it writes at leisure, since what it promises, one, is on disk already, and what the next one promises
// will be. So no phone that goes on refreshing waits for the disk, and one that refreshes shortly before the end has
// every second REGISTER written.
#pragma once

#include "base/instant.hpp"
#include "model/registration.hpp"

namespace reveille::decide {

[[nodiscard]] inline Instant to_store_until(Instant now, Duration granted) {
  return now + 3 * granted;
}

// What a REGISTER needs that only extends a binding.
[[nodiscard]] inline model::Durability durability_of_extension(Instant stored_until, Instant now, Duration granted) {
  if (stored_until < now + granted) return model::Durability::before_answer;
  return stored_until < now + 2 * granted ? model::Durability::lazily : model::Durability::none;
}

}  // namespace reveille::decide
