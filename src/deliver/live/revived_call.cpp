#include "deliver/live/revived_call.hpp"

#include "model/contact.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/writer.hpp"

namespace reveille::deliver {
namespace {

using sip::HeaderName;

constexpr std::uint64_t hops = 70;

// What names the call is as the caller wrote it: From's tag, Call-ID and the number of CSeq.
void name_call(sip::MessageWriter& writer, model::Offer const& offer, sip::Method method) {
  auto const from = sip::format_name_address(offer.caller.name, "sip:" + offer.caller.address, "tag=" + offer.from_tag);
  writer.header(HeaderName::max_forwards, hops)
      .header(HeaderName::from, from)
      .header(HeaderName::to, "<sip:" + offer.callee.value + '>')
      .header(HeaderName::call_id, offer.call_id)
      .cseq(offer.cseq, sip::name_of(method));
}

}  // namespace

std::string invite_again(model::Offer const& offer) {
  std::string out;
  sip::MessageWriter writer(out);
  writer.request_line(sip::Method::invite, "sip:" + offer.callee.value);
  name_call(writer, offer, sip::Method::invite);
  writer.header(HeaderName::contact, "<sip:" + offer.caller.address + '>');
  if (writer.finish() != sip::Written::yes) out.clear();
  return out;
}

std::string cancel_again(model::Offer const& offer, model::CancelOldBranch const& decision) {
  auto const& [target, via] = decision.branch;
  std::string out;
  sip::MessageWriter writer(out);
  writer.request_line(sip::Method::cancel, model::request_uri_to(target.contact));
  writer.header(HeaderName::via, via);
  name_call(writer, offer, sip::Method::cancel);
  for (auto const& hop : target.path) writer.header(HeaderName::route, hop);
  if (!decision.reason.empty()) writer.header(HeaderName::reason, decision.reason);
  if (writer.finish() != sip::Written::yes) out.clear();
  return out;
}

}  // namespace reveille::deliver
