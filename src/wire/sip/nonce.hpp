// Nonces that a server need not remember (RFC 7616 section 3.3), and the counts it must (section 3.4.6).
//
// A nonce is base64url(time, serial, MAC): the time at which it was made, in microseconds, a random serial, and a
// truncated HMAC-SHA-256 over both and what the nonce is bound to. So a flood of made-up nonces costs one MAC each and
// no memory, and whether one is too old is read from itself.
//
// Lifetime: NonceMint holds its key. Threads: one object a thread.
#pragma once

#include "base/instant.hpp"
#include "base/secret.hpp"

#include <boost/container/small_vector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_mac_ctx_st;

namespace reveille::sip {

enum class NonceState : std::uint8_t { fresh, stale, forged };

struct NonceVerdict {
  NonceState state = NonceState::forged;
  // Of one that is not forged: when it was made, and the number that tells it from others of that instant.
  Instant made = {};
  std::uint64_t serial = 0;
};

class NonceMint {
 public:
  // `key`: 32 random bytes, the same on all nodes that share an account.
  NonceMint(Secret const& key, Duration lifetime);
  NonceMint(NonceMint&&) noexcept;
  NonceMint& operator=(NonceMint&&) noexcept;
  ~NonceMint();

  // `bound_to`: what the nonce is good for, as the realm.
  [[nodiscard]] std::string make(Instant now, std::uint64_t serial, std::string_view bound_to);
  [[nodiscard]] NonceVerdict check(std::string_view nonce, Instant now, std::string_view bound_to);
  // What one says of itself, without the MAC: enough where NonceCounts knows it, since it was checked when it came
  // first and the digest over it is the password's.
  [[nodiscard]] NonceVerdict read(std::string_view nonce, Instant now) const;

 private:
  struct FreeContext {
    void operator()(evp_mac_ctx_st* context) const;
  };
  static constexpr std::size_t mac_size = 16;
  using Mac = std::array<unsigned char, mac_size>;
  // The bytes of a nonce; false when it is none of ours.
  using Bytes = std::array<char, 32>;
  static bool decode(std::string_view nonce, Bytes& bytes);
  [[nodiscard]] NonceVerdict verdict_of(Bytes const& bytes, Instant now) const;
  Mac mac_of(std::string_view time_and_serial, std::string_view bound_to);

  std::unique_ptr<evp_mac_ctx_st, FreeContext> context_;
  Duration lifetime_;
};

// What is enough to know of an account's nonces while it sleeps: the newest one, and how far that was counted.
struct NonceMark {
  Instant made = Instant::min();
  std::uint32_t serial = 0;  // its lower half
  std::uint32_t highest = 0;
};

// NonceCounts: which counts of an account's recent nonces were used, so that a captured request cannot be sent again.
//
// Holds the newest nonces of one account; a nonce that is older than one already dropped is refused, since nobody knows
// its counts any more: the client gets a fresh one (stale). Counts may come out of order within a window of 64.
class NonceCounts {
 public:
  enum class Use { first, replayed, forgotten };

  // `verdict`: of a nonce that is fresh.
  [[nodiscard]] Use use(NonceVerdict const& verdict, std::uint32_t count);
  [[nodiscard]] bool knows(NonceVerdict const& verdict) const;
  [[nodiscard]] NonceMark mark() const;
  // After a sleep, when that nonce is used: the marked one goes on upwards from there, and none before it is good.
  [[nodiscard]] static NonceCounts resumed(NonceMark const& mark, NonceVerdict const& verdict);

 private:
  struct Entry {
    Instant made = {};
    std::uint64_t serial = 0;
    std::uint32_t highest = 0;
    std::uint64_t seen = 0;  // bit n: highest - n was used
  };
  static constexpr std::size_t most = 8;

  Entry& place_for(NonceVerdict const& verdict);

  // Most accounts use one nonce at a time: it costs no memory of its own.
  boost::container::small_vector<Entry, 1> entries_ = {};
  Instant dropped_until_ = Instant::min();
};

}  // namespace reveille::sip
