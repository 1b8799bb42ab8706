#include "edge/sip/transaction_key.hpp"

#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/syntax.hpp"

namespace reveille::edge::sip {
namespace {

using enum wire::HeaderName;

void add(std::string& out, std::string_view part) {
  (out += part) += '\n';
}

}  // namespace

std::string_view top_via_text(wire::MessageView const& message) {
  std::string_view const field = message.text(via);
  return wire::trim(field.substr(0, wire::find_outside(field, ',')));
}

std::optional<wire::Via> top_via_of(wire::MessageView const& message) {
  auto const parsed = wire::parse_via(top_via_text(message));
  return parsed ? std::optional{*parsed} : std::nullopt;
}

void write_transaction_key(std::string& out, wire::MessageView const& request, wire::Via const& top,
                           std::string_view method) {
  out.clear();
  auto const branch = top.branch();
  add(out, method);
  add(out, top.host);
  add(out, top.port ? std::to_string(*top.port) : std::string{});
  add(out, branch);
  if (branch.starts_with(wire::branch_cookie)) return;
  // RFC 2543: "the Request-URI, To tag, From tag, Call-ID, CSeq, and top Via header field match". The To tag of an ACK
  // is that of our response, which the key of the INVITE cannot know: it is left out for all.
  add(out, request.request_uri());
  add(out, wire::tag_of(request.text(from)));
  add(out, request.call_id());
  auto const number = wire::parse_cseq(request.text(cseq));
  add(out, number ? std::to_string(number->number) : std::string{});
}

}  // namespace reveille::edge::sip
