// How a suspended phone's connections end.
#include "sim/handset/radio.hpp"

#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace reveille::sim::handset {

namespace {

// A socket filter that accepts no byte of any packet: TCP never sees what arrives, not even an ACK or a RST.
void drop_everything(int descriptor) {
  std::array<sock_filter, 1> refuse{{{BPF_RET | BPF_K, 0, 0, 0}}};
  sock_fprog const program{.len = refuse.size(), .filter = refuse.data()};
  ::setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace

Radio::~Radio() {
  for (int const descriptor : gone_) ::close(descriptor);
}

void Radio::add(std::weak_ptr<RadioUser> user) {
  std::erase_if(users_, [](auto const& weak) { return weak.expired(); });
  users_.push_back(std::move(user));
}

void Radio::end_all(SuspendMode mode) {
  if (mode == SuspendMode::frozen) return;
  for (auto const& weak : std::exchange(users_, {})) {
    auto const user = weak.lock();
    if (!user) continue;
    if (mode == SuspendMode::closed) {
      user->close_sockets();
      continue;
    }
    for (int const descriptor : user->descriptors()) {
      drop_everything(descriptor);
      if (int const held = ::dup(descriptor); held >= 0) gone_.push_back(held);
    }
  }
}

}  // namespace reveille::sim::handset
