// HeaderName: the header fields that Reveille knows, by their long or compact name, in any case (RFC 3261
// section 7.3.3).
//
// A field of another name is `other` and keeps its text. Finding a name costs one multiplicative hash and one
// comparison. Source: the IANA registry "SIP Parameters, Header Fields". Pure; threads: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace reveille::sip {

enum class HeaderName : std::uint8_t {
  other,
  accept,
  accept_contact,
  accept_encoding,
  accept_language,
  alert_info,
  allow,
  allow_events,
  answer_mode,
  authentication_info,
  authorization,
  call_id,
  call_info,
  contact,
  content_disposition,
  content_encoding,
  content_language,
  content_length,
  content_type,
  cseq,
  date,
  diversion,
  error_info,
  event,
  expires,
  feature_caps,
  flow_timer,
  from,
  geolocation,
  history_info,
  identity,
  identity_info,
  in_reply_to,
  join,
  max_breadth,
  max_forwards,
  mime_version,
  min_expires,
  min_se,
  organization,
  p_access_network_info,
  p_asserted_identity,
  p_associated_uri,
  p_called_party_id,
  p_preferred_identity,
  path,
  priority,
  privacy,
  proxy_authenticate,
  proxy_authentication_info,
  proxy_authorization,
  proxy_require,
  rack,
  reason,
  record_route,
  refer_sub,
  refer_to,
  referred_by,
  reject_contact,
  replaces,
  reply_to,
  request_disposition,
  require,
  resource_priority,
  retry_after,
  reveille_call_uuid,
  reveille_mode,
  route,
  rseq,
  security_client,
  security_server,
  security_verify,
  server,
  service_route,
  session_expires,
  session_id,
  sip_etag,
  sip_if_match,
  subject,
  subscription_state,
  supported,
  suppress_if_match,
  target_dialog,
  timestamp,
  to,
  unsupported,
  user_agent,
  via,
  warning,
  www_authenticate
};

inline constexpr std::size_t header_names = std::size_t{89} + 1;

// How often a field may stand in a message.
enum class Multiplicity : std::uint8_t {
  plain,   // several lines, each a value that may hold commas (WWW-Authenticate)
  single,  // once
  list     // several lines, equal to one line with the values joined by commas
};

struct HeaderNameFacts {
  std::string_view text = {};
  char compact = 0;
  Multiplicity multiplicity = Multiplicity::plain;
};

[[nodiscard]] HeaderNameFacts const& facts_of(HeaderName name);
// The long name in its registered spelling; empty for `other`.
[[nodiscard]] inline std::string_view name_of(HeaderName name) {
  return facts_of(name).text;
}
[[nodiscard]] HeaderName header_named(std::string_view text);

}  // namespace reveille::sip
