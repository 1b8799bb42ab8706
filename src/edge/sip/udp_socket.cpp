#include "edge/sip/udp_socket.hpp"

#include "edge/listening.hpp"
#include "edge/sip/local_address.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace reveille::edge::sip {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

struct UdpSocket::Headers {
  std::array<mmsghdr, batch> in = {};
  std::array<iovec, batch> in_places = {};
  std::array<sockaddr_storage, batch> in_names = {};
  std::array<PacketInfo, batch> in_infos = {};
  std::array<mmsghdr, batch> out = {};
  std::array<iovec, batch> out_places = {};
  std::array<PacketInfo, batch> out_infos = {};
};

namespace {

// A burst of registrations after an outage must fit while one batch is worked off.
constexpr int wanted_kernel_buffer = 4 * 1024 * 1024;

Address address_of(sockaddr_storage const& name) {
  if (name.ss_family == AF_INET6) {
    auto const& six = reinterpret_cast<sockaddr_in6 const&>(name);
    asio::ip::address_v6::bytes_type bytes{};
    std::copy_n(six.sin6_addr.s6_addr, bytes.size(), bytes.begin());
    return {.ip = Address::plain(asio::ip::address_v6{bytes, six.sin6_scope_id}), .port = ntohs(six.sin6_port)};
  }
  auto const& four = reinterpret_cast<sockaddr_in const&>(name);
  return {.ip = asio::ip::address_v4{ntohl(four.sin_addr.s_addr)}, .port = ntohs(four.sin_port)};
}

}  // namespace

UdpSocket::UdpSocket(asio::io_context& context, DatagramReceiver& receiver, std::uint16_t number)
    : context_(context),
      socket_(context),
      receiver_(receiver),
      number_(number),
      buffers_(std::make_unique_for_overwrite<char[]>(batch * datagram_size)),
      headers_(std::make_unique<Headers>()) {}

UdpSocket::~UdpSocket() {
  close();
}

Result<Address> UdpSocket::open(Address const& local) {
  error_code error;
  if (socket_.open(local.udp().protocol(), error); !error) socket_.bind(local.udp(), error);
  if (!error) socket_.non_blocking(true, error);
  if (error) return cannot_listen("UDP " + format_address(local), error);
  return begin();
}

Result<Address> UdpSocket::connect(Address const& remote) {
  error_code error;
  if (socket_.open(remote.udp().protocol(), error); !error) socket_.connect(remote.udp(), error);
  if (!error) socket_.non_blocking(true, error);
  if (error)
    return failure(ErrorCode::unreachable, "no way by UDP to " + format_address(remote) + ": " + error.message());
  return begin();
}

Address UdpSocket::begin() {
  error_code ignored;
  socket_.set_option(asio::socket_base::receive_buffer_size(wanted_kernel_buffer), ignored);
  socket_.set_option(asio::socket_base::send_buffer_size(wanted_kernel_buffer), ignored);
  auto const local = socket_.local_endpoint();
  local_ = Address::of(local);
  family_ = local.protocol().family();
  is_everywhere_ = local.address().is_unspecified();
  if (is_everywhere_) ask_for_local_address(socket_.native_handle(), family_);
  wait_readable();
  return local_;
}

void UdpSocket::close() {
  error_code ignored;
  socket_.close(ignored);
}

void UdpSocket::wait_readable() {
  socket_.async_wait(udp::socket::wait_read, [this, alive = std::weak_ptr(alive_)](error_code error) {
    if (error || alive.expired()) return;
    receive();
  });
}

void UdpSocket::receive() {
  for (int turn = 0; turn < batches_a_turn; ++turn) {
    int const count = receive_batch();
    flush();
    if (count < static_cast<int>(batch)) break;
  }
  if (socket_.is_open()) wait_readable();
}

int UdpSocket::receive_batch() {
  auto& [in, places, names, infos, out, out_places, out_infos] = *headers_;
  for (std::size_t i = 0; i < batch; ++i) {
    places[i] = {.iov_base = buffers_.get() + i * datagram_size, .iov_len = datagram_size};
    in[i].msg_hdr = {.msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &places[i], .msg_iovlen = 1};
    if (!is_everywhere_) continue;
    in[i].msg_hdr.msg_control = infos[i].bytes.data();
    in[i].msg_hdr.msg_controllen = infos[i].bytes.size();
  }
  int const count = recvmmsg(socket_.native_handle(), in.data(), batch, MSG_DONTWAIT, nullptr);
  if (count < 0 && errno == ECONNREFUSED) receiver_.on_refused(number_);
  if (count <= 0) return 0;
  is_receiving_ = true;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count) && socket_.is_open(); ++i) {
    if ((in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
    receiver_.on_datagram({buffers_.get() + i * datagram_size, in[i].msg_len}, address_of(names[i]),
                          is_everywhere_ ? local_address_of(in[i].msg_hdr) : asio::ip::address{}, number_);
  }
  is_receiving_ = false;
  return count;
}

udp::endpoint UdpSocket::name_of(Address const& remote) const {
  if (!remote.ip.is_v4() || family_ == AF_INET) return remote.udp();
  return {asio::ip::make_address_v6(asio::ip::v4_mapped, remote.ip.to_v4()), remote.port};
}

void UdpSocket::send(Address const& remote, std::string_view bytes, asio::ip::address const& local) {
  if (waiting_count_ == waiting_limit) {
    ++dropped_;
    return;
  }
  if (waiting_count_ == waiting_.size()) waiting_.emplace_back();
  auto& datagram = waiting_[waiting_count_++];
  datagram.remote = name_of(remote);
  datagram.local = is_everywhere_ ? local : asio::ip::address{};
  datagram.bytes.assign(bytes);
  if (!is_receiving_) {
    flush_later();
  } else if (waiting_count_ >= batch && !is_blocked_) {
    flush();
  }
}

void UdpSocket::flush_later() {
  if (is_flush_due_ || is_blocked_) return;
  is_flush_due_ = true;
  asio::post(context_, [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    is_flush_due_ = false;
    flush();
  });
}

void UdpSocket::flush() {
  std::size_t sent = 0;
  while (sent < waiting_count_ && !is_blocked_ && socket_.is_open()) {
    int const gone = send_batch(sent);
    if (gone > 0) {
      sent += static_cast<std::size_t>(gone);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      wait_writable();
    } else if (errno == ECONNREFUSED) {
      receiver_.on_refused(number_);  // tells of one sent before; this one has not been tried
    } else if (errno != EINTR && give_up(waiting_[sent])) {
      ++sent;
    }
  }
  if (sent == 0) return;
  // Swapping keeps the memory of what was sent for what comes.
  for (std::size_t i = sent; i < waiting_count_; ++i) std::swap(waiting_[i - sent], waiting_[i]);
  waiting_count_ -= sent;
}

int UdpSocket::send_batch(std::size_t from) {
  std::size_t const count = std::min(batch, waiting_count_ - from);
  for (std::size_t i = 0; i < count; ++i) {
    auto& datagram = waiting_[from + i];
    headers_->out_places[i] = {.iov_base = datagram.bytes.data(), .iov_len = datagram.bytes.size()};
    auto& header = headers_->out[i].msg_hdr;
    header = {.msg_name = datagram.remote.data(),
              .msg_namelen = static_cast<socklen_t>(datagram.remote.size()),
              .msg_iov = &headers_->out_places[i],
              .msg_iovlen = 1};
    leave_from(header, headers_->out_infos[i], datagram.local, family_);
  }
  return sendmmsg(socket_.native_handle(), headers_->out.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
}

bool UdpSocket::give_up(Datagram& datagram) {
  // The address may be ours no longer (it was kept, and the machine has another one since): once more, from any.
  if (!datagram.local.is_unspecified()) {
    datagram.local = asio::ip::address{};
    return false;
  }
  spdlog::debug("sip: a datagram was refused by the kernel: errno {}", errno);
  ++dropped_;
  return true;
}

void UdpSocket::wait_writable() {
  is_blocked_ = true;
  socket_.async_wait(udp::socket::wait_write, [this, alive = std::weak_ptr(alive_)](error_code error) {
    if (error || alive.expired()) return;
    is_blocked_ = false;
    flush();
  });
}

}  // namespace reveille::edge::sip
