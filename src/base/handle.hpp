// Handle: the name of something that lives in a slot of some thread's table and may be gone by the time it is used.
//
// {thread, slot, generation}: a slot is used again, its generation is not. Handles of different tags do not convert
// into each other. A handle whose generation is 0 names nothing.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace reveille {

template <class Tag>
struct Handle {
  std::uint16_t thread = 0;
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;

  [[nodiscard]] bool empty() const { return generation == 0; }

  bool operator==(Handle const&) const = default;
  auto operator<=>(Handle const&) const = default;
};

// A live connection, or a pair of a UDP socket and a remote address.
using FlowHandle = Handle<struct FlowTag>;
// A SIP request that waits for its response.
using RequestHandle = Handle<struct RequestTag>;
// A SIP request of ours that waits for a response.
using ClientTransactionHandle = Handle<struct ClientTransactionTag>;
// An XMPP client's stream.
using StreamHandle = Handle<struct StreamTag>;

}  // namespace reveille

template <class Tag>
struct std::hash<reveille::Handle<Tag>> {
  std::size_t operator()(reveille::Handle<Tag> const& handle) const noexcept {
    return std::hash<std::uint64_t>{}((static_cast<std::uint64_t>(handle.generation) << 32) ^
                                      (static_cast<std::uint64_t>(handle.thread) << 24) ^ handle.slot);
  }
};
