// XmppConnection: one client's connection: a Link, its ClientStream, what waits to be written, and a timer.
//
// Lifetime: shared; operations under way keep it alive, the server's slot owns it until it has ended.
// Threads: the io_context's. It waits on four things: the peer's bytes, room to write, the stream's deadline, and the
// answers and orders that come through the server.
#pragma once

#include "edge/link.hpp"
#include "edge/places.hpp"
#include "edge/xmpp/server.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace reveille::edge {

// What every connection of a server refers to.
struct XmppHouse {
  XmppServerSettings settings = {};
  Clock const* clock = nullptr;
  Random* random = nullptr;
  StreamEvents* events = nullptr;  // null once the server is gone
  ScramCredentials* credentials = nullptr;
  Secret secret = {};  // makes the salts of users who do not exist
  std::function<void(StreamHandle)> forget = {};
};

class XmppConnection : public std::enable_shared_from_this<XmppConnection> {
 public:
  // Its places: among all, and among those who have not signed in.
  struct Seat {
    StreamHandle handle = {};
    Places::Place place;
    std::optional<Places::Place> signing_in;
  };

  XmppConnection(std::shared_ptr<XmppHouse> house, std::shared_ptr<Link> link, xmpp::Security security, Seat seat);
  void begin(xmpp::Security security);
  // Performs what an order to the stream gave.
  template <class Order>
  void tell(Order order) {
    perform(order(stream_, house_->clock->now()));
  }
  // False: on_room() follows when there is room again.
  [[nodiscard]] bool has_room();
  void drop();

 private:
  void read();
  void perform(xmpp::StreamActions actions);
  void act(xmpp::action::Write& write);
  void act(xmpp::action::StartTls&);
  void act(xmpp::action::StartSasl& start);
  void act(xmpp::action::ContinueSasl& more);
  void act(xmpp::action::AbortSasl&);
  void act(xmpp::action::RequestBind& bind);
  void act(xmpp::action::RequestEnable& enable);
  void act(xmpp::action::RequestResume& resume);
  void act(xmpp::action::Deliver& deliver);
  void act(xmpp::action::Acknowledged& acknowledged);
  void act(xmpp::action::StateChanged& changed);
  void act(xmpp::action::ModeChanged& changed);
  void act(xmpp::action::Finish& finish);
  void on_sasl(xmpp::SaslAnswer answer);
  void shake_hands();
  void flush();
  void on_written(boost::system::error_code error);
  void note_request();
  void note_leaving(std::size_t size);
  [[nodiscard]] bool peer_takes_on();
  [[nodiscard]] std::size_t queued_bytes() const { return waiting_.size() + leaving_.size(); }
  [[nodiscard]] std::size_t enough_bytes() const { return house_->settings.most_queued_bytes / 4; }
  void lose();
  void watch_deadline();
  [[nodiscard]] std::optional<Instant> deadline() const;
  void on_time();
  void let_go();

  std::shared_ptr<XmppHouse> house_;
  std::shared_ptr<Link> link_;
  Seat seat_;
  xmpp::ClientStream stream_;
  std::unique_ptr<ScramServer> sasl_ = {};
  std::deque<xmpp::StreamAction> actions_ = {};
  boost::asio::steady_timer timer_;
  std::optional<Instant> watched_ = {};
  Instant writing_since_ = {};
  std::string waiting_ = {};       // to be written next
  std::string leaving_ = {};       // being written
  std::size_t ordered_bytes_ = 0;  // of writes that stand in actions_
  std::uint64_t left_ = 0;         // bytes that the kernel has taken
  std::uint64_t taken_ = 0;        // of those, what the peer's had taken at the last look
  std::uint64_t request_at_ = 0;   // where the last request for acknowledgement ends, counted as left_ is
  std::uint32_t requests_ = 0;     // how many there have been
  bool performing_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool wants_tls_ = false;
  bool wants_room_ = false;
  bool shaking_ = false;
  bool known_above_ = false;  // has asked to bind or resume: its end is told
  bool gone_ = false;
  std::optional<xmpp::StreamEnd> ended_ = {};
  std::array<std::uint8_t, 4096> buffer_{};
};

}  // namespace reveille::edge
