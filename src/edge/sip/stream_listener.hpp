// StreamListener: accepts TCP connections and hands each socket up.
//
// Limits:   what is accepted is the owner's to keep or to drop. When the process or the
//           system has no more descriptors or memory, it waits `pause` and goes on: the backlog holds the rest.
// Lifetime: until close(); nothing is called after it. Errors: of open() only. Threads: the io_context's one thread.
#pragma once

#include "base/result.hpp"
#include "edge/sip/address.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace reveille::edge::sip {

class StreamListener : public std::enable_shared_from_this<StreamListener> {
 public:
  using Accepted = std::function<void(boost::asio::ip::tcp::socket, Address const& remote)>;

  StreamListener(boost::asio::io_context& context, Accepted accepted);

  // Port 0: any free one, as the result says.
  [[nodiscard]] Result<Address> open(Address const& local);
  void close();
  // How often accepting had to pause.
  [[nodiscard]] std::uint64_t pauses() const { return pauses_; }

 private:
  void accept();
  void pause(boost::system::error_code error);

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  Accepted accepted_;
  std::uint64_t pauses_ = 0;
};

}  // namespace reveille::edge::sip
