// How a suspended phone's connections end.
#include "sim/handset/radio.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace reveille::sim::handset {

namespace {

// A socket filter that accepts no byte of any packet: TCP never sees what arrives, not even an ACK or a RST.
void drop_everything(int descriptor) {
  std::array<sock_filter, 1> refuse{{{BPF_RET | BPF_K, 0, 0, 0}}};
  sock_fprog const program{.len = refuse.size(), .filter = refuse.data()};
  ::setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void close_now(edge::Link& link) {
  link.close();
}

void close_now(Radio::UdpSocket& socket) {
  boost::system::error_code ignored;
  socket.close(ignored);
}

template <class Connection>
void end_each(std::vector<std::weak_ptr<Connection>>& open, std::vector<std::shared_ptr<Connection>>& gone,
              SuspendMode mode) {
  if (mode == SuspendMode::frozen) return;
  for (auto const& weak : std::exchange(open, {})) {
    auto connection = weak.lock();
    if (!connection) continue;
    if (mode == SuspendMode::closed) {
      close_now(*connection);
    } else {
      drop_everything(connection->native_handle());
      gone.push_back(std::move(connection));
    }
  }
}

template <class Connection>
void close_unless_gone(std::shared_ptr<Connection> const& connection,
                       std::vector<std::shared_ptr<Connection>> const& gone) {
  if (connection && std::ranges::find(gone, connection) == gone.end()) close_now(*connection);
}

}  // namespace

void Radio::add(std::shared_ptr<edge::Link> const& link) {
  forget_closed();
  links_.push_back(link);
}

void Radio::add(std::shared_ptr<UdpSocket> const& socket) {
  forget_closed();
  sockets_.push_back(socket);
}

void Radio::close(std::shared_ptr<edge::Link> const& link) {
  close_unless_gone(link, gone_links_);
}

void Radio::close(std::shared_ptr<UdpSocket> const& socket) {
  close_unless_gone(socket, gone_sockets_);
}

void Radio::end_all(SuspendMode mode) {
  end_each(links_, gone_links_, mode);
  end_each(sockets_, gone_sockets_, mode);
}

void Radio::forget_closed() {
  std::erase_if(links_, [](auto const& weak) { return weak.expired(); });
  std::erase_if(sockets_, [](auto const& weak) { return weak.expired(); });
}

}  // namespace reveille::sim::handset
