// REGISTER at the door: RFC 3261 section 10.3 steps 1 to 5, and the answer of step 8. The rest is decide/registry's.
#include "arrive/sip/door.hpp"
#include "arrive/sip/register_answer.hpp"
#include "edge/sip/remote.hpp"
#include "model/contact.hpp"
#include "wire/sip/contact.hpp"
#include "wire/sip/cseq.hpp"

#include <chrono>

namespace reveille::arrive {
namespace {

using sip::HeaderName;

constexpr std::uint64_t retry_after_seconds = 10;

std::optional<Duration> expires_in(sip::MessageView const& message) {
  auto const seconds = sip::expires_of(message);
  return seconds ? std::optional<Duration>(*seconds) : std::nullopt;
}

std::optional<model::Mode> mode_in(sip::MessageView const& message) {
  auto const text = message.first(HeaderName::reveille_mode);
  return text ? model::mode_named(*text) : std::nullopt;
}

// False when a Contact cannot be read.
bool read_contacts(sip::MessageView const& message, model::AccountId const& account, model::RegisterRequest& request) {
  for (std::string_view const element : message.elements(HeaderName::contact)) {
    if (sip::is_star(element)) {
      request.kind = model::ContactsKind::all;
      continue;
    }
    auto const contact = sip::parse_contact(element);
    if (!contact) return false;
    request.kind = model::ContactsKind::listed;
    request.contacts.push_back(model::read_contact(*contact, account));
    if (!request.contacts.back().expires) request.contacts.back().expires = request.expires;
  }
  return true;
}

}  // namespace

void SipDoor::on_register(VisitPointer const& visit) {
  // 1. The Request-URI names the domain; a domain of ours in To says which, where it is an address.
  auto const to = sip::parse_name_address(visit->message->text(HeaderName::to));
  // Section 10.2: To holds a SIP or SIPS URI; of another scheme there is no address-of-record (RFC 4475 section 3.3.4).
  if (!to || to->uri.scheme == sip::Scheme::other) return refuse(*visit, 400, "Bad To");
  auto const account = account_of(to->uri);
  auto const uri = sip::parse_uri(visit->message->request_uri());
  if (!uri || !is_our_host(uri->host) || !account) return refuse(*visit, 404);
  // 3. Authentication. 4. A user may change his own bindings only.
  auto const allow = [this, visit, account = *account](model::AccountId const& who) {
    if (who != account) return refuse(*visit, 403);
    register_contacts(visit, who);
  };
  if (!require_digest_) {
    welcome(*visit);
    return allow(*account);
  }
  authenticate(visit, Realm::server, std::string(model::domain_of(*account)), allow);
}

void SipDoor::register_contacts(VisitPointer const& visit, model::AccountId const& account) {
  auto const& message = *visit->message;
  auto const cseq = sip::parse_cseq(message.text(HeaderName::cseq));
  model::RegisterRequest request{.call_id = std::string(message.call_id()),
                                 .cseq = cseq ? cseq->number : 0,
                                 .expires = expires_in(message),
                                 .user_agent = std::string(message.text(HeaderName::user_agent)),
                                 .remote = edge::sip::format_remote(visit->source),
                                 .mode = mode_in(message),
                                 .fingerprint = fingerprint_of(message, visit->source)};
  if (!read_contacts(message, account, request)) return refuse(*visit, 400, "Bad Contact");
  for (std::string_view const hop : message.elements(HeaderName::path)) request.path.emplace_back(hop);
  ports_.registrar.register_contacts(
      account, std::move(request), way_of(visit->source),
      [this, visit](model::RegisterOutcome outcome) { answer_register(*visit, outcome); });
}

void SipDoor::answer_register(Visit& visit, model::RegisterOutcome const& outcome) {
  auto response = respond(visit, outcome.status, outcome.reason);
  if (outcome.min_expires)
    response.header(HeaderName::min_expires,
                    static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(*outcome.min_expires).count()));
  // RFC 3261 section 21.5.1: the disk may take it later.
  if (outcome.status == 500) response.header(HeaderName::retry_after, retry_after_seconds);
  if (outcome.status == 200) {
    for (auto const& binding : outcome.bindings) {
      write_binding(line_, {.contact = binding.contact,
                            .expires = binding.expires,
                            .q_thousandths = binding.q_thousandths,
                            .instance = {.text = binding.instance.value},
                            .written_instance = binding.written_instance,
                            .reg_id = binding.reg_id});
      response.header(HeaderName::contact, line_);
    }
    finish_register(response, *visit.message, outcome.push_providers, clock_.now());
  }
  finish(visit, response);
}

}  // namespace reveille::arrive
