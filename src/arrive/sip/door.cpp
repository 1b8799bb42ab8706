#include "arrive/sip/door.hpp"

#include "base/seeded_hash.hpp"
#include "edge/sip/remote.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/reason.hpp"
#include "wire/sip/validate.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace reveille::arrive {
namespace {

using sip::HeaderName;
using sip::Method;

constexpr std::string_view allowed =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, INFO, UPDATE, REFER, NOTIFY, PRACK";

// Bytes of option tags that an answer repeats.
constexpr std::size_t most_options = 1024;

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), sip::to_lower);
  return out;
}

bool ends_here(sip::MessageView const& message, sip::Uri const& uri) {
  return message.method() == Method::register_ || (message.method() == Method::options && !uri.user);
}

}  // namespace

SipDoor::SipDoor(SipPorts ports, edge::sip::KeptRequests& kept, edge::sip::DialogTokens const& tokens,
                 model::Policy const& policy, Clock const& clock, Random& random, DigestPolicy digest)
    : ports_(ports),
      kept_(kept),
      tokens_(tokens),
      policy_(policy),
      clock_(clock),
      random_(random),
      require_digest_(digest.required == DigestPolicy::Required::yes),
      authentication_(ports.credentials, clock, random, std::move(digest)),
      dialogs_(ports.locations, tokens, policy),
      loops_(random),
      fingerprint_seed_(random.number()),
      own_tag_(random.hex(8)) {}

void SipDoor::connect(edge::sip::Stack& stack, edge::sip::OwnHosts hosts) {
  stack_ = &stack;
  hosts_.emplace(std::move(hosts));
  dialogs_.connect(stack, [this](sip::Uri const& uri) { return names_us(uri); });
}

void SipDoor::on_request(RequestHandle request, sip::MessageView const& message, edge::sip::Source const& source) {
  if (message.method() == Method::register_ && take_refresh(request, message, source)) return;
  auto const visit = std::make_shared<Visit>(Visit{.handle = request, .message = &message, .source = source});
  take(visit);
  if (!visit->answered && !visit->kept) visit->keep();
}

void SipDoor::take(VisitPointer const& visit) {
  auto const& message = *visit->message;
  auto const uri = sip::parse_uri(message.request_uri());
  bool const here = uri && ends_here(message, *uri);
  // RFC 3261 section 16.3, steps 1 to 3 (reasonable syntax, URI scheme, Max-Forwards).
  if (auto const refusal = sip::check_request(message, here ? sip::Handling::receiving : sip::Handling::forwarding))
    return refuse(*visit, sip::status_of(*refusal), sip::reason_of(*refusal));
  // Step 4, which RFC 5393 section 4 makes a duty of who forks.
  if (!here && loops_.has_looped(message)) return refuse(*visit, 482);
  // Step 5: Proxy-Require; for a request that ends here, Require (section 8.2.2.3).
  // Not outbound and gruu: a client that has to have them must hear that we give it neither.
  static constexpr std::array<std::string_view, 2> supported = {"path", "100rel"};
  auto const unsupported = here ? sip::unsupported_options(message, HeaderName::require, supported)
                                : sip::unsupported_options(message, HeaderName::proxy_require, {});
  if (unsupported.size() > most_options) return refuse(*visit, 513, "Too Many Options");
  if (!unsupported.empty()) {
    auto response = respond(*visit, 420);
    return finish(*visit, response.header(HeaderName::unsupported, unsupported));
  }
  if (auto const end = dialogs_.other_end(message)) {
    visit->answered = true;
    return dialogs_.forward(visit->handle, message, *end);
  }
  take_outside_dialog(visit);
}

void SipDoor::take_outside_dialog(VisitPointer const& visit) {
  auto const& message = *visit->message;
  auto const uri = sip::parse_uri(message.request_uri());
  if (message.method() == Method::register_) return on_register(visit);
  if (uri && ends_here(message, *uri)) return answer_options(*visit);
  // A request inside a dialog that does not bear our Record-Route: we know no such dialog (section 12.2.2).
  if (!sip::tag_of(message.text(HeaderName::to)).empty()) return refuse(*visit, 481);
  if (message.method() == Method::subscribe) return refuse(*visit, 489, "Bad Event");
  if (message.method() == Method::publish || message.method() == Method::bye || message.method() == Method::notify)
    return refuse(*visit, message.method() == Method::publish ? 405 : 481);
  on_offer(visit);
}

void SipDoor::authenticate(VisitPointer const& visit, Realm realm, std::string const& domain,
                           std::move_only_function<void(model::AccountId const&)> then) {
  authentication_.check(
      *visit->message, realm, domain,
      [this, visit, realm, domain, then = std::move(then)](Verdict verdict, model::AccountId const& account) mutable {
        switch (verdict) {
          case Verdict::authenticated: welcome(*visit); return then(account);
          case Verdict::challenge: return challenge(*visit, realm, domain, sip::Stale::no);
          case Verdict::repeated:
          case Verdict::stale: return challenge(*visit, realm, domain, sip::Stale::yes);
          case Verdict::busy: return refuse(*visit, 503);
        }
        std::unreachable();
      });
}

void SipDoor::welcome(Visit const& visit) {
  stack_->transports().welcome(visit.source.flow);
}

void SipDoor::challenge(Visit& visit, Realm realm, std::string_view domain, sip::Stale stale) {
  bool const server = realm == Realm::server;
  auto response = respond(visit, server ? 401 : 407);
  for (auto const& value : authentication_.challenges(domain, stale))
    response.header(server ? HeaderName::www_authenticate : HeaderName::proxy_authenticate, value);
  finish(visit, response);
}

sip::MessageWriter SipDoor::respond(sip::MessageView const& message, int status, std::string_view reason) {
  // Section 8.2.7: a stateless answer bears the same tag when the request is repeated.
  std::array<char, 16> digits{};
  auto const number = SeededHash{fingerprint_seed_}(message.call_id()) & 0xffffff;
  auto const* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  tag_.assign(own_tag_).append(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return sip::respond(out_, message, {.status = status, .reason = reason, .to_tag = tag_});
}

void SipDoor::refuse(Visit& visit, int status, std::string_view reason) {
  auto response = respond(visit, status, reason);
  if (status == 405) response.header(HeaderName::allow, allowed);
  finish(visit, response);
}

void SipDoor::finish(Visit& visit, sip::MessageWriter& response) {
  visit.answered = true;
  finish(visit.handle, *visit.message, response);
}

void SipDoor::finish(RequestHandle request, sip::MessageView const& message, sip::MessageWriter& response) {
  bool const written = response.finish() == sip::Written::yes || respond(message, 513).finish() == sip::Written::yes;
  written ? stack_->reply_statelessly(request, out_) : stack_->drop(request);
}

void SipDoor::answer_options(Visit& visit) {
  auto response = respond(visit, 200);
  response.header(HeaderName::allow, allowed).header(HeaderName::supported, "path");
  finish(visit, response);
}

// RFC 3261 section 16.10. RFC 3326 section 2: the caller's reason goes on with the CANCELs that we send.
void SipDoor::on_cancel(RequestHandle request, sip::MessageView const& cancel) {
  auto reason = sip::reasons_of(cancel);
  if (dialogs_.cancel(request, reason)) return;
  ports_.calls.cancel({.thread = request.thread, .slot = request.slot, .generation = request.generation},
                      std::move(reason));
}

void SipDoor::on_ack(sip::MessageView const& message, edge::sip::Source const&) {
  if (sip::check_request(message, sip::Handling::forwarding)) return;
  if (auto const end = dialogs_.other_end(message)) dialogs_.forward_ack(message, *end);
}

void SipDoor::on_flow_lost(FlowHandle flow) {
  for (auto const& account : ports_.calls.on_flow_lost(flow)) authentication_.rest(account);
}

void SipDoor::on_request_ended(RequestHandle request) {
  dialogs_.forget(request);
  waiting_.erase(request.slot);
}

bool SipDoor::is_our_domain(std::string_view lower_case) const {
  return std::ranges::find(policy_.domains, lower_case) != policy_.domains.end();
}

bool SipDoor::is_our_host(std::string_view host) {
  return is_our_domain(lower(host)) || hosts_->has(host);
}

// We are responsible for a domain of ours whatever port is written behind it; a host is ours at our ports.
bool SipDoor::names_us(sip::Uri const& uri) {
  return uri.is_sip() && (is_our_domain(lower(uri.host)) || hosts_->has(uri));
}

std::optional<model::AccountId> SipDoor::account_of(sip::Uri const& uri) {
  if (!uri.is_sip() || !uri.user || !is_our_host(uri.host)) return {};
  auto const name = lower(uri.host);
  auto const& domain = is_our_domain(name) ? name : policy_.domains.front();
  auto const account = model::parse_account(sip::unescape(*uri.user) + '@' + domain);
  return account ? std::optional(*account) : std::nullopt;
}

model::Way SipDoor::way_of(edge::sip::Source const& source) {
  return {.flow = source.flow, .remote = edge::sip::format_remote(source)};
}

}  // namespace reveille::arrive
