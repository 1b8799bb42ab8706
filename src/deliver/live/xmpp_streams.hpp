// XmppStreams: the house's orders to clients' streams, passed on to edge/xmpp.
//
// Lifetime: connect() before the first order; the server outlives what gives orders. Threads: the shard's.
#pragma once

#include "edge/xmpp/server.hpp"
#include "model/stream.hpp"

namespace reveille::deliver {

class XmppStreams final : public model::StreamPort {
 public:
  void connect(edge::XmppServer& server) { server_ = &server; }

  void bound(StreamHandle stream, std::string_view resource) override { server_->bound(stream, resource); }
  void refuse_bind(StreamHandle stream, xmpp::StanzaError condition) override {
    server_->refuse_bind(stream, condition);
  }
  void enabled(StreamHandle stream, xmpp::Enabled const& enabled) override { server_->enabled(stream, enabled); }
  void resumed(StreamHandle stream, xmpp::ClientStream::Continuation const& state) override {
    server_->resumed(stream, state);
  }
  void fail_management(StreamHandle stream, xmpp::Failed const& failed) override {
    server_->fail_management(stream, failed);
  }
  void send(StreamHandle stream, std::string_view stanza) override { server_->send(stream, stanza); }
  [[nodiscard]] bool has_room(StreamHandle stream) override { return server_->has_room(stream); }
  void handled(StreamHandle stream, std::uint32_t count) override { server_->handled(stream, count); }
  void close(StreamHandle stream, xmpp::Element const& stream_error) override { server_->close(stream, stream_error); }

 private:
  edge::XmppServer* server_ = nullptr;
};

}  // namespace reveille::deliver
