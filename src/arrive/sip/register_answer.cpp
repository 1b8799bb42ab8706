#include "arrive/sip/register_answer.hpp"

#include "wire/sip/feature_caps.hpp"
#include "wire/sip/push_parameters.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace reveille::arrive {
namespace {

using sip::HeaderName;
using sip::PushProvider;

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 20> digits{};
  auto const* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

std::string caps_of(PushProvider provider) {
  auto const before_end = std::chrono::duration_cast<std::chrono::seconds>(model::push_refresh_before_end).count();
  return sip::format_feature_caps({.pns = sip::name_of(provider), .pnsreg = static_cast<std::uint32_t>(before_end)});
}

}  // namespace

void write_binding(std::string& out, ListedContact const& binding) {
  ((out = '<') += binding.contact) += ">;expires=";
  append_number(out, std::chrono::duration_cast<std::chrono::seconds>(binding.expires).count());
  if (binding.q_thousandths < 1000) (out += ";q=0.") += std::to_string(1000 + binding.q_thousandths).substr(1);
  if (!binding.instance.empty()) {
    out += ";+sip.instance=\"<urn:uuid:";
    binding.instance.append_to(out);
    out += ">\"";
  }
  if (binding.reg_id != 0) append_number(out += ";reg-id=", binding.reg_id);
}

void finish_register(sip::MessageWriter& response, sip::MessageView const& request, model::PushProviders const& push) {
  static std::string const apns = caps_of(PushProvider::apns);
  static std::string const apns_sandbox = caps_of(PushProvider::apns_sandbox);
  static std::string const fcm = caps_of(PushProvider::fcm);
  // RFC 3327 section 5.3: Path is shown to the client again.
  response.copy(request, HeaderName::path);
  if (push.apns) response.header(HeaderName::feature_caps, apns);
  if (push.apns_sandbox) response.header(HeaderName::feature_caps, apns_sandbox);
  if (push.fcm) response.header(HeaderName::feature_caps, fcm);
}

}  // namespace reveille::arrive
