// Requests that find their way by registrations, at the door: who calls, whom, with what (RFC 3261 sections 16.3 step 6
// and 16.5). What becomes of them is decide/calls'.
#include "arrive/sip/door.hpp"
#include "edge/sip/remote.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"

#include <charconv>

namespace reveille::arrive {
namespace {

using sip::HeaderName;
using sip::Method;

// RFC 8866 section 5.14: a line "m=video <port> …"; port 0 is a stream that is refused.
model::Media media_in(std::string_view session) {
  constexpr std::string_view line = "m=video ";
  for (auto at = session.find(line); at != std::string_view::npos; at = session.find(line, at + 1)) {
    bool const begins_line = at == 0 || session[at - 1] == '\n';
    unsigned port = 0;
    auto const* const first = session.data() + at + line.size();
    std::from_chars(first, session.data() + session.size(), port);
    if (begins_line && port != 0) return model::Media::video;
  }
  return model::Media::audio;
}

}  // namespace

void SipDoor::on_offer(VisitPointer const& visit) {
  auto const& message = *visit->message;
  auto const uri = sip::parse_uri(message.request_uri());
  auto const from = sip::parse_name_address(message.text(HeaderName::from));
  // FIXME: RFC 3261 section 16.5: requests for other domains are refused; trunks are B-CALL-12.
  bool const here = uri && names_us(*uri);
  auto const callee = here ? account_of(*uri) : std::nullopt;
  auto const caller = from ? account_of(from->uri) : std::nullopt;
  if (!callee) return refuse(*visit, here ? 404 : 403, "Only Users of This Server Can Be Called");
  if (!caller) return refuse(*visit, 403, "Only Users of This Server Can Call");
  auto const allow = [this, visit, callee = *callee, caller = *caller](model::AccountId const& who) {
    // The name in From is what the callee's phone shows: it must be the sender's own.
    if (who != caller) return refuse(*visit, 403, "From Is Not Yours");
    offer(*visit, caller, callee);
  };
  if (!require_digest_) {
    welcome(*visit);
    return allow(*caller);
  }
  authenticate(visit, Realm::proxy, std::string(model::domain_of(*caller)), allow);
}

void SipDoor::offer(Visit& visit, model::AccountId const& caller, model::AccountId const& callee) {
  auto const& message = *visit.message;
  auto const uri = sip::parse_uri(message.request_uri());
  auto const from = sip::parse_name_address(message.text(HeaderName::from));
  auto const contact = sip::parse_name_address(message.text(HeaderName::contact));
  auto const cseq = sip::parse_cseq(message.text(HeaderName::cseq));
  bool const invite = message.method() == Method::invite;
  auto const& handle = visit.handle;
  model::Offer offer{.id = {.thread = handle.thread, .slot = handle.slot, .generation = handle.generation},
                     .kind = invite ? model::OfferKind::invite : model::OfferKind::other,
                     .callee = callee,
                     .tracking = model::TrackingId{random_.uuid()},
                     .call_id = std::string(message.call_id()),
                     .from_tag = std::string(sip::tag_of(message.text(HeaderName::from))),
                     .cseq = cseq ? cseq->number : 0,
                     .caller = {.name = from ? from->display_text() : std::string{},
                                .address = caller.value,
                                .account = caller,
                                .instance = ports_.locations.instance_at(caller, way_of(visit.source),
                                                                         contact ? contact->uri_text : "")},
                     .media = media_in(message.body()),
                     .own_provisional = message.holds(HeaderName::require, "100rel") ? model::OwnProvisional::forbidden
                                                                                     : model::OwnProvisional::allowed,
                     .hops = uri && uri->scheme == sip::Scheme::sips ? model::Hops::secured : model::Hops::any,
                     .max_breadth = sip::max_breadth_of(message),
                     .arrived = clock_.now()};
  kept_.put(
      handle,
      {.message = dialogs_.without_own_routes(message), .source = visit.source, .loop_mark = loops_.mark_of(message)});
  if (!visit.source.flow.empty() && !offer.caller.instance.empty())
    waiting_.insert_or_assign(
        handle.slot,
        Waiting{.request = handle,
                .account = caller,
                .instance = offer.caller.instance,
                .hops = visit.source.secured() == edge::sip::Secured::yes ? model::Hops::secured : model::Hops::any});
  visit.answered = true;
  ports_.calls.offer(std::move(offer));
}

// Where the caller's device has registered since. What came over TLS is answered over TLS.
std::optional<edge::sip::Target> SipDoor::way_back(RequestHandle request) {
  auto const found = waiting_.find(request.slot);
  if (found == waiting_.end() || found->second.request != request) return {};
  auto const way = ports_.locations.newest_way(found->second.account, found->second.instance, found->second.hops);
  if (!way) return {};
  if (way->flow.empty()) return edge::sip::parse_remote(way->remote);
  return stack_->transports().target_of_flow(way->flow);
}

}  // namespace reveille::arrive
