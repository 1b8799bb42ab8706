// Radio: the open connections of the phone's app, so that the OS can end them when it suspends or ends the app.
//
// frozen: they stay open and nothing reads. closed: they are closed. gone: as if the network had vanished; the kernel
// drops what arrives before TCP sees it, so nothing is acknowledged; the descriptor stays open until the process ends,
// and so neither FIN nor RST leaves.
// Threads: the app's; end_all is the OS's, while the app's thread is parked.
#pragma once

#include "edge/link.hpp"

#include <boost/asio/ip/udp.hpp>

#include <memory>
#include <vector>

namespace reveille::sim::handset {

enum class SuspendMode : std::uint8_t { frozen, closed, gone };

class Radio {
 public:
  using UdpSocket = boost::asio::ip::udp::socket;

  void add(std::shared_ptr<edge::Link> const& link);
  void add(std::shared_ptr<UdpSocket> const& socket);
  // The app closes one itself; one that is gone stays as it is.
  void close(std::shared_ptr<edge::Link> const& link);
  void close(std::shared_ptr<UdpSocket> const& socket);
  void end_all(SuspendMode mode);

 private:
  void forget_closed();

  std::vector<std::weak_ptr<edge::Link>> links_ = {};
  std::vector<std::weak_ptr<UdpSocket>> sockets_ = {};
  std::vector<std::shared_ptr<edge::Link>> gone_links_ = {};
  std::vector<std::shared_ptr<UdpSocket>> gone_sockets_ = {};
};

}  // namespace reveille::sim::handset
