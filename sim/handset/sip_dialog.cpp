// Dialogs.
#include "sim/handset/sip_dialog.hpp"

#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"

#include <algorithm>

namespace reveille::sim::handset {

namespace {

constexpr std::size_t most_routes = 32;

Result<std::string> target_of(sip::MessageView const& message) {
  for (auto const element : message.elements(sip::HeaderName::contact)) {
    auto const contact = sip::parse_name_address(element);
    if (!contact) break;
    return std::string(contact->uri_text);
  }
  return failure(ErrorCode::malformed, "no Contact to make a dialog of");
}

std::vector<std::string> record_routes_of(sip::MessageView const& message) {
  std::vector<std::string> routes;
  for (auto const element : message.elements(sip::HeaderName::record_route))
    if (routes.size() < most_routes) routes.emplace_back(element);
  return routes;
}

std::string with_tag(std::string_view value, std::string_view tag) {
  std::string out(value);
  if (sip::tag_of(value).empty()) (out += ";tag=") += tag;
  return out;
}

}  // namespace

Result<SipDialog> SipDialog::as_callee(sip::MessageView const& request, std::string_view local_tag) {
  auto target = target_of(request);
  if (!target) return std::unexpected(target.error());
  auto const cseq = sip::parse_cseq(request.text(sip::HeaderName::cseq));
  return SipDialog{.call_id = std::string(request.call_id()),
                   .local = with_tag(request.text(sip::HeaderName::to), local_tag),
                   .remote = std::string(request.text(sip::HeaderName::from)),
                   .local_tag = std::string(local_tag),
                   .remote_tag = std::string(sip::tag_of(request.text(sip::HeaderName::from))),
                   .target = std::move(*target),
                   .routes = record_routes_of(request),
                   .remote_sequence = cseq ? cseq->number : 0};
}

Result<SipDialog> SipDialog::as_caller(sip::MessageView const& response) {
  auto target = target_of(response);
  if (!target) return std::unexpected(target.error());
  auto routes = record_routes_of(response);
  std::ranges::reverse(routes);
  auto const cseq = sip::parse_cseq(response.text(sip::HeaderName::cseq));
  return SipDialog{.call_id = std::string(response.call_id()),
                   .local = std::string(response.text(sip::HeaderName::from)),
                   .remote = std::string(response.text(sip::HeaderName::to)),
                   .local_tag = std::string(sip::tag_of(response.text(sip::HeaderName::from))),
                   .remote_tag = std::string(sip::tag_of(response.text(sip::HeaderName::to))),
                   .target = std::move(*target),
                   .routes = std::move(routes),
                   .local_sequence = cseq ? cseq->number : 0};
}

std::string SipDialog::next_hop() const {
  if (routes.empty()) return target;
  auto const route = sip::parse_name_address(routes.front());
  return route ? std::string(route->uri_text) : routes.front();
}

bool SipDialog::matches(sip::MessageView const& request) const {
  return request.call_id() == call_id && sip::tag_of(request.text(sip::HeaderName::to)) == local_tag &&
         sip::tag_of(request.text(sip::HeaderName::from)) == remote_tag;
}

void begin_request(sip::MessageWriter& writer, SipDialog const& dialog, sip::Method method, std::uint32_t sequence) {
  writer.request_line(method, dialog.target).header(sip::HeaderName::max_forwards, "70");
  for (auto const& route : dialog.routes) writer.header(sip::HeaderName::route, route);
  writer.header(sip::HeaderName::from, dialog.local).header(sip::HeaderName::to, dialog.remote);
  writer.header(sip::HeaderName::call_id, dialog.call_id).cseq(sequence, sip::name_of(method));
}

}  // namespace reveille::sim::handset
