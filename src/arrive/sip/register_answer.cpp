#include "arrive/sip/register_answer.hpp"

#include "wire/sip/feature_caps.hpp"
#include "wire/sip/push_parameters.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

namespace reveille::arrive {
namespace {

using sip::HeaderName;
using sip::PushProvider;

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 20> digits{};
  auto const* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

constexpr auto before_end = std::chrono::duration_cast<std::chrono::seconds>(model::push_refresh_before_end).count();
static_assert(before_end > 120, "RFC 8599 section 5.6.1.1");

// What is said of a provider: section 5.6.1.1 has sip.pnsreg only for a client that asks.
struct Caps {
  explicit Caps(PushProvider provider)
      : plain(sip::format_feature_caps({.pns = sip::name_of(provider)})),
        with_pnsreg(sip::format_feature_caps(
            {.pns = sip::name_of(provider), .pnsreg = static_cast<std::uint32_t>(before_end)})) {}
  std::string plain;
  std::string with_pnsreg;
};

// RFC 3261 section 20.17: "Sat, 13 Nov 2010 23:29:00 GMT". It is the same for all who register within a second.
std::string const& date_of(Instant now) {
  static thread_local std::time_t written_for = -1;
  static thread_local std::string text;
  if (std::time_t const second = unix_seconds(now); second != written_for) {
    written_for = second;
    std::tm parts{};
    gmtime_r(&second, &parts);
    std::array<char, 64> buffer{};
    text.assign(buffer.data(), std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return text;
}

}  // namespace

void write_binding(std::string& out, ListedContact const& binding) {
  ((out = '<') += binding.contact) += ">;expires=";
  append_number(out, std::chrono::duration_cast<std::chrono::seconds>(binding.expires).count());
  if (binding.q_thousandths < 1000) (out += ";q=0.") += std::to_string(1000 + binding.q_thousandths).substr(1);
  if (binding.written_instance) {
    if (!binding.written_instance->empty()) ((out += ";+sip.instance=\"<") += *binding.written_instance) += ">\"";
  } else if (!binding.instance.empty()) {
    out += ";+sip.instance=\"<urn:uuid:";
    binding.instance.append_to(out);
    out += ">\"";
  }
  if (binding.reg_id != 0) append_number(out += ";reg-id=", binding.reg_id);
}

void finish_register(sip::MessageWriter& response, sip::MessageView const& request, model::PushProviders const& push,
                     Instant now) {
  static Caps const apns(PushProvider::apns);
  static Caps const apns_sandbox(PushProvider::apns_sandbox);
  static Caps const fcm(PushProvider::fcm);
  auto const offer = [&](Caps const& caps) {
    response.header(HeaderName::feature_caps, push.with_pnsreg ? caps.with_pnsreg : caps.plain);
  };
  // RFC 3327 section 5.3: Path is shown to the client again.
  response.copy(request, HeaderName::path);
  if (push.apns) offer(apns);
  if (push.apns_sandbox) offer(apns_sandbox);
  if (push.fcm) offer(fcm);
  // RFC 3261 section 10.3 step 8: "The response SHOULD include a Date header field."
  response.header(HeaderName::date, date_of(now));
}

}  // namespace reveille::arrive
