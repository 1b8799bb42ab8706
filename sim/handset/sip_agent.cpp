// One account, its binding and its calls.
#include "sim/handset/sip_agent.hpp"

namespace reveille::sim::handset {

SipAgent::SipAgent(SipIdentity identity, SipHost& host, Random& random)
    : line_(std::move(identity), host, random,
            [this](std::string const& key, sip::MessageView const& request) { calls_.on_request(key, request, now_); }),
      registration_(line_),
      calls_(line_) {}

void SipAgent::sign_in(AppMode mode, Instant now, SipRegistration::Done done) {
  mode_ = mode;
  refresh(now, std::move(done));
}

void SipAgent::sign_out(Instant now, SipRegistration::Done done) {
  registration_.unregister(now, std::move(done));
}

void SipAgent::set_mode(AppMode mode, Instant now) {
  bool const changed = mode != mode_;
  mode_ = mode;
  if (registration_.is_wanted() && (changed || !line_.is_up())) refresh(now);
}

void SipAgent::woke(Instant now) {
  line_.clear_flow();
  registration_.on_flow_lost();
  calls_.on_flow_lost(now);
  line_.transactions().forget();
}

void SipAgent::on_voip_push(Push const& push, Instant now) {
  calls_.announce(push, now);
  refresh(now);
}

void SipAgent::on_refresh_push(Instant now, SipRegistration::Done done) {
  refresh(now, std::move(done));
}

void SipAgent::refresh(Instant now, SipRegistration::Done done) {
  registration_.register_now(mode_, now, std::move(done));
  if (!line_.is_up()) line_.host().open_flow();
}

void SipAgent::on_flow_up(SipFlowFacts const& facts, Instant now) {
  line_.set_flow(facts);
  registration_.on_flow_up(now);
}

void SipAgent::on_flow_lost(Instant now) {
  line_.clear_flow();
  registration_.on_flow_lost();
  calls_.on_flow_lost(now);
  line_.transactions().flow_lost(now);
}

void SipAgent::on_message(sip::Message message, Instant now) {
  now_ = now;
  line_.transactions().on_message(std::move(message), now);
}

void SipAgent::on_time(Instant now) {
  now_ = now;
  line_.transactions().on_time(now);
  registration_.on_time(now);
  calls_.on_time(now);
}

std::optional<Instant> SipAgent::next_deadline() const {
  std::optional<Instant> earliest;
  for (auto const& at : {line_.transactions().next_deadline(), registration_.next_deadline(), calls_.next_deadline()})
    if (at && (!earliest || *at < *earliest)) earliest = at;
  return earliest;
}

}  // namespace reveille::sim::handset
