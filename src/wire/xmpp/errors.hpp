// The error conditions of XMPP as closed enums, with their names on the wire. Unknown names read as
// undefined-condition. Source: RFC 6120 sections 4.9.3 (streams), 6.5 (SASL), 8.3.3 (stanzas).
#pragma once

#include <string_view>
#include <utility>

namespace reveille::xmpp {

// RFC 6120 section 4.9.3.
enum class StreamError {
  bad_format,
  bad_namespace_prefix,
  conflict,
  connection_timeout,
  host_unknown,
  improper_addressing,
  internal_server_error,
  invalid_from,
  invalid_namespace,
  invalid_xml,
  not_authorized,
  not_well_formed,
  policy_violation,
  reset,
  resource_constraint,
  restricted_xml,
  system_shutdown,
  undefined_condition,
  unsupported_encoding,
  unsupported_feature,
  unsupported_stanza_type,
  unsupported_version
};

[[nodiscard]] constexpr std::string_view name_of(StreamError error) {
  using enum StreamError;
  switch (error) {
    case bad_format: return "bad-format";
    case bad_namespace_prefix: return "bad-namespace-prefix";
    case conflict: return "conflict";
    case connection_timeout: return "connection-timeout";
    case host_unknown: return "host-unknown";
    case improper_addressing: return "improper-addressing";
    case internal_server_error: return "internal-server-error";
    case invalid_from: return "invalid-from";
    case invalid_namespace: return "invalid-namespace";
    case invalid_xml: return "invalid-xml";
    case not_authorized: return "not-authorized";
    case not_well_formed: return "not-well-formed";
    case policy_violation: return "policy-violation";
    case reset: return "reset";
    case resource_constraint: return "resource-constraint";
    case restricted_xml: return "restricted-xml";
    case system_shutdown: return "system-shutdown";
    case undefined_condition: return "undefined-condition";
    case unsupported_encoding: return "unsupported-encoding";
    case unsupported_feature: return "unsupported-feature";
    case unsupported_stanza_type: return "unsupported-stanza-type";
    case unsupported_version: return "unsupported-version";
  }
  std::unreachable();
}

// RFC 6120 section 6.5.
enum class SaslError {
  aborted,
  account_disabled,
  credentials_expired,
  encryption_required,
  incorrect_encoding,
  invalid_authzid,
  invalid_mechanism,
  malformed_request,
  mechanism_too_weak,
  not_authorized,
  temporary_auth_failure
};

[[nodiscard]] constexpr std::string_view name_of(SaslError error) {
  using enum SaslError;
  switch (error) {
    case aborted: return "aborted";
    case account_disabled: return "account-disabled";
    case credentials_expired: return "credentials-expired";
    case encryption_required: return "encryption-required";
    case incorrect_encoding: return "incorrect-encoding";
    case invalid_authzid: return "invalid-authzid";
    case invalid_mechanism: return "invalid-mechanism";
    case malformed_request: return "malformed-request";
    case mechanism_too_weak: return "mechanism-too-weak";
    case not_authorized: return "not-authorized";
    case temporary_auth_failure: return "temporary-auth-failure";
  }
  std::unreachable();
}

// RFC 6120 section 8.3.3.
enum class StanzaError {
  bad_request,
  conflict,
  feature_not_implemented,
  forbidden,
  gone,
  internal_server_error,
  item_not_found,
  jid_malformed,
  not_acceptable,
  not_allowed,
  not_authorized,
  policy_violation,
  recipient_unavailable,
  redirect,
  registration_required,
  remote_server_not_found,
  remote_server_timeout,
  resource_constraint,
  service_unavailable,
  subscription_required,
  undefined_condition,
  unexpected_request
};

[[nodiscard]] constexpr std::string_view name_of(StanzaError error) {
  using enum StanzaError;
  switch (error) {
    case bad_request: return "bad-request";
    case conflict: return "conflict";
    case feature_not_implemented: return "feature-not-implemented";
    case forbidden: return "forbidden";
    case gone: return "gone";
    case internal_server_error: return "internal-server-error";
    case item_not_found: return "item-not-found";
    case jid_malformed: return "jid-malformed";
    case not_acceptable: return "not-acceptable";
    case not_allowed: return "not-allowed";
    case not_authorized: return "not-authorized";
    case policy_violation: return "policy-violation";
    case recipient_unavailable: return "recipient-unavailable";
    case redirect: return "redirect";
    case registration_required: return "registration-required";
    case remote_server_not_found: return "remote-server-not-found";
    case remote_server_timeout: return "remote-server-timeout";
    case resource_constraint: return "resource-constraint";
    case service_unavailable: return "service-unavailable";
    case subscription_required: return "subscription-required";
    case undefined_condition: return "undefined-condition";
    case unexpected_request: return "unexpected-request";
  }
  std::unreachable();
}

// The type that goes with each condition: what the sender should do (RFC 6120 section 8.3.2).
[[nodiscard]] constexpr std::string_view type_of(StanzaError error) {
  using enum StanzaError;
  switch (error) {
    case bad_request:
    case jid_malformed:
    case not_acceptable:
    case policy_violation:
    case redirect:
    case undefined_condition: return "modify";
    case forbidden:
    case not_authorized:
    case registration_required:
    case subscription_required: return "auth";
    case recipient_unavailable:
    case remote_server_timeout:
    case resource_constraint:
    case unexpected_request: return "wait";
    case conflict:
    case feature_not_implemented:
    case gone:
    case internal_server_error:
    case item_not_found:
    case not_allowed:
    case remote_server_not_found:
    case service_unavailable: return "cancel";
  }
  std::unreachable();
}

}  // namespace reveille::xmpp
