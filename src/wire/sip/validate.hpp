// What an element checks of a parsed message before it acts on it (RFC 3261 sections 8.1.1, 8.2, 16.3 and 18.1.2), so
// that the torture test of RFC 4475 comes out right.
//
// Lifetime: the reason is a literal. Allocation-free. Threads: any.
#pragma once

#include "wire/sip/message.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reveille::sip {

enum class Refusal : std::uint8_t {
  missing_header,    // Via, From, To, Call-ID or CSeq: 400
  repeated_header,   // a field that stands once stands twice: 400
  bad_request_uri,   // not of its scheme's form, or with headers: 400
  unknown_scheme,    // neither sip, sips nor tel: 416
  bad_via,           // 400
  bad_from,          // 400
  bad_to,            // 400
  bad_cseq,          // 400
  method_mismatch,   // CSeq names another method: 400
  bad_max_forwards,  // 400
  too_many_hops,     // Max-Forwards is 0 and the request would be forwarded: 483
  bad_contact,       // 400
  bad_route,         // Route or Record-Route: 400
  too_long,          // more than a response can copy, or anybody needs: 513
  bad_star           // "*" beside another Contact, or without Expires: 0 (section 10.3, step 6): 400
};

[[nodiscard]] std::string_view name_of(Refusal refusal);
[[nodiscard]] int status_of(Refusal refusal);
// The reason phrase that tells the peer what is wrong.
[[nodiscard]] std::string_view reason_of(Refusal refusal);

// `forwarding`: a request that this element would pass on. `receiving`: one that ends here.
enum class Handling : std::uint8_t { receiving, forwarding };

[[nodiscard]] std::optional<Refusal> check_request(MessageView const& request, Handling handling);
// A response with a refusal is dropped, never answered.
[[nodiscard]] std::optional<Refusal> check_response(MessageView const& response);

// The option tags of a field (Require, Proxy-Require) that are not among `supported`, joined by commas: the value of
// Unsupported in a 420 (section 8.2.2.3). Empty when all are supported.
[[nodiscard]] std::string unsupported_options(MessageView const& request, HeaderName field,
                                              std::span<std::string_view const> supported);

}  // namespace reveille::sip
