#include "wire/sip/hop_requests.hpp"

#include "wire/sip/cseq.hpp"

namespace reveille::sip {
namespace {

using enum HeaderName;

constexpr std::uint64_t max_forwards_of_a_new_request = 70;

// What both have in common: Request-URI, topmost Via, From, Call-ID, CSeq number and Route of the INVITE.
MessageWriter begin(std::string& out, Method method, MessageView const& invite, std::string_view to) {
  MessageWriter writer(out);
  writer.request_line(method, invite.request_uri());
  // "MUST contain a single Via header field … equal to the top Via header field of the original request."
  auto const vias = invite.elements(via);
  if (!(vias.begin() == vias.end())) writer.header(via, *vias.begin());
  writer.header(max_forwards, max_forwards_of_a_new_request);
  writer.copy(invite, from).header(HeaderName::to, to).copy(invite, call_id);
  auto const number = parse_cseq(invite.text(HeaderName::cseq));
  writer.cseq(number ? number->number : 0, name_of(method));
  // "If the INVITE request … had Route header fields, those header fields MUST appear."
  writer.copy(invite, route);
  return writer;
}

}  // namespace

Written write_hop_ack(std::string& out, MessageView const& invite, MessageView const& response) {
  // "The To header field in the ACK MUST equal the To header field in the response being acknowledged."
  return begin(out, Method::ack, invite, response.text(to)).finish();
}

Written write_cancel(std::string& out, MessageView const& invite, std::string_view reason_value) {
  MessageWriter writer = begin(out, Method::cancel, invite, invite.text(to));
  if (!reason_value.empty()) writer.header(HeaderName::reason, reason_value);
  return writer.finish();
}

}  // namespace reveille::sip
