#include "wire/sip/validate.hpp"

#include "wire/sip/contact.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/via.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <utility>

namespace reveille::sip {
namespace {

using Check = std::optional<Refusal>;

// Every response copies these, so that a request may not fill a message with them. The longest that RFC 4475 has is a
// tag of 302 bytes. Vias grow with each hop: 70 of them at most.
constexpr std::size_t longest_call_id = 512;
constexpr std::size_t longest_tag = 512;
constexpr std::size_t longest_branch = 512;
constexpr std::size_t most_copied = 16UL * 1024;

constexpr std::array mandatory{HeaderName::via, HeaderName::from, HeaderName::to, HeaderName::call_id,
                               HeaderName::cseq};

Check check_presence(MessageView const& message) {
  for (auto const name : mandatory)
    if (message.text(name).empty()) return Refusal::missing_header;
  return {};
}

// What goes into the response as it stands (sections 8.2.6.2 and 12.1.1).
Check check_copied(MessageView const& message) {
  std::size_t copied = 0;
  for (auto const field : message.headers())
    if (field.id == HeaderName::record_route || field.id == HeaderName::timestamp ||
        std::ranges::find(mandatory, field.id) != mandatory.end())
      copied += field.value.size();
  return copied > most_copied || message.call_id().size() > longest_call_id ? Check{Refusal::too_long} : Check{};
}

Check check_multiplicity(MessageView const& message) {
  std::bitset<header_names> seen;
  for (auto const field : message.headers()) {
    auto const index = static_cast<std::size_t>(field.id);
    if (seen.test(index) && facts_of(field.id).multiplicity == Multiplicity::single &&
        field.id != HeaderName::content_length)  // the parser has settled that one
      return Refusal::repeated_header;
    seen.set(index);
  }
  return {};
}

// Section 8.2.2.1: a scheme that is not understood is 416. Section 19.1.5: a Request-URI holds no headers.
Check check_request_uri(MessageView const& request) {
  auto const uri = parse_uri(request.request_uri());
  if (!uri) return Refusal::bad_request_uri;
  if (uri->scheme == Scheme::other) return Refusal::unknown_scheme;
  return uri->headers.empty() ? Check{} : Refusal::bad_request_uri;
}

Check check_vias(MessageView const& message) {
  std::size_t count = 0;
  for (auto const via : message.elements(HeaderName::via)) {
    auto const parsed = parse_via(via);
    if (!parsed) return Refusal::bad_via;
    if (parsed->branch().size() > longest_branch) return Refusal::too_long;
    ++count;
  }
  return count == 0 ? Check{Refusal::bad_via} : Check{};
}

Check check_ends(MessageView const& message) {
  if (!parse_name_address(message.text(HeaderName::from))) return Refusal::bad_from;
  if (!parse_name_address(message.text(HeaderName::to))) return Refusal::bad_to;
  for (auto const name : {HeaderName::from, HeaderName::to})
    if (tag_of(message.text(name)).size() > longest_tag) return Refusal::too_long;
  return {};
}

Check check_cseq(MessageView const& message) {
  auto const cseq = parse_cseq(message.text(HeaderName::cseq));
  if (!cseq) return Refusal::bad_cseq;
  // Section 8.1.1.5: the method must be the request's.
  if (message.is_request() && cseq->method_text != message.method_text()) return Refusal::method_mismatch;
  return {};
}

// Section 16.3, step 3. A request without the field is passed on (and given 70).
Check check_max_forwards(MessageView const& request, Handling handling) {
  auto const value = request.first(HeaderName::max_forwards);
  if (!value) return {};
  auto const hops = parse_max_forwards(*value);
  if (!hops) return Refusal::bad_max_forwards;
  return *hops == 0 && handling == Handling::forwarding ? Check{Refusal::too_many_hops} : Check{};
}

Check check_contacts(MessageView const& message) {
  std::size_t count = 0, stars = 0;
  for (auto const element : message.elements(HeaderName::contact)) {
    ++count;
    if (is_star(element))
      ++stars;
    else if (!parse_contact(element))
      return Refusal::bad_contact;
  }
  if (stars == 0) return {};
  if (message.is_request() && message.method() != Method::register_) return Refusal::bad_contact;
  auto const expires = expires_of(message);
  return count != 1 || !expires || expires->count() != 0 ? Check{Refusal::bad_star} : Check{};
}

Check check_routes(MessageView const& message) {
  for (auto const name : {HeaderName::route, HeaderName::record_route, HeaderName::path})
    for (auto const element : message.elements(name))
      // Routes are name-addr, never a bare URI (section 25.1), so that their parameters are the URI's own.
      if (element.find('<') == element.npos || !parse_name_address(element)) return Refusal::bad_route;
  return {};
}

}  // namespace

std::string_view name_of(Refusal refusal) {
  using enum Refusal;
  switch (refusal) {
    case missing_header: return "missing_header";
    case repeated_header: return "repeated_header";
    case bad_request_uri: return "bad_request_uri";
    case unknown_scheme: return "unknown_scheme";
    case bad_via: return "bad_via";
    case bad_from: return "bad_from";
    case bad_to: return "bad_to";
    case bad_cseq: return "bad_cseq";
    case method_mismatch: return "method_mismatch";
    case bad_max_forwards: return "bad_max_forwards";
    case too_many_hops: return "too_many_hops";
    case bad_contact: return "bad_contact";
    case bad_route: return "bad_route";
    case too_long: return "too_long";
    case bad_star: return "bad_star";
  }
  std::unreachable();
}

int status_of(Refusal refusal) {
  if (refusal == Refusal::unknown_scheme) return 416;
  if (refusal == Refusal::too_long) return 513;
  return refusal == Refusal::too_many_hops ? 483 : 400;
}

std::string_view reason_of(Refusal refusal) {
  using enum Refusal;
  switch (refusal) {
    case missing_header: return "Missing Header Field";
    case repeated_header: return "Repeated Header Field";
    case bad_request_uri: return "Bad Request-URI";
    case unknown_scheme: return "Unsupported URI Scheme";
    case bad_via: return "Bad Via";
    case bad_from: return "Bad From";
    case bad_to: return "Bad To";
    case bad_cseq: return "Bad CSeq";
    case method_mismatch: return "CSeq Method Mismatch";
    case bad_max_forwards: return "Bad Max-Forwards";
    case too_many_hops: return "Too Many Hops";
    case bad_contact: return "Bad Contact";
    case bad_route: return "Bad Route";
    case too_long: return "Header Field Too Long";
    case bad_star: return "Bad Use Of Contact *";
  }
  std::unreachable();
}

std::optional<Refusal> check_request(MessageView const& request, Handling handling) {
  // 8.1.1. Via, From, To, Call-ID and CSeq are in every request; 7.3.1. single fields stand once.
  if (auto const wrong = check_presence(request)) return wrong;
  if (auto const wrong = check_copied(request)) return wrong;
  if (auto const wrong = check_multiplicity(request)) return wrong;
  // 16.3, step 1. Reasonable syntax of what an element uses.
  if (auto const wrong = check_vias(request)) return wrong;
  if (auto const wrong = check_ends(request)) return wrong;
  if (auto const wrong = check_cseq(request)) return wrong;
  // 16.3, step 2. URI scheme.
  if (auto const wrong = check_request_uri(request)) return wrong;
  // 16.3, step 3. Max-Forwards.
  if (auto const wrong = check_max_forwards(request, handling)) return wrong;
  if (auto const wrong = check_contacts(request)) return wrong;
  return check_routes(request);
}

std::optional<Refusal> check_response(MessageView const& response) {
  if (auto const wrong = check_presence(response)) return wrong;
  if (auto const wrong = check_multiplicity(response)) return wrong;
  if (auto const wrong = check_vias(response)) return wrong;
  if (auto const wrong = check_ends(response)) return wrong;
  return check_cseq(response);
}

std::string unsupported_options(MessageView const& request, HeaderName field,
                                std::span<std::string_view const> supported) {
  std::string out;
  for (auto const option : request.elements(field)) {
    auto const known = std::ranges::any_of(supported, [option](auto one) { return equal_ignoring_case(one, option); });
    if (known) continue;
    if (!out.empty()) out += ", ";
    out += option;
  }
  return out;
}

}  // namespace reveille::sip
