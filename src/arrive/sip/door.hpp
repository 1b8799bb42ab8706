// SipDoor: what comes over SIP, made into events (RFC 3261 sections 10.3 and 16.3 to 16.5).
//
// A request is checked, its route read, its sender authenticated; then a REGISTER goes to the registrar, a request
// inside a dialog straight to the other end's newest flow, and any other to the callee's mailbox. The message of the
// latter is kept in KeptRequests for the hands. Lifetime: all that it is made of outlives it; connect() names the stack
// before the first request. Threads: the shard's.
#pragma once

#include "arrive/sip/authentication.hpp"
#include "arrive/sip/dialog_requests.hpp"
#include "edge/sip/kept_requests.hpp"
#include "edge/sip/loop_marks.hpp"
#include "edge/sip/own_hosts.hpp"
#include "edge/sip/request_handler.hpp"
#include "edge/sip/stack.hpp"
#include "model/ports.hpp"
#include "model/settings.hpp"
#include "wire/sip/owned_message.hpp"
#include "wire/sip/writer.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reveille::arrive {

struct SipPorts {
  model::CredentialPort& credentials;
  model::RegistrarPort& registrar;
  model::LocationPort& locations;
  model::CallPort& calls;
};

class SipDoor final : public edge::sip::RequestHandler {
 public:
  SipDoor(SipPorts ports, edge::sip::KeptRequests& kept, edge::sip::DialogTokens const& tokens,
          model::Policy const& policy, Clock const& clock, Random& random, DigestPolicy digest);

  // `hosts`: by what else than our domains requests name us.
  void connect(edge::sip::Stack& stack, edge::sip::OwnHosts hosts);

  void on_request(RequestHandle request, sip::MessageView const& message, edge::sip::Source const& source) override;
  void on_cancel(RequestHandle request, sip::MessageView const& cancel) override;
  void on_ack(sip::MessageView const& message, edge::sip::Source const& source) override;
  void on_flow_lost(FlowHandle flow) override;
  std::optional<edge::sip::Target> way_back(RequestHandle request) override;
  void on_request_ended(RequestHandle request) override;

 private:
  // One request on its way through the door. Whoever answers later keeps a copy of the message; until then it is the
  // transport's, good during on_request only.
  struct Visit {
    RequestHandle handle = {};
    sip::MessageView const* message = nullptr;
    edge::sip::Source source = {};
    std::unique_ptr<sip::Message> kept = {};
    bool answered = false;

    void keep() {
      kept = std::make_unique<sip::Message>(*message);
      message = &kept->view();
    }
  };
  using VisitPointer = std::shared_ptr<Visit>;

  // door.cpp
  void take(VisitPointer const& visit);
  void take_outside_dialog(VisitPointer const& visit);
  void authenticate(VisitPointer const& visit, Realm realm, std::string const& domain,
                    std::move_only_function<void(model::AccountId const&)> then);
  // The connection is no stranger's any longer.
  void welcome(Visit const& visit);
  void challenge(Visit& visit, Realm realm, std::string_view domain, sip::Stale stale);
  void refuse(Visit& visit, int status, std::string_view reason = {});
  // The answer, or a 513 in the place of one that is too long to be written. Nothing is kept of a request that cannot
  // be answered at all.
  void finish(Visit& visit, sip::MessageWriter& response);
  void finish(RequestHandle request, sip::MessageView const& message, sip::MessageWriter& response);
  void answer_options(Visit& visit);
  [[nodiscard]] sip::MessageWriter respond(Visit const& visit, int status, std::string_view reason = {}) {
    return respond(*visit.message, status, reason);
  }
  [[nodiscard]] sip::MessageWriter respond(sip::MessageView const& message, int status, std::string_view reason = {});
  // Whose address that is; its port says nothing, as in From.
  [[nodiscard]] std::optional<model::AccountId> account_of(sip::Uri const& uri);
  [[nodiscard]] bool is_our_domain(std::string_view lower_case) const;
  [[nodiscard]] bool is_our_host(std::string_view host);
  // RFC 3261 section 16.4: whether a Request-URI or Route leads to us.
  [[nodiscard]] bool names_us(sip::Uri const& uri);
  [[nodiscard]] static model::Way way_of(edge::sip::Source const& source);

  // door_register.cpp
  void on_register(VisitPointer const& visit);
  void register_contacts(VisitPointer const& visit, model::AccountId const& account);
  void answer_register(Visit& visit, model::RegisterOutcome const& outcome);

  // door_refresh.cpp
  [[nodiscard]] bool take_refresh(RequestHandle request, sip::MessageView const& message,
                                  edge::sip::Source const& source);
  void answer_refresh(RequestHandle request, sip::MessageView const& message, model::Refreshed refreshed);
  [[nodiscard]] model::RegisterFingerprint fingerprint_of(sip::MessageView const& message,
                                                          edge::sip::Source const& source) const;

  // Who waits on a connection for an answer. By slot: a later request takes the place of one that ended unsaid.
  struct Waiting {
    RequestHandle request = {};
    model::AccountId account = {};
    model::InstanceId instance = {};
    model::Hops hops = model::Hops::any;
  };

  // door_offer.cpp
  void on_offer(VisitPointer const& visit);
  void offer(Visit& visit, model::AccountId const& caller, model::AccountId const& callee);

  SipPorts ports_;
  edge::sip::KeptRequests& kept_;
  edge::sip::DialogTokens const& tokens_;
  model::Policy const& policy_;
  Clock const& clock_;
  Random& random_;
  bool require_digest_ = true;
  Authentication authentication_;
  DialogRequests dialogs_;
  edge::sip::LoopMarks loops_;
  edge::sip::Stack* stack_ = nullptr;
  std::optional<edge::sip::OwnHosts> hosts_ = {};
  std::unordered_map<std::uint32_t, Waiting> waiting_ = {};
  std::uint64_t fingerprint_seed_ = 0;
  std::string own_tag_ = {};
  std::string tag_ = {};
  std::string out_ = {};
  std::string line_ = {};
};

}  // namespace reveille::arrive
