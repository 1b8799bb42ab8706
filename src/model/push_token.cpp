#include "model/push_token.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace reveille::model {
namespace {

// Whole bytes.
bool is_hexadecimal(std::string_view text) {
  return text.size() % 2 == 0 && std::ranges::all_of(text, [](char c) { return hex_value(c) >= 0; });
}

}  // namespace

std::string kept_token(Provider provider, std::string token) {
  bool const is_apples = provider == Provider::apns || provider == Provider::none;
  if (!is_apples || !is_hexadecimal(token)) return token;
  std::ranges::transform(token, token.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return token;
}

bool can_be_token(Provider provider, std::string_view token) {
  return provider != Provider::apns || is_hexadecimal(token);
}

}  // namespace reveille::model
