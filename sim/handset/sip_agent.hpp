// SipAgent: the SIP side of a phone's app: one account, its binding and its calls.
//
// Threads: the app's. Pure but for its host and the transaction tables of its flow. After each call, and when the host
// is stirred, ask next_deadline().
#pragma once

#include "sim/handset/sip_calls.hpp"
#include "sim/handset/sip_registration.hpp"

#include <string>
#include <vector>

namespace reveille::sim::handset {

class SipAgent {
 public:
  SipAgent(SipIdentity identity, SipHost& host, Random& random, Clock const& clock);

  void sign_in(AppMode mode, SipRegistration::Done done);
  void sign_out(SipRegistration::Done done);
  // The app came to the screen or left it: the server is told (B-MODE-4).
  void set_mode(AppMode mode);
  void on_voip_push(Push const& push);
  // A push that only asks for a fresh binding (RFC 8599 section 4.1.3).
  void on_refresh_push(SipRegistration::Done done);

  void on_flow_up(SipFlowFacts const& facts);
  // Also when the app runs again after a suspension: whatever was connected is not to be trusted.
  void on_flow_lost();
  void on_time();
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // Requests that come in on the flow are theirs.
  [[nodiscard]] SipCalls& calls() { return calls_; }
  [[nodiscard]] SipCalls const& calls() const { return calls_; }
  [[nodiscard]] bool is_registered() const { return registration_.is_registered(); }
  [[nodiscard]] bool is_signed_in() const { return registration_.is_wanted(); }

 private:
  void refresh(SipRegistration::Done done = {}, std::vector<std::string> nodes = {});

  SipLine line_;
  SipRegistration registration_;
  SipCalls calls_;
  AppMode mode_ = AppMode::foreground;
};

}  // namespace reveille::sim::handset
