// One account, its binding and its calls.
#include "sim/handset/sip_agent.hpp"

namespace reveille::sim::handset {

SipAgent::SipAgent(SipIdentity identity, SipHost& host, Random& random, Clock const& clock)
    : line_(std::move(identity), host, random, clock), registration_(line_), calls_(line_) {}

void SipAgent::sign_in(AppMode mode, SipRegistration::Done done) {
  mode_ = mode;
  refresh(std::move(done));
}

void SipAgent::sign_out(SipRegistration::Done done) {
  registration_.unregister(std::move(done));
}

void SipAgent::set_mode(AppMode mode) {
  bool const changed = mode != mode_;
  mode_ = mode;
  if (registration_.is_wanted() && (changed || !line_.is_up())) refresh();
}

void SipAgent::on_voip_push(Push const& push) {
  if (!is_signed_in()) return calls_.announce(push, "signed_out");
  calls_.announce(push);
  refresh(
      [this](std::string const& why) {
        // A flow that was lost is replaced anyway.
        if (!why.empty() && line_.is_up()) line_.host().try_next_node();
      },
      push.nodes);
}

void SipAgent::on_refresh_push(SipRegistration::Done done) {
  refresh(std::move(done));
}

// A flow that stands is where the call comes; a phone that slept has none, and goes where the push says.
void SipAgent::refresh(SipRegistration::Done done, std::vector<std::string> nodes) {
  registration_.register_now(mode_, std::move(done));
  if (!line_.is_up()) line_.host().open_flow(std::move(nodes));
}

void SipAgent::on_flow_up(SipFlowFacts const& facts) {
  line_.set_flow(facts);
  registration_.on_flow_up();
}

void SipAgent::on_flow_lost() {
  line_.clear_flow();
  registration_.on_flow_lost();
  calls_.on_flow_lost();
}

void SipAgent::on_time() {
  registration_.on_time();
  calls_.on_time();
}

std::optional<Instant> SipAgent::next_deadline() const {
  std::optional<Instant> earliest;
  for (auto const& at : {registration_.next_deadline(), calls_.next_deadline()})
    if (at && (!earliest || *at < *earliest)) earliest = at;
  return earliest;
}

}  // namespace reveille::sim::handset
