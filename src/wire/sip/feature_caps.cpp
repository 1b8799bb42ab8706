#include "wire/sip/feature_caps.hpp"

#include "wire/sip/parameters.hpp"

namespace reveille::sip {
namespace {

void append(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) (((out += ";+sip.") += name) += '=') += quote(value);
}

}  // namespace

std::string format_feature_caps(FeatureCaps const& caps) {
  std::string out = "*";
  append(out, "pns", caps.pns);
  if (caps.pnsreg) append(out, "pnsreg", std::to_string(*caps.pnsreg));
  append(out, "pnspurr", caps.pnspurr);
  append(out, "vapid", caps.vapid);
  return out;
}

}  // namespace reveille::sip
