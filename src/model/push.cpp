#include "model/push.hpp"

#include "base/random.hpp"
#include "model/named.hpp"
#include "wire/crypto/digest.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace reveille::model {

std::string_view name_of(PushClass push_class) {
  using enum PushClass;
  switch (push_class) {
    case call: return "call";
    case missed_call: return "missed_call";
    case answered_elsewhere: return "answered_elsewhere";
    case message: return "message";
    case clear: return "clear";
    case background: return "background";
  }
  std::unreachable();
}

std::string_view name_of(PushState state) {
  using enum PushState;
  switch (state) {
    case accepted: return "accepted";
    case sending: return "sending";
    case accepted_by_provider: return "accepted_by_provider";
    case acknowledged: return "acknowledged";
    case unconfirmed: return "unconfirmed";
    case expired: return "expired";
    case refused: return "refused";
    case unknown: return "unknown";
    case taken_back: return "taken_back";
  }
  std::unreachable();
}

std::string_view name_of(TokenVerdict verdict) {
  using enum TokenVerdict;
  switch (verdict) {
    case alive: return "alive";
    case dead: return "dead";
    case quarantined: return "quarantined";
  }
  std::unreachable();
}

std::optional<PushClass> push_class_named(std::string_view name) {
  using enum PushClass;
  return named({call, missed_call, answered_elsewhere, message, clear, background}, name);
}

std::optional<PushState> push_state_named(std::string_view name) {
  using enum PushState;
  return named(
      {accepted, sending, accepted_by_provider, acknowledged, unconfirmed, expired, refused, unknown, taken_back},
      name);
}

std::optional<TokenVerdict> token_verdict_named(std::string_view name) {
  using enum TokenVerdict;
  return named({alive, dead, quarantined}, name);
}

std::string derive_uuid(std::string_view domain, std::vector<std::string_view> const& words) {
  // Each word is preceded by its length, so that ("ab","c") and ("a","bc") differ.
  std::string text{domain};
  for (auto word : words) text += '\n' + std::to_string(word.size()) + ':' + std::string(word);
  auto const digest = crypto::sha256(text);
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return format_uuid(bytes, 8);
}

}  // namespace reveille::model
