#include "wire/sip/reason.hpp"

#include "wire/sip/parameters.hpp"

#include <algorithm>

namespace reveille::sip {
namespace {

// reason-value = protocol *(SEMI reason-params)
struct Reason {
  std::string_view protocol = {};
  Parameters parameters = {};
};

Reason parse_reason(std::string_view element) {
  auto const semicolon = std::min(element.find(';'), element.size());
  auto protocol = element.substr(0, semicolon);
  while (protocol.ends_with(' ') || protocol.ends_with('\t')) protocol.remove_suffix(1);
  return {.protocol = protocol, .parameters = Parameters(element.substr(semicolon))};
}

bool is_reason(std::string_view element) {
  auto const reason = parse_reason(element);
  return is_token(reason.protocol) && !reason.parameters.check() && element.find_first_of("\r\n") == element.npos;
}

}  // namespace

std::string reasons_of(MessageView const& message, std::size_t most) {
  std::string value;
  for (std::string_view const element : message.elements(HeaderName::reason)) {
    if (!is_reason(element) || value.size() + element.size() + 2 > most) continue;
    (value += value.empty() ? "" : ", ") += element;
  }
  return value;
}

bool is_completed_elsewhere(std::string_view reasons) {
  return std::ranges::any_of(Elements(reasons), [](std::string_view element) {
    auto const reason = parse_reason(element);
    return equal_ignoring_case(reason.protocol, "SIP") && reason.parameters.value("cause") == "200";
  });
}

}  // namespace reveille::sip
