// LoopMarks: the second part of the branch in our Via, by which we know a request that has come back unchanged (RFC
// 3261 section 16.3 step 4 and 16.6 step 8, both as RFC 5393 section 4.2 has them). One that has come back with another
// Request-URI or Route is spiralling, and goes on.
//
// Lifetime: of the process; a restart forgets what went round before. Threads: the io_context's one thread.
#pragma once

#include "base/random.hpp"
#include "base/seeded_hash.hpp"
#include "edge/sip/source.hpp"
#include "wire/sip/message.hpp"

#include <cstddef>
#include <string>

namespace reveille::edge::sip {

// A mark as it stands behind the transaction's part of a branch: a hyphen and a number in hexadecimal.
inline constexpr std::size_t loop_mark_size = 1 + 2 * sizeof(std::size_t);

class LoopMarks {
 public:
  explicit LoopMarks(Random& random) : hash_{random.number()} {}

  // Of a request as it was received. The same for every method: its CANCEL and ACK have the same branch.
  [[nodiscard]] std::string mark_of(wire::MessageView const& request) const;
  // True when one of its Via fields is ours and bears its mark.
  [[nodiscard]] bool has_looped(wire::MessageView const& request) const;

 private:
  SeededHash hash_;
};

}  // namespace reveille::edge::sip
