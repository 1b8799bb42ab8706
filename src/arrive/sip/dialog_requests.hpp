// DialogRequests: requests inside a dialog, forwarded straight to the newest flow of the device at its other end, which
// our Record-Route named (RFC 3261 section 16.4 to 16.7; design.md, section 1). They pass no mailbox, so an established
// call outlives a restart. Lifetime, threads: the door's.
#pragma once

#include "edge/sip/dialog_token.hpp"
#include "edge/sip/stack.hpp"
#include "model/ports.hpp"
#include "model/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reveille::arrive {

class DialogRequests {
 public:
  DialogRequests(model::LocationPort& locations, edge::sip::DialogTokens const& tokens, model::Policy const& policy)
      : locations_(locations), tokens_(tokens), policy_(policy) {}
  void connect(edge::sip::Stack& stack) { stack_ = &stack; }

  // The other end, of a request inside a dialog whose topmost Route is the one that we wrote for that dialog. Such a
  // request is not authenticated.
  [[nodiscard]] std::optional<edge::sip::DialogEnd> other_end(sip::MessageView const& request) const;

  // Sends the request on and its responses back; answers 480 itself when there is no way or it is lost, and 408 when
  // nothing comes.
  void forward(RequestHandle handle, sip::MessageView const& request, edge::sip::DialogEnd const& end);
  // An ACK to a 2xx.
  void forward_ack(sip::MessageView const& ack, edge::sip::DialogEnd const& end);
  // True when the request was one of these. `reason`: of the CANCEL, to be passed on.
  bool cancel(RequestHandle handle, std::string_view reason);
  void forget(RequestHandle handle) { open_.erase(handle); }

 private:
  [[nodiscard]] std::string forwarded(sip::MessageView const& request) const;
  [[nodiscard]] std::optional<edge::sip::Target> target_of(edge::sip::DialogEnd const& end) const;
  void pass_back(RequestHandle handle, sip::MessageView const& request, edge::sip::Heard const& heard);
  void answer(RequestHandle handle, sip::MessageView const& request, int status);

  model::LocationPort& locations_;
  edge::sip::DialogTokens const& tokens_;
  model::Policy const& policy_;
  edge::sip::Stack* stack_ = nullptr;
  // INVITEs inside dialogs, by their caller's transaction: for CANCEL.
  std::unordered_map<RequestHandle, ClientTransactionHandle> open_ = {};
};

}  // namespace reveille::arrive
