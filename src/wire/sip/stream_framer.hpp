// StreamFramer: cuts the bytes of a TCP or TLS connection into SIP messages and keep-alives.
//
// What:     feed() hands it what was read; next() is then asked until it says need_more. It reads out of the bytes fed,
//           and keeps a copy only of a message that is not complete: an idle connection holds no buffer.
// Lifetime: the bytes fed, and the view that next() filled, are good until the following next() or feed().
// Limits:   maximum_message for each message; more is fatal.
// Errors:   `broken` is one bad message whose end is known: answer it and go on. `fatal`: the end of the message cannot
//           be known (RFC 3261 section 18.3), so the connection must be closed, after an answer where one is due.
// Source:   RFC 3261 sections 7.5, 18.3 and 20.14; RFC 5626 section 3.5.1. Threads: one.
#pragma once

#include "wire/sip/message.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reveille::sip {

// Double CRLF and its answer (RFC 5626 section 3.5.1).
inline constexpr std::string_view keep_alive_ping = "\r\n\r\n";
inline constexpr std::string_view keep_alive_pong = "\r\n";

class StreamFramer {
 public:
  // A server waits for the second half of a ping; a client, which gets pongs, does not.
  enum class Side { server, client };
  enum class Event {
    need_more,  // nothing is complete: read on
    message,    // the view holds a message
    broken,     // error() says what is wrong; the view holds what could be read
    ping,       // answer keep_alive_pong
    pong,       // the other side lives
    fatal       // close the connection; error() says why
  };

  explicit StreamFramer(Side side = Side::server) : side_(side) {}

  void feed(std::span<char> bytes);
  [[nodiscard]] Event next(MessageView& message);
  [[nodiscard]] ParseError const& error() const { return error_; }
  // Bytes of a message that has begun.
  [[nodiscard]] std::size_t kept() const { return kept_.size(); }

 private:
  std::optional<Event> take_keep_alive();
  Event take_message(MessageView& message, std::size_t head_size);
  Event keep_rest();
  Event fail(ParseFault fault, Answerable answerable);
  void consume(std::size_t size);

  Side side_;
  bool dead_ = false;
  std::optional<ParseFault> head_fault_ = {};  // of the message under way, once its header section is known
  std::span<char> fed_ = {};                   // what is not yet consumed: of the caller's bytes, or of kept_
  std::string kept_ = {};
  std::size_t scanned_ = 0;  // how far into fed_ no end of a header section was found
  std::size_t wanted_ = 0;   // size of the message under way, once its header section is known
  ParseError error_ = {};
};

}  // namespace reveille::sip
