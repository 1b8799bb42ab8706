#include "deliver/live/dialog_end.hpp"

#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/writer.hpp"

#include <vector>

namespace reveille::deliver {
namespace {

using sip::HeaderName;

// Section 12.1.2: the route set is Record-Route in reverse; what lies behind us towards the caller is not ours to walk.
std::vector<std::string_view> routes_in(sip::MessageView const& success, std::string_view own_route) {
  std::vector<std::string_view> routes;
  for (std::string_view const element : success.elements(HeaderName::record_route)) {
    if (element == own_route) break;
    routes.insert(routes.begin(), element);
  }
  return routes;
}

std::string request(sip::MessageView const& success, sip::Method method, std::uint32_t number,
                    std::string_view own_route, std::string_view reason) {
  std::string out;
  auto const contact = sip::parse_name_address(success.text(HeaderName::contact));
  if (!contact) return out;
  sip::MessageWriter writer(out);
  writer.request_line(method, contact->uri_text);
  for (auto const route : routes_in(success, own_route)) writer.header(HeaderName::route, route);
  writer.header(HeaderName::max_forwards, std::uint64_t{70})
      .copy(success, HeaderName::from)
      .copy(success, HeaderName::to)
      .copy(success, HeaderName::call_id)
      .cseq(number, sip::name_of(method));
  if (!reason.empty()) writer.header(HeaderName::reason, reason);
  if (writer.finish() != sip::Written::yes) out.clear();
  return out;
}

}  // namespace

DialogEnding end_dialog(sip::MessageView const& success, std::string_view own_route, std::string_view reason) {
  auto const cseq = sip::parse_cseq(success.text(HeaderName::cseq));
  if (!cseq) return {};
  return {.acknowledgement = request(success, sip::Method::ack, cseq->number, own_route, {}),
          .bye = request(success, sip::Method::bye, cseq->number + 1, own_route, reason)};
}

}  // namespace reveille::deliver
