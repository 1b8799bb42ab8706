#include "wire/sip/feature_caps.hpp"

#include "wire/sip/parameters.hpp"

namespace reveille::sip {
namespace {

// Within the quotes of a string indicator a "<" and ">" may stand (RFC 3840 section 9).
std::string_view plain(std::string_view text) {
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>') return text.substr(1, text.size() - 2);
  return text;
}

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

FeatureCaps read_feature_caps(std::string_view text) {
  text = trim(text);
  if (text.starts_with('*')) text.remove_prefix(1);
  Parameters const indicators(text);
  auto const read = [&](std::string_view name) { return plain(indicators.value(name).value_or(std::string_view{})); };
  return {.pns = read("+sip.pns"),
          .pnsreg = parse_number(read("+sip.pnsreg")),
          .pnspurr = read("+sip.pnspurr"),
          .vapid = read("+sip.vapid")};
}

}  // namespace reveille::sip
