// The client's side of digest authentication (RFC 7616, RFC 8760, RFC 3261 section 22): a challenge in, a header out.
//
// Pure; the client nonce is handed in. Threads: any.
#pragma once

#include "base/secret.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sim::handset {

enum class DigestAlgorithm : std::uint8_t { md5, sha256 };

struct Challenge {
  std::string realm = {};
  std::string nonce = {};
  std::string opaque = {};
  DigestAlgorithm algorithm = DigestAlgorithm::md5;
  bool auth = false;   // qop=auth is offered; without it the form of RFC 2069 is used
  bool stale = false;  // the nonce was too old, the password may be right
};

// The first of the header values, in their order, that is a digest challenge of an algorithm that we know (RFC 8760
// section 2.4: the server's order is its preference).
[[nodiscard]] std::optional<Challenge> choose_challenge(std::vector<std::string_view> const& values);

struct DigestRequest {
  std::string_view method = {};
  std::string_view uri = {};
  std::string_view user = {};
  std::string_view client_nonce = {};
  std::uint32_t nonce_count = 1;
};

// The value of Authorization or Proxy-Authorization.
[[nodiscard]] std::string answer_challenge(Challenge const& challenge, DigestRequest const& request,
                                           Secret const& password);

}  // namespace reveille::sim::handset
