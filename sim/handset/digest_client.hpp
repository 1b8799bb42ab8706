// The client's side of digest authentication (RFC 7616, RFC 8760, RFC 3261 section 22): a challenge in, an answer out.
// The language and the sums are those of wire/sip.
//
// Pure; the client nonce is handed in. Threads: any.
#pragma once

#include "base/secret.hpp"
#include "wire/sip/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sim::handset {

// The first of the header values, in their order, that is a digest challenge of an algorithm that we know (RFC 8760
// section 2.4: the server's order is its preference).
[[nodiscard]] std::optional<std::string_view> choose_challenge(std::vector<std::string_view> const& values);

struct DigestRequest {
  std::string_view method = {};
  std::string_view uri = {};
  std::string_view user = {};
  std::string_view client_nonce = {};
  std::uint32_t nonce_count = 1;
};

// The value of Authorization or Proxy-Authorization; `challenge` is one that was chosen.
[[nodiscard]] std::string answer_challenge(std::string_view challenge, DigestRequest const& request,
                                           Secret const& password);

}  // namespace reveille::sim::handset
