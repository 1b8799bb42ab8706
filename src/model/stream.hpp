// StreamSink: what clients' XMPP streams say to the house. StreamPort: what the house says to them.
//
// Lifetime: both outlive every stream. Threads: the shard's. An order for a stream that is gone does nothing; orders
// may be given from inside an event. arrive/xmpp brings the events, deliver/live takes the orders to edge/xmpp.
#pragma once

#include "base/handle.hpp"
#include "model/account.hpp"
#include "wire/xmpp/client_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace reveille::model {

class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // Asked, and answered by the port's bound(), resumed(), enabled(), or refuse_bind(), fail_management().
  virtual void on_bind_requested(StreamHandle stream, AccountId const& account, std::string const& resource) = 0;
  virtual void on_resume_requested(StreamHandle stream, AccountId const& account, std::string const& previous,
                                   std::uint32_t h) = 0;
  virtual void on_enable_requested(StreamHandle stream, xmpp::Resumption resume) = 0;
  // Answered by handled(), in order, when what the stanza promises is on disk.
  virtual void on_stanza(StreamHandle stream, xmpp::Element stanza) = 0;
  virtual void on_acknowledged(StreamHandle stream, std::uint32_t h) = 0;
  virtual void on_client_state(StreamHandle stream, xmpp::ClientState state) = 0;
  virtual void on_mode(StreamHandle stream, xmpp::AppMode mode) = 0;
  virtual void on_room(StreamHandle stream) = 0;
  virtual void on_ended(StreamHandle stream, xmpp::StreamEnd why) = 0;
};

class StreamPort {
 public:
  virtual ~StreamPort() = default;
  virtual void bound(StreamHandle stream, std::string_view resource) = 0;
  virtual void refuse_bind(StreamHandle stream, xmpp::StanzaError condition) = 0;
  virtual void enabled(StreamHandle stream, xmpp::Enabled const& enabled) = 0;
  virtual void resumed(StreamHandle stream, xmpp::ClientStream::Continuation const& state) = 0;
  virtual void fail_management(StreamHandle stream, xmpp::Failed const& failed) = 0;
  // One stanza as it reads in a stream of jabber:client.
  virtual void send(StreamHandle stream, std::string_view stanza) = 0;
  // Whether more may be sent now: who has much to send asks before each. False: on_room() follows when it may, unless
  // the stream ends before.
  [[nodiscard]] virtual bool has_room(StreamHandle stream) = 0;
  virtual void handled(StreamHandle stream, std::uint32_t count) = 0;
  virtual void close(StreamHandle stream, xmpp::Element const& stream_error) = 0;
};

}  // namespace reveille::model
