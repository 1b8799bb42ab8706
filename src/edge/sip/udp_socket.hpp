// UdpSocket: one bound UDP socket, read and written in batches (recvmmsg, sendmmsg).
//
// What:     every datagram goes to the receiver with its bytes in place, which the receiver may change. What is sent
// while
//           a batch is handed up leaves together when the batch is done; otherwise with the next turn of the
//           io_context.
// Lifetime: must outlive the io_context's handlers that it has outstanding, or be closed and drained first.
// Limits:   the kernel's buffers and `waiting_limit` datagrams of ours; beyond, datagrams are dropped and counted, as
// any
//           network may do. Errors: of open() only. Threads: the io_context's one thread.
//           FIXME: RFC 3261 18.4: an ICMP error tells the transaction; here it runs into its timeout, unless the socket
//           is connected.
#pragma once

#include "base/result.hpp"
#include "edge/sip/address.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::edge::sip {

class DatagramReceiver {
 public:
  // `local`: which address it was sent to, of a socket at every address; else unspecified.
  virtual void on_datagram(std::span<char> bytes, Address const& remote, boost::asio::ip::address const& local,
                           std::uint16_t socket) = 0;
  // ICMP says that nobody listens where a connected socket leads.
  virtual void on_refused(std::uint16_t socket) = 0;

 protected:
  ~DatagramReceiver() = default;
};

class UdpSocket {
 public:
  UdpSocket(boost::asio::io_context& context, DatagramReceiver& receiver, std::uint16_t number);
  UdpSocket(UdpSocket const&) = delete;
  UdpSocket& operator=(UdpSocket const&) = delete;
  ~UdpSocket();

  // Binds and begins to receive. Port 0: any free one, as the result says.
  [[nodiscard]] Result<Address> open(Address const& local);
  // The same, of the address from which the kernel sends to `remote`; only that is heard from then on.
  [[nodiscard]] Result<Address> connect(Address const& remote);
  void close();
  // From that address of ours; unspecified, or no longer ours: the kernel chooses.
  void send(Address const& remote, std::string_view bytes, boost::asio::ip::address const& local = {});
  [[nodiscard]] Address const& local() const { return local_; }
  // The descriptor, for options that Asio does not know; it stays the socket's.
  [[nodiscard]] int native_handle() { return socket_.native_handle(); }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  static constexpr std::size_t batch = 32;
  static constexpr std::size_t datagram_size = 65'536;
  static constexpr std::size_t waiting_limit = 1024;
  // Batches handed up before others get their turn.
  static constexpr int batches_a_turn = 4;

  struct Datagram {
    boost::asio::ip::udp::endpoint remote = {};
    boost::asio::ip::address local = {};
    std::string bytes = {};
  };
  struct Headers;
  // Outlives the socket in outstanding handlers, and tells them that it is gone.
  struct Alive {};

  Address begin();
  // As this socket must be told it.
  [[nodiscard]] boost::asio::ip::udp::endpoint name_of(Address const& remote) const;
  void wait_readable();
  void wait_writable();
  void receive();
  // The number received; 0 when there is nothing more.
  int receive_batch();
  void flush();
  void flush_later();
  // Gives the kernel a batch of those that wait, from the `from`th on: how many it took; -1 with errno.
  int send_batch(std::size_t from);
  // Whether that one is done with: it cannot be sent (no route, too large).
  bool give_up(Datagram& datagram);

  boost::asio::io_context& context_;
  boost::asio::ip::udp::socket socket_;
  DatagramReceiver& receiver_;
  std::uint16_t number_;
  Address local_ = {};
  int family_ = 0;              // AF_INET or AF_INET6
  bool is_everywhere_ = false;  // bound to every address: each datagram says which one it was sent to
  std::unique_ptr<char[]> buffers_;
  std::unique_ptr<Headers> headers_;
  std::vector<Datagram> waiting_ = {};  // the first waiting_count_ are to be sent; the strings keep their memory
  std::size_t waiting_count_ = 0;
  bool is_receiving_ = false;
  bool is_blocked_ = false;
  bool is_flush_due_ = false;
  std::uint64_t dropped_ = 0;
  std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();
};

}  // namespace reveille::edge::sip
