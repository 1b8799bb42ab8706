// StreamConnection: one SIP connection over TCP or TLS, accepted or dialled.
//
// What:     cuts what arrives into messages, answers keep-alives (RFC 5626 section 3.5.1), queues what is sent.
// Lifetime: shared; handlers under way keep it. After close() nothing more is handed up.
// Limits:   Limits: a queue that overflows, a message that takes too long, a peer that does not read, and silence each
//           close the connection; a stranger's (accepted, and nobody has proved there who he is) after a short silence,
//           in which keep-alives count for nothing. Errors: on_closed, once, never from inside a call of the owner's.
// Threads:  the io_context's one thread.
#pragma once

#include "base/handle.hpp"
#include "edge/link.hpp"
#include "edge/places.hpp"
#include "edge/sip/source.hpp"
#include "edge/sip/wheel_driver.hpp"
#include "wire/sip/message.hpp"
#include "wire/sip/stream_framer.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::edge::sip {

class StreamReceiver {
 public:
  virtual void on_stream_message(wire::MessageView const& message, Source const& source) = 0;
  // A request that is broken but can be answered.
  virtual void on_broken_message(wire::MessageView const& message, wire::ParseError const& error,
                                 Source const& source) = 0;
  virtual void on_closed(FlowHandle flow) = 0;

 protected:
  ~StreamReceiver() = default;
};

class StreamConnection : public std::enable_shared_from_this<StreamConnection>, private TimerListener {
 public:
  enum class Opened : std::uint8_t { accepted, dialled };

  StreamConnection(StreamReceiver& receiver, WheelDriver& driver, Limits const& limits, Source source, Opened opened);
  virtual ~StreamConnection() = default;

  // An accepted connection, before its handshake, with the places that it takes: its own, and one among strangers.
  void accept(std::shared_ptr<Link> link, Places::Place place, Places::Place stranger);
  // The place that a dialled connection takes.
  void keep(Places::Place place) { place_.emplace(std::move(place)); }
  // A dialled connection that stands.
  void begin(std::shared_ptr<Link> link);
  // An accepted connection whose peer has proved who he is: he may be silent for longer.
  void welcome();
  // False when the connection has ended, or its queue is full and it is therefore closed.
  [[nodiscard]] bool send(std::string_view bytes);
  // At once; what is queued is lost.
  void close();
  // As soon as what is queued has been written.
  void close_after_writing();
  // At once, and tells nobody.
  void abandon();

  [[nodiscard]] Source const& source() const { return source_; }
  // Our end, "host:port"; empty until it stands.
  [[nodiscard]] std::string const& local() const { return local_; }
  [[nodiscard]] Instant heard_at() const { return heard_at_; }
  // The descriptor, or -1 while there is none.
  [[nodiscard]] int native_handle() { return link_ ? link_->native_handle() : -1; }
  [[nodiscard]] std::size_t queued() const { return queued_.size() + writing_.size(); }

 private:
  static constexpr std::size_t read_size = 4096;

  void on_timer(WheelTimer& timer, Instant now) override;
  void read();
  void take(std::size_t size);
  // False when the connection was closed.
  bool take_one(wire::StreamFramer::Event event, wire::MessageView const& message);
  void write();
  void written();
  void end();
  void watch();
  [[nodiscard]] Instant deadline() const;

  StreamReceiver* receiver_;
  WheelDriver* driver_;  // null once abandoned
  Limits limits_;
  Source source_;
  wire::StreamFramer framer_;
  std::shared_ptr<Link> link_ = {};
  std::string local_ = {};
  std::string queued_ = {};
  std::string writing_ = {};
  WheelTimer timer_ = {};
  std::optional<Places::Place> place_ = {};
  std::optional<Places::Place> stranger_ = {};
  Instant heard_at_;            // the last byte, or the beginning
  Instant spoke_at_ = {};       // the last whole message, or the beginning
  Instant message_since_ = {};  // when the message under way began
  Instant writing_since_ = {};
  bool has_link_ = false;    // and its handshake is done
  bool is_known_;            // was dialled, or welcomed
  bool has_spoken_ = false;  // a whole message or keep-alive has come
  bool is_holding_ = false;  // not reading, until the peer does
  bool is_parting_ = false;  // ends when what is queued has been written
  bool has_ended_ = false;
  std::array<std::uint8_t, read_size> buffer_;
};

}  // namespace reveille::edge::sip
