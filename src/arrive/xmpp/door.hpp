// XmppDoor: what XMPP streams say, as events for the house; and their question for keys, answered by the house.
//
// Lifetime: refers to the sink and the credentials, which outlive it. Threads: the shard's. Errors: none of its own:
// edge/xmpp has checked everything that comes here.
#pragma once

#include "edge/xmpp/server.hpp"
#include "model/ports.hpp"
#include "model/stream.hpp"

#include <string>
#include <utility>

namespace reveille::arrive {

class XmppDoor final : public edge::StreamEvents, public edge::ScramCredentials {
 public:
  XmppDoor(model::StreamSink& sink, model::CredentialPort& credentials) : sink_(sink), credentials_(credentials) {}

  void lookup(std::string const& account, std::string const& mechanism, edge::ScramCredentials::Answer answer) override;

  void on_bind_requested(StreamHandle stream, xmpp::Jid const& account, std::string const& resource) override {
    sink_.on_bind_requested(stream, account_of(account), resource);
  }
  void on_resume_requested(StreamHandle stream, xmpp::Jid const& account, std::string const& previous,
                           std::uint32_t h) override {
    sink_.on_resume_requested(stream, account_of(account), previous, h);
  }
  void on_enable_requested(StreamHandle stream, xmpp::Resumption resume) override {
    sink_.on_enable_requested(stream, resume);
  }
  void on_stanza(StreamHandle stream, xmpp::Element stanza) override { sink_.on_stanza(stream, std::move(stanza)); }
  void on_acknowledged(StreamHandle stream, std::uint32_t h) override { sink_.on_acknowledged(stream, h); }
  void on_client_state(StreamHandle stream, xmpp::ClientState state) override { sink_.on_client_state(stream, state); }
  void on_mode(StreamHandle stream, xmpp::AppMode mode) override { sink_.on_mode(stream, mode); }
  void on_room(StreamHandle stream) override { sink_.on_room(stream); }
  void on_ended(StreamHandle stream, xmpp::StreamEnd why) override { sink_.on_ended(stream, why); }

 private:
  static model::AccountId account_of(xmpp::Jid const& jid) { return model::AccountId{jid.bare().text()}; }

  model::StreamSink& sink_;
  model::CredentialPort& credentials_;
};

}  // namespace reveille::arrive
