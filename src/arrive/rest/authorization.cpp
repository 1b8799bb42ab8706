#include "arrive/rest/authorization.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace reveille::arrive {

std::optional<std::string_view> credentials_of(edge::HttpRequest const& request, std::string_view scheme) {
  auto const header = request.headers.find("authorization");
  if (!header || header->size() <= scheme.size() || header->at(scheme.size()) != ' ') return {};
  bool const fits = std::ranges::equal(header->substr(0, scheme.size()), scheme, {},
                                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return fits ? std::optional(header->substr(scheme.size() + 1)) : std::nullopt;
}

std::optional<BasicCredentials> basic_credentials_in(edge::HttpRequest const& request) {
  auto const basic = credentials_of(request, "basic");
  auto const pair = basic ? decode_base64(*basic) : std::nullopt;
  auto const colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return {};
  return BasicCredentials{.user = pair->substr(0, colon), .password = Secret{pair->substr(colon + 1)}};
}

}  // namespace reveille::arrive
