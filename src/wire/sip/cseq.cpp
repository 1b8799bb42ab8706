#include "wire/sip/cseq.hpp"

#include <algorithm>

namespace reveille::sip {

Parsed<CSeq> parse_cseq(std::string_view text) {
  text = trim(text);
  auto const end = text.find_first_of(" \t\r\n");
  if (end == text.npos) return std::unexpected(SyntaxFault::missing);
  auto const number = parse_number(text.substr(0, end));
  if (!number || *number > 0x7fff'ffffU) return std::unexpected(SyntaxFault::number);
  auto const method = trim_left(text.substr(end));
  if (!is_token(method)) return std::unexpected(SyntaxFault::character);
  return CSeq{.number = *number, .method = method_named(method), .method_text = method};
}

Parsed<std::uint8_t> parse_max_forwards(std::string_view text) {
  auto const number = parse_number(text);
  if (!number || *number > 255) return std::unexpected(SyntaxFault::number);
  return static_cast<std::uint8_t>(*number);
}

// RFC 5393 section 5.3.3: "it MUST add one", and "if this maximum is exceeded in a received request, the proxy MUST
// overwrite it".
std::uint32_t max_breadth_of(MessageView const& request) {
  auto const number = parse_delta_seconds(request.text(HeaderName::max_breadth));
  return std::min(number.value_or(most_breadth), most_breadth);
}

std::optional<std::chrono::seconds> parse_expires(std::string_view text) {
  text = trim(text);
  auto const number = parse_delta_seconds(text.substr(0, text.find_first_of("; \t(")));
  return number ? std::optional(std::chrono::seconds(*number)) : std::nullopt;
}

std::optional<std::chrono::seconds> expires_of(MessageView const& message) {
  auto const value = message.first(HeaderName::expires);
  return value ? parse_expires(*value) : std::nullopt;
}

}  // namespace reveille::sip
