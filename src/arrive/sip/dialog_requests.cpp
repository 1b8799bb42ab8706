#include "arrive/sip/dialog_requests.hpp"

#include "edge/sip/remote.hpp"
#include "wire/sip/asserted_identity.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/own_credentials.hpp"
#include "wire/sip/push_parameters.hpp"
#include "wire/sip/writer.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace reveille::arrive {
namespace {

void drop_routes(sip::Forward& forward, sip::MessageView const& request, std::size_t count) {
  if (count == 0) return;
  if (count == 1) {
    forward.pop_route();
    return;
  }
  forward.remove(sip::HeaderName::route);
  std::size_t at = 0;
  for (std::string_view const route : request.elements(sip::HeaderName::route))
    if (at++ >= count) forward.add(sip::HeaderName::route, route);
}

std::optional<sip::NameAddress> last_route(sip::MessageView const& request) {
  std::string_view last;
  for (std::string_view const route : request.elements(sip::HeaderName::route)) last = route;
  auto const parsed = sip::parse_name_address(last);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

void drop_last_route(sip::Forward& forward, sip::MessageView const& request) {
  forward.remove(sip::HeaderName::route);
  std::string_view before;
  for (std::string_view const route : request.elements(sip::HeaderName::route)) {
    if (!before.empty()) forward.add(sip::HeaderName::route, before);
    before = route;
  }
}

}  // namespace

DialogRequests::OwnRoutes DialogRequests::own_routes(sip::MessageView const& request) const {
  OwnRoutes found;
  for (std::string_view const element : request.elements(sip::HeaderName::route)) {
    auto const route = sip::parse_name_address(element);
    if (!route) break;
    if (auto end = tokens_.read_uri(route->uri_text, request.call_id()))
      return {.count = found.count + 1, .end = std::move(end)};
    if (!names_us_(route->uri)) break;
    ++found.count;
  }
  return found;
}

std::optional<edge::sip::DialogEnd> DialogRequests::strict_end(sip::MessageView const& request) const {
  return last_route(request) ? tokens_.read_uri(request.request_uri(), request.call_id()) : std::nullopt;
}

std::optional<edge::sip::DialogEnd> DialogRequests::other_end(sip::MessageView const& request) const {
  bool const in_dialog =
      request.method() != sip::Method::register_ && !sip::tag_of(request.text(sip::HeaderName::to)).empty();
  if (!in_dialog) return {};
  auto end = strict_end(request);
  return end ? end : own_routes(request).end;
}

sip::Message DialogRequests::without_own_routes(sip::MessageView const& request) const {
  if (!request.has(sip::HeaderName::route)) return sip::Message(request);
  std::string out;
  sip::Forward forward(request);
  drop_routes(forward, request, std::max<std::size_t>(own_routes(request).count, 1));
  if (forward.write(out) == sip::Written::yes)
    if (auto parsed = sip::Message::parse(std::move(out))) return std::move(*parsed);
  return sip::Message(request);
}

std::string DialogRequests::forwarded(sip::MessageView const& request) const {
  std::string out;
  // RFC 3261 section 16.6: copy, count down, take our routes away. The Request-URI is the other end's Contact already.
  // B-CALL-7: a new Contact (re-INVITE, UPDATE) gives away no push token either.
  auto const contact = sip::public_contact(request);
  // RFC 5393 section 5.3.3: "All proxied requests MUST contain a single Max-Breadth header field value."
  auto const breadth = std::to_string(sip::max_breadth_of(request));
  sip::Forward forward(request);
  forward.replace(sip::HeaderName::max_breadth, breadth);
  if (strict_end(request)) {
    forward.request_uri(last_route(request)->uri_text);
    drop_last_route(forward, request);
  } else {
    drop_routes(forward, request, own_routes(request).count);
  }
  forward.decrement_max_forwards();
  sip::remove_asserted_identity(forward);
  if (contact) forward.replace(sip::HeaderName::contact, *contact);
  sip::remove_own_credentials(forward, request, policy_.domains);
  return forward.write(out) == sip::Written::yes ? out : std::string{};
}

std::optional<edge::sip::Target> DialogRequests::target_of(sip::MessageView const& request,
                                                           edge::sip::DialogEnd const& end) const {
  auto const hops = model::hops_to(request.request_uri());
  auto const way = locations_.newest_way(model::AccountId{end.account}, model::InstanceId{end.instance}, hops);
  if (way && !way->flow.empty())
    if (auto const target = stack_->transports().target_of_flow(way->flow)) return target;
  if (way) return edge::sip::parse_remote(way->remote);
  return model::may_take({.remote = end.remote}, hops) ? edge::sip::parse_remote(end.remote) : std::nullopt;
}

void DialogRequests::answer(RequestHandle handle, sip::MessageView const& request, int status) {
  std::string out;
  auto response = sip::respond(out, request, {.status = status, .to_tag = "gone"});
  response.finish() == sip::Written::yes ? stack_->respond(handle, std::move(out)) : stack_->drop(handle);
}

void DialogRequests::forward(RequestHandle handle, sip::MessageView const& request, edge::sip::DialogEnd const& end) {
  auto const target = target_of(request, end);
  auto const bytes = forwarded(request);
  if (!target || bytes.empty()) return answer(handle, request, 480);
  auto kept = std::make_shared<sip::Message>(request);
  auto const sent = stack_->send_request(*target, bytes, [this, handle, kept](edge::sip::Heard const& heard) {
    using What = edge::sip::Heard::What;
    if (heard.what == What::response) return pass_back(handle, kept->view(), heard);
    // RFC 3261 section 16.8; one that was ringing is not waited for any longer.
    cancel(handle, {});
    open_.erase(handle);
    answer(handle, kept->view(), heard.what == What::timed_out ? 408 : 480);
  });
  if (!sent) return answer(handle, request, 503);
  if (request.method() == sip::Method::invite) open_.insert_or_assign(handle, *sent);
}

void DialogRequests::pass_back(RequestHandle handle, sip::MessageView const& request, edge::sip::Heard const& heard) {
  int const status = heard.message->status();
  if (status == 100) return;
  if (status >= 200) open_.erase(handle);
  auto const contact = sip::public_contact(*heard.message);
  sip::Forward forward(*heard.message);
  forward.pop_via();
  sip::remove_asserted_identity(forward);
  if (contact) forward.replace(sip::HeaderName::contact, *contact);
  std::string out;
  if (forward.write(out) == sip::Written::yes) return stack_->respond(handle, std::move(out));
  if (status >= 200) answer(handle, request, 502);
}

void DialogRequests::forward_ack(sip::MessageView const& ack, edge::sip::DialogEnd const& end) {
  auto const target = target_of(ack, end);
  auto const bytes = forwarded(ack);
  if (target && !bytes.empty()) (void)stack_->send_stateless(*target, bytes);
}

bool DialogRequests::cancel(RequestHandle handle, std::string_view reason) {
  auto const found = open_.find(handle);
  if (found == open_.end()) return false;
  stack_->cancel(found->second, reason);
  return true;
}

}  // namespace reveille::arrive
