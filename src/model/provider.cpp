#include "model/provider.hpp"

#include <utility>

namespace reveille::model {

std::string_view name_of(ProviderVerdict verdict) {
  using enum ProviderVerdict;
  switch (verdict) {
    case accepted: return "accepted";
    case token_gone: return "token_gone";
    case token_wrong: return "token_wrong";
    case topic_refused: return "topic_refused";
    case payload_too_large: return "payload_too_large";
    case request_refused: return "request_refused";
    case forbidden: return "forbidden";
    case credential_refused: return "credential_refused";
    case credential_expired: return "credential_expired";
    case credential_throttled: return "credential_throttled";
    case device_throttled: return "device_throttled";
    case provider_failing: return "provider_failing";
    case not_processed: return "not_processed";
    case fate_unknown: return "fate_unknown";
  }
  std::unreachable();
}

}  // namespace reveille::model
