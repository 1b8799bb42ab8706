// DialogRequests: requests inside a dialog, forwarded straight to the newest flow of the device at its other end, which
// our Record-Route named (RFC 3261 section 16.4 to 16.7; design.md, section 1). They pass no mailbox, so an established
// call outlives a restart. Lifetime, threads: the door's.
#pragma once

#include "edge/sip/dialog_token.hpp"
#include "edge/sip/stack.hpp"
#include "model/ports.hpp"
#include "model/settings.hpp"
#include "wire/sip/owned_message.hpp"
#include "wire/sip/uri.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reveille::arrive {

class DialogRequests {
 public:
  using NamesUs = std::function<bool(sip::Uri const&)>;

  DialogRequests(model::LocationPort& locations, edge::sip::DialogTokens const& tokens, model::Policy const& policy)
      : locations_(locations), tokens_(tokens), policy_(policy) {}
  // `names_us`: of a Route that we did not write.
  void connect(edge::sip::Stack& stack, NamesUs names_us) {
    stack_ = &stack;
    names_us_ = std::move(names_us);
  }

  // The other end, of a request inside a dialog whose topmost Route is the one that we wrote for that dialog. Such a
  // request is not authenticated. What stands above it and only names us, as an outbound proxy of the sender, counts
  // for nothing.
  [[nodiscard]] std::optional<edge::sip::DialogEnd> other_end(sip::MessageView const& request) const;

  // The request without the Routes that led it to us (section 16.4). The topmost did, whatever it names: a phone may
  // know us by a name that we do not.
  [[nodiscard]] sip::Message without_own_routes(sip::MessageView const& request) const;

  // Sends the request on and its responses back; answers 480 itself when there is no way or it is lost, and 408 when
  // nothing comes.
  void forward(RequestHandle handle, sip::MessageView const& request, edge::sip::DialogEnd const& end);
  // An ACK to a 2xx.
  void forward_ack(sip::MessageView const& ack, edge::sip::DialogEnd const& end);
  // True when the request was one of these. `reason`: of the CANCEL, to be passed on.
  bool cancel(RequestHandle handle, std::string_view reason);
  void forget(RequestHandle handle) { open_.erase(handle); }

 private:
  // Section 16.4, of a sender that routes strictly (RFC 2543): our Record-Route is the Request-URI, and the other end's
  // Contact the last Route, which takes its place.
  [[nodiscard]] std::optional<edge::sip::DialogEnd> strict_end(sip::MessageView const& request) const;
  struct OwnRoutes {
    std::size_t count = 0;  // from the top
    std::optional<edge::sip::DialogEnd> end = {};
  };
  [[nodiscard]] OwnRoutes own_routes(sip::MessageView const& request) const;
  [[nodiscard]] std::string forwarded(sip::MessageView const& request) const;
  [[nodiscard]] std::optional<edge::sip::Target> target_of(sip::MessageView const& request,
                                                           edge::sip::DialogEnd const& end) const;
  void pass_back(RequestHandle handle, sip::MessageView const& request, edge::sip::Heard const& heard);
  void answer(RequestHandle handle, sip::MessageView const& request, int status);

  model::LocationPort& locations_;
  edge::sip::DialogTokens const& tokens_;
  model::Policy const& policy_;
  edge::sip::Stack* stack_ = nullptr;
  NamesUs names_us_ = {};
  // INVITEs inside dialogs, by their caller's transaction: for CANCEL.
  std::unordered_map<RequestHandle, ClientTransactionHandle> open_ = {};
};

}  // namespace reveille::arrive
