// XmppServer: the listeners for XMPP clients, and the streams that they bring.
//
// What:     each connection runs a wire/xmpp ClientStream; what it asks and delivers goes up through StreamEvents, what
//           is said to it comes down by handle. An order for a stream that is gone does nothing.
// Lifetime: StreamEvents, credentials and settings outlive the server; the destructor closes everything.
// Threads:  the io_context's one thread. Orders may be given from inside an event; their bytes leave after it.
// Limits:   connections in all, of one address, and before sign-in (each beyond is closed at once); bytes waiting to be
//           written to one peer (then it is `lost`; at half of it, it is not read from), and for how long; one read
//           buffer of 4 KiB a connection, and no more is read while something the client asked for is under way.
// Errors:   listen() fails with configuration, with a sentence that says what to do.
// Source:   RFC 6120; XEP-0368 (direct TLS).
#pragma once

#include "base/handle.hpp"
#include "base/instant.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "edge/places.hpp"
#include "edge/tls.hpp"
#include "edge/xmpp/scram_server.hpp"
#include "wire/xmpp/client_stream.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace reveille::edge {

// What a stream says. Between one that asks (bind, enable, resume) and its answer, the stream says nothing else.
class StreamEvents {
 public:
  virtual ~StreamEvents() = default;

  // Answer: bound() or refuse_bind(). `account` is a bare JID that has signed in.
  virtual void on_bind_requested(StreamHandle stream, xmpp::Jid const& account, std::string const& resource) = 0;
  // Answer: resumed(), or fail_management() and the client will bind.
  virtual void on_resume_requested(StreamHandle stream, xmpp::Jid const& account, std::string const& previous,
                                   std::uint32_t h) = 0;
  // Answer: enabled() or fail_management().
  virtual void on_enable_requested(StreamHandle stream, xmpp::Resumption resume) = 0;
  // handled() when what it promises is on disk, in order.
  virtual void on_stanza(StreamHandle stream, xmpp::Element stanza) = 0;
  virtual void on_acknowledged(StreamHandle stream, std::uint32_t h) = 0;
  virtual void on_client_state(StreamHandle stream, xmpp::ClientState state) = 0;
  virtual void on_mode(StreamHandle stream, xmpp::AppMode mode) = 0;
  // There is room again, after has_room() said no.
  virtual void on_room(StreamHandle stream) = 0;
  // The last word of a stream that has asked to bind or to resume.
  virtual void on_ended(StreamHandle stream, xmpp::StreamEnd why) = 0;
};

struct XmppServerSettings {
  xmpp::ClientStreamSettings stream = {};
  TlsContext tls = {};
  Places::Limits connections = {.in_all = 50'000, .of_address = 2'000};
  Places::Limits signing_in = {.in_all = 1'000, .of_address = 250};
  std::size_t most_queued_bytes = 1 << 20;
  Duration stalled_after = 20s;  // a peer that reads nothing of what is written to it
  std::uint16_t thread = 0;      // of the handles
};

class XmppServer {
 public:
  XmppServer(boost::asio::io_context& io, XmppServerSettings settings, Clock const& clock, Random& random,
             StreamEvents& events, ScramCredentials& credentials);
  ~XmppServer();
  XmppServer(XmppServer const&) = delete;
  XmppServer& operator=(XmppServer const&) = delete;

  // Port 0: any free one. Gives the port. `security` tls: direct TLS.
  [[nodiscard]] Result<std::uint16_t> listen(std::string const& address, std::uint16_t port, xmpp::Security security);
  // Accepts no more and says system-shutdown to every stream; what is written still leaves.
  void drain();
  // B-MODE-4: how long an answer may take to what is asked from now on.
  void set_acknowledgement_wait(Duration wait);

  void bound(StreamHandle stream, std::string_view resource);
  void refuse_bind(StreamHandle stream, xmpp::StanzaError condition);
  void enabled(StreamHandle stream, xmpp::Enabled const& enabled);
  void resumed(StreamHandle stream, xmpp::ClientStream::Continuation const& state);
  void fail_management(StreamHandle stream, xmpp::Failed const& failed);
  void send(StreamHandle stream, std::string_view stanza);
  void handled(StreamHandle stream, std::uint32_t count);
  void close(StreamHandle stream);
  void close(StreamHandle stream, xmpp::Element const& stream_error);
  // Whether less than a quarter of what may wait to be written to the peer waits: who sends much (the archive) looks
  // here first. False: on_room() follows when it does, unless the stream ends before.
  [[nodiscard]] bool has_room(StreamHandle stream) const;

  [[nodiscard]] std::size_t connections() const;

  struct Shared;  // what the connections share; lives until the last of them is gone

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace reveille::edge
