// REGISTER.
#include "sim/handset/sip_registration.hpp"

#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"

#include <utility>

namespace reveille::sim::handset {

void SipRegistration::register_now(AppMode mode, Done done) {
  mode_ = mode;
  wanted_ = true;
  leaving_ = false;
  if (expires_ == std::chrono::seconds(0)) expires_ = line_.identity().expires;
  if (done) waiting_.push_back(std::move(done));
  if (!line_.is_up()) return;
  if (under_way_)
    again_ = true;
  else
    send(expires_);
}

void SipRegistration::unregister(Done done) {
  wanted_ = false;
  refresh_at_.reset();
  if (!line_.is_up() || !registered_) return done({});
  waiting_.push_back(std::move(done));
  leaving_ = true;
  send(std::chrono::seconds(0));
}

void SipRegistration::on_flow_up() {
  under_way_ = again_ = false;
  if (wanted_) send(expires_);
}

void SipRegistration::on_flow_lost() {
  registered_ = under_way_ = again_ = false;
  refresh_at_.reset();
  if (leaving_) finish("the connection was lost");
}

void SipRegistration::on_time() {
  if (!refresh_at_ || *refresh_at_ > line_.now()) return;
  refresh_at_.reset();
  if (line_.is_up() && !under_way_) send(expires_);
}

// RFC 8599 section 4.1.1: pn-* are parameters of the Contact URI. Section 4.1.3: to end it, without pn-prid.
std::string SipRegistration::contact(std::chrono::seconds expires) const {
  auto const& identity = line_.identity();
  bool const leaving = expires == std::chrono::seconds(0);
  return '<' + line_.contact_uri(leaving ? std::string_view{} : identity.push_parameters) +
         ">;+sip.instance=\"<urn:uuid:" + identity.instance + ">\"" +
         (leaving ? std::string() : identity.contact_parameters) + ";expires=" + std::to_string(expires.count());
}

void SipRegistration::send(std::chrono::seconds expires) {
  under_way_ = true;
  auto const uri = "sip:" + line_.identity().domain();
  auto build = [this, uri, expires](Attempt const& attempt) {
    std::string out;
    sip::MessageWriter writer(out);
    writer.request_line(sip::Method::register_, uri);
    writer.header(sip::HeaderName::max_forwards, "70")
        .header(sip::HeaderName::from, line_.from() + ";tag=" + line_.new_tag());
    writer.header(sip::HeaderName::to, '<' + ("sip:" + line_.identity().address) + '>');
    writer.header(sip::HeaderName::call_id, call_id_).cseq(++sequence_, "REGISTER");
    writer.header(sip::HeaderName::contact, contact(expires)).header(sip::HeaderName::supported, "path, gruu");
    writer.header(sip::HeaderName::reveille_mode, name_of(mode_))
        .header(sip::HeaderName::user_agent, "Reveille handset");
    attempt.write_credentials(writer);
    return writer.finish() == sip::Written::yes ? out : std::string();
  };
  line_.request(sip::Method::register_, uri, std::move(build),
                [this](SipOutcome const& outcome) { on_response(outcome); });
}

void SipRegistration::on_response(SipOutcome const& outcome) {
  if (sip::is_provisional(outcome.status)) return;
  under_way_ = false;
  // RFC 3261 section 10.2.8: too brief; take what the registrar wants.
  if (outcome.status == 423 && outcome.response != nullptr) {
    auto const least = sip::parse_expires(outcome.response->text(sip::HeaderName::min_expires));
    if (least && *least > expires_) {
      expires_ = *least;
      return send(expires_);
    }
  }
  if (sip::is_success(outcome.status) && outcome.response != nullptr) return on_success(*outcome.response);
  registered_ = false;
  line_.host().emit("error", {{"what", "sip_register"}, {"status", outcome.status}, {"why", outcome.reason()}});
  finish("REGISTER was answered " + std::to_string(outcome.status) + ' ' + outcome.reason());
}

void SipRegistration::on_success(sip::MessageView const& response) {
  if (leaving_) {
    registered_ = leaving_ = false;
    return finish({});
  }
  registered_ = true;
  auto const expires = granted(response);
  refresh_at_ = line_.now() + std::max<Duration>(expires / 2, 1s);
  line_.host().emit("registered", {{"expires", expires.count()},
                                   {"mode", name_of(mode_)},
                                   {"contact", line_.contact_uri()},
                                   {"feature_caps", response.text(sip::HeaderName::feature_caps)}});
  if (std::exchange(again_, false)) return send(expires_);
  finish({});
}

// RFC 3261 section 10.2.4: our own contact in the answer tells what was granted.
std::chrono::seconds SipRegistration::granted(sip::MessageView const& response) const {
  for (auto const element : response.elements(sip::HeaderName::contact)) {
    auto const contact = sip::parse_name_address(element);
    if (!contact) continue;
    auto const instance = contact->parameters.value("+sip.instance").value_or(std::string_view{});
    if (!instance.contains(line_.identity().instance)) continue;
    if (auto const text = contact->parameters.value("expires"))
      if (auto const seconds = sip::parse_expires(*text)) return *seconds;
  }
  return sip::expires_of(response).value_or(expires_);
}

void SipRegistration::finish(std::string const& why) {
  for (auto const& done : std::exchange(waiting_, {})) done(why);
}

}  // namespace reveille::sim::handset
