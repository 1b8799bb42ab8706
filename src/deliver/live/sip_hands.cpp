#include "deliver/live/sip_hands.hpp"

#include "deliver/live/dialog_end.hpp"
#include "deliver/live/revived_call.hpp"
#include "edge/sip/remote.hpp"
#include "model/contact.hpp"
#include "wire/sip/asserted_identity.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/own_credentials.hpp"
#include "wire/sip/push_parameters.hpp"
#include "wire/sip/writer.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace reveille::deliver {
namespace {

using edge::sip::DialogEnd;
using edge::sip::Heard;
using edge::sip::Target;
using sip::HeaderName;

RequestHandle request_of(model::OfferId const& offer) {
  return {.thread = offer.thread, .slot = offer.slot, .generation = offer.generation};
}

std::string lower_name(sip::Transport transport) {
  std::string name{sip::name_of(transport)};
  std::ranges::transform(name, name.begin(), sip::to_lower);
  return name;
}

bool makes_dialog(sip::Method method) {
  return method == sip::Method::invite || method == sip::Method::subscribe || method == sip::Method::refer;
}

}  // namespace

// RFC 3261 section 17.2.1: 100 is each hop's own. Behind a Path (RFC 3327) it is the edge proxy's. A request other than
// INVITE ends at its own time, whatever provisional response it has had.
SipHands::Branch::Trying SipHands::trying_of(model::Offer const& offer, model::Target const& target) {
  bool const straight = target.path.empty() && offer.kind == model::OfferKind::invite;
  return straight ? Branch::Trying::of_the_phone : Branch::Trying::of_some_hop;
}

std::optional<Target> SipHands::target_of(model::Target const& target) const {
  if (!target.flow.empty()) return stack_->transports().target_of_flow(target.flow);
  return edge::sip::parse_remote(target.remote);
}

// Section 16.6 step 4: "If the Request-URI contains a SIPS URI, … the URI placed into the Record-Route header field
// MUST be a SIPS URI", which says TLS by itself (section 26.2.2).
std::string SipHands::route_to(DialogEnd const& end, std::string_view call_id, Target const& through,
                               std::string_view request_uri) const {
  auto const uri = sip::parse_uri(request_uri);
  bool const secured = uri && uri->scheme == sip::Scheme::sips && through.transport == sip::Transport::tls;
  return (secured ? "<sips:" : "<sip:") + tokens_.write(end, call_id) + '@' +
         std::string(stack_->transports().sent_by(through)) +
         (secured ? std::string{} : ";transport=" + lower_name(through.transport)) + ";lr>";
}

// Section 16.6: 1 copy, 2 Request-URI, 3 Max-Forwards, 4 Record-Route, 6 Route from Path; Via is the stack's (8). RFC
// 5393 section 5.3.3: Max-Breadth.
std::string SipHands::branch_request(sip::MessageView const& request, model::RingFlow const& decision,
                                     std::string const& route) const {
  auto const uri = model::request_uri_to(decision.target.contact);
  auto const contact = sip::public_contact(request);
  auto const breadth = std::to_string(decision.max_breadth);
  sip::Forward forward(request);
  forward.request_uri(uri)
      .decrement_max_forwards()
      .replace(HeaderName::max_breadth, breadth)
      .remove(HeaderName::reveille_call_uuid);
  sip::remove_own_credentials(forward, request, realms_);
  sip::remove_asserted_identity(forward);
  if (makes_dialog(request.method())) forward.record_route(route);
  for (auto const& hop : decision.target.path) forward.push_route(hop);
  if (contact) forward.replace(HeaderName::contact, *contact);
  if (!decision.call_uuid.empty() && request.method() == sip::Method::invite)
    forward.add(HeaderName::reveille_call_uuid, decision.call_uuid);
  std::string out;
  if (forward.write(out) != sip::Written::yes) out.clear();
  return out;
}

void SipHands::hold(model::OfferId offer) {
  ++held_[offer].holds;
  stack_->hold_trying(request_of(offer));
}

void SipHands::release(model::OfferId offer) {
  auto const found = held_.find(offer);
  if (found == held_.end() || --found->second.holds > 0) return;
  auto const responses = std::move(found->second.responses);
  held_.erase(found);
  if (responses.empty()) stack_->say_trying(request_of(offer));
  for (auto const& response : responses) stack_->respond(request_of(offer), response);
}

void SipHands::say(model::OfferId offer, std::string response) {
  if (auto const found = held_.find(offer); found != held_.end())
    return found->second.responses.push_back(std::move(response));
  stack_->respond(request_of(offer), std::move(response));
}

void SipHands::revive(model::Offer const& offer) {
  if (auto message = sip::Message::parse(invite_again(offer)))
    kept_.put(request_of(offer.id), {.message = std::move(*message)});
}

std::string SipHands::via_of(model::OfferId offer, model::BranchNumber branch) {
  auto const found = find(offer, branch);
  return found ? found->via : std::string{};
}

void SipHands::cancel_old(model::Offer const& offer, model::CancelOldBranch const& decision) {
  auto const target = target_of(decision.branch.target);
  auto const cancel = cancel_again(offer, decision);
  if (target && !cancel.empty()) stack_->send_cancel(*target, cancel);
}

void SipHands::ring(model::Offer const& offer, model::RingFlow const& decision) {
  auto const* const kept = kept_.find(request_of(offer.id));
  auto const target = target_of(decision.target);
  if (kept == nullptr || !target) return fail_later(offer.id, decision.branch);
  auto const& request = kept->message.view();
  auto const caller = edge::sip::target_of(kept->source);
  DialogEnd const calling{.account = offer.caller.account.value,
                          .instance = offer.caller.instance.value,
                          .remote = edge::sip::format_remote(kept->source)};
  DialogEnd const called{
      .account = offer.callee.value, .instance = decision.target.instance.value, .remote = decision.target.remote};
  auto branch =
      std::make_shared<Branch>(Branch{.offer = offer.id,
                                      .number = decision.branch,
                                      .target = *target,
                                      .trying = trying_of(offer, decision.target),
                                      .caller_route = route_to(called, offer.call_id, caller, request.request_uri())});
  auto const bytes =
      branch_request(request, decision, route_to(calling, offer.call_id, *target, decision.target.contact));
  auto const sent =
      bytes.empty() ? failure(ErrorCode::malformed, "the request cannot be written")
                    : stack_->send_request(
                          *target, bytes, [this, branch](Heard const& heard) { hear(branch, heard); }, kept->loop_mark);
  if (!sent) return fail_later(offer.id, decision.branch);
  branch->transaction = *sent;
  branch->via = stack_->via_of(*sent);
  auto& branches = forks_[offer.id].branches;
  if (branches.size() <= decision.branch) branches.resize(decision.branch + 1);
  branches[decision.branch] = std::move(branch);
}

void SipHands::fail_later(model::OfferId offer, model::BranchNumber number) {
  boost::asio::post(executor_, [this, offer, number] { tell(offer, model::BranchFailed{.branch = number}); });
}

void SipHands::tell(model::OfferId offer, model::CallEvent event) {
  if (listener_) listener_(offer, std::move(event));
}

void SipHands::hear(BranchPointer const& branch, Heard const& heard) {
  switch (heard.what) {
    case Heard::What::timed_out: return tell(branch->offer, model::BranchTimedOut{.branch = branch->number});
    case Heard::What::unreachable: return tell(branch->offer, model::BranchFailed{.branch = branch->number});
    case Heard::What::response: break;
  }
  int const status = heard.message->status();
  if (status == 100) return on_trying(*branch);
  branch->latest.emplace(*heard.message);
  // A phone that has changed its network answers by the way that it has now: ACK and BYE of ours go there.
  if (heard.source != nullptr && !heard.source->flow.empty() && heard.source->flow != branch->target.flow)
    branch->target = edge::sip::target_of(*heard.source);
  if (status >= 200 && status < 300) return on_success(branch);
  tell(branch->offer, model::BranchAnswered{.branch = branch->number, .status = status});
}

// B-CALL-2: a phone that says 100 has come, however long it takes to ring. The caller hears nothing of it.
void SipHands::on_trying(Branch const& branch) {
  if (branch.trying == Branch::Trying::of_the_phone)
    tell(branch.offer, model::BranchAnswered{.branch = branch.number, .status = 100});
}

void SipHands::on_success(BranchPointer const& branch) {
  switch (branch->success) {
    case Branch::Success::none:
      return tell(branch->offer,
                  model::BranchAnswered{.branch = branch->number, .status = branch->latest->view().status()});
    case Branch::Success::passed_on: return pass_on(*branch);
    case Branch::Success::ended: (void)stack_->send_stateless(branch->target, branch->acknowledgement); return;
  }
  std::unreachable();
}

SipHands::BranchPointer SipHands::find(model::OfferId offer, model::BranchNumber number) const {
  auto const found = forks_.find(offer);
  if (found == forks_.end() || number >= found->second.branches.size()) return {};
  return found->second.branches[number];
}

void SipHands::forward(model::OfferId offer, model::ForwardResponse const& decision) {
  auto const branch = find(offer, decision.branch);
  if (!branch || !branch->latest) return;
  Challenges challenges;
  // Section 16.7 step 7: the caller answers every challenge at once.
  if (decision.challenges == model::ForwardResponse::Challenges::aggregate)
    for (auto const& other : forks_[offer].branches)
      if (other && other != branch && other->latest)
        for (auto const name : {HeaderName::www_authenticate, HeaderName::proxy_authenticate})
          for (std::string_view const value : other->latest->view().all(name)) challenges.emplace_back(name, value);
  pass_on(*branch, challenges);
}

void SipHands::pass_on(Branch& branch, Challenges const& challenges) {
  int const status = branch.latest->view().status();
  auto response = response_for_caller(branch, challenges);
  if (response.empty()) return status < 200 ? void() : refuse_instead(branch);
  if (status >= 200 && status < 300) branch.success = Branch::Success::passed_on;
  say(branch.offer, std::move(response));
}

// The response is too long to be passed on: the caller must not wait for it, nor the callee for him.
void SipHands::refuse_instead(Branch const& branch) {
  answer(branch.offer, 502);
  auto const& response = branch.latest->view();
  auto const cseq = sip::parse_cseq(response.text(HeaderName::cseq));
  bool const is_up = response.status() < 300 && cseq && cseq->method == sip::Method::invite;
  if (is_up) end_answered(branch.offer, {.branch = branch.number, .reason = "SIP;cause=502"});
}

std::string SipHands::response_for_caller(Branch const& branch, Challenges const& challenges) const {
  auto const& response = branch.latest->view();
  std::string routes;
  for (std::string_view const element : response.elements(HeaderName::record_route)) {
    auto const route = sip::parse_name_address(element);
    bool const own = route && tokens_.read_uri(route->uri_text, response.call_id());
    (routes += routes.empty() ? "" : ", ") += own ? std::string_view(branch.caller_route) : element;
  }
  auto const contact = sip::public_contact(response);
  sip::Forward forward(response);
  forward.pop_via();
  sip::remove_asserted_identity(forward);
  if (!routes.empty()) forward.replace(HeaderName::record_route, routes);
  if (contact) forward.replace(HeaderName::contact, *contact);
  for (auto const& [name, challenge] : challenges) forward.add(name, challenge);
  std::string out;
  if (forward.write(out) != sip::Written::yes) out.clear();
  return out;
}

void SipHands::answer(model::OfferId offer, int status) {
  auto const* const kept = kept_.find(request_of(offer));
  if (kept == nullptr) return;
  auto& tag = forks_[offer].tag;
  if (tag.empty()) tag = random_.hex(8);
  std::string out;
  auto response = sip::respond(out, kept->message.view(), {.status = status, .to_tag = tag});
  if (response.finish() == sip::Written::yes) return say(offer, std::move(out));
  if (status >= 200) stack_->drop(request_of(offer));
}

void SipHands::cancel(model::OfferId offer, model::CancelBranch const& decision) {
  if (auto const branch = find(offer, decision.branch)) stack_->cancel(branch->transaction, decision.reason);
}

void SipHands::end_answered(model::OfferId offer, model::EndAnswered const& decision) {
  auto const branch = find(offer, decision.branch);
  if (!branch || !branch->latest) return;
  std::string own;
  for (std::string_view const element : branch->latest->view().elements(HeaderName::record_route)) {
    auto const route = sip::parse_name_address(element);
    if (route && tokens_.read_uri(route->uri_text, branch->latest->view().call_id())) own = std::string(element);
  }
  auto ending = end_dialog(branch->latest->view(), own, decision.reason);
  branch->success = Branch::Success::ended;
  branch->acknowledgement = std::move(ending.acknowledgement);
  if (branch->acknowledgement.empty()) return;
  (void)stack_->send_stateless(branch->target, branch->acknowledgement);
  (void)stack_->send_request(branch->target, ending.bye, [](Heard const&) {});
}

// Whatever became of the call, no branch goes on ringing for it.
void SipHands::forget(model::OfferId offer) {
  if (auto const found = forks_.find(offer); found != forks_.end())
    for (auto const& branch : found->second.branches)
      if (branch && (!branch->latest || branch->latest->view().status() < 200)) stack_->cancel(branch->transaction);
  forks_.erase(offer);
  kept_.drop(request_of(offer));
}

}  // namespace reveille::deliver
