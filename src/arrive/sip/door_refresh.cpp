// A REGISTER that says again what its device said before: all that was checked then holds still, so that only who sent
// it and how often is (RFC 3261 section 10.3, steps 3, 4, 7 and 8). It is recognised by its fingerprint.
#include "arrive/sip/door.hpp"
#include "arrive/sip/register_answer.hpp"
#include "base/seeded_hash.hpp"
#include "model/contact.hpp"
#include "wire/sip/cseq.hpp"

#include <algorithm>
#include <array>

namespace reveille::arrive {
namespace {

using sip::HeaderName;

bool changes_each_time(HeaderName name) {
  return name == HeaderName::via || name == HeaderName::cseq || name == HeaderName::authorization;
}

// The way that a message came, as bytes.
std::array<char, 48> bytes_of(edge::sip::Source const& source) {
  std::array<char, 48> bytes{};
  auto put = [&bytes, at = std::size_t{0}](auto number) mutable {
    for (std::size_t i = 0; i < sizeof number; ++i)
      bytes[at++] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
  };
  put(static_cast<std::uint8_t>(source.transport));
  put(source.flow.thread);
  put(source.flow.slot);
  put(source.flow.generation);
  put(source.remote.port);
  for (auto const& ip : {source.remote.ip, source.local}) {
    if (ip.is_v4()) {
      put(ip.to_v4().to_uint());
    } else {
      for (auto const byte : ip.to_v6().to_bytes()) put(byte);
    }
  }
  return bytes;
}

}  // namespace

model::RegisterFingerprint SipDoor::fingerprint_of(sip::MessageView const& message,
                                                   edge::sip::Source const& source) const {
  auto const way = bytes_of(source);
  std::uint64_t hash = SeededHash{fingerprint_seed_}({way.data(), way.size()});
  hash = SeededHash{hash}(message.start_line());
  for (std::size_t i = 0; i < message.header_count(); ++i)
    if (!changes_each_time(message.header(i).id)) hash = SeededHash{hash}(message.line(i));
  return model::RegisterFingerprint{SeededHash{hash}(message.body())};
}

bool SipDoor::take_refresh(RequestHandle request, sip::MessageView const& message, edge::sip::Source const& source) {
  auto const fingerprint = fingerprint_of(message, source);
  auto const known = ports_.registrar.known(fingerprint);
  if (!known) return false;
  auto const cseq = sip::parse_cseq(message.text(HeaderName::cseq));
  if (!cseq || message.count(HeaderName::cseq) != 1) return false;
  auto const verdict = require_digest_ ? authentication_.check_known(message, *known) : Verdict::authenticated;
  std::optional<model::Refreshed> refreshed;
  if (verdict == Verdict::authenticated) refreshed = ports_.registrar.refresh(fingerprint, cseq->number);
  // Section 8.2.7: what is answered without a transaction must be answered alike when its answer was lost.
  if (verdict == Verdict::repeated || (!require_digest_ && !refreshed))
    refreshed = ports_.registrar.repeat(fingerprint, cseq->number);
  if (refreshed) {
    answer_refresh(request, message, *std::move(refreshed));
    return true;
  }
  if (verdict != Verdict::authenticated) return false;
  // His nonce count is used up: he has been asked who he is, and goes on from there.
  auto const visit = std::make_shared<Visit>(Visit{.handle = request, .message = &message, .source = source});
  register_contacts(visit, model::AccountId{known->account});
  if (!visit->answered) visit->keep();
  return true;
}

void SipDoor::answer_refresh(RequestHandle request, sip::MessageView const& message, model::Refreshed refreshed) {
  auto response = respond(message, 200);
  for (std::uint16_t number = 0; auto const binding = refreshed.bindings.next(); ++number) {
    bool const own = number == refreshed.own;
    auto const contact = own ? std::string{} : model::without_private_parameters(binding->contact);
    write_binding(line_, {.contact = own ? binding->contact : std::string_view(contact),
                          .expires = binding->expires_at - refreshed.now,
                          .q_thousandths = binding->q_thousandths,
                          .instance = binding->instance,
                          .written_instance = binding->written_instance,
                          .reg_id = binding->reg_id});
    response.header(HeaderName::contact, line_);
  }
  finish_register(response, message, refreshed.push_providers, refreshed.now);
  finish(request, message, response);
}

}  // namespace reveille::arrive
