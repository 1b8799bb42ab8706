// CSeq, Max-Forwards, Expires and the other fields that are a number (RFC 3261 sections 20.16, 20.19, 20.22, 20.23).
// Lifetime: of the text. Allocation-free. Threads: any.
#pragma once

#include "wire/sip/message.hpp"
#include "wire/sip/method.hpp"
#include "wire/sip/syntax.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace reveille::sip {

struct CSeq {
  std::uint32_t number = 0;
  Method method = Method::other;
  std::string_view method_text = {};
};

// The number must be less than 2^31 (section 8.1.1.5).
[[nodiscard]] Parsed<CSeq> parse_cseq(std::string_view text);

// Max-Forwards is from 0 to 255.
[[nodiscard]] Parsed<std::uint8_t> parse_max_forwards(std::string_view text);

// RFC 5393 section 5.3.3: more branches at once than this are allowed to no request ("RECOMMENDED to be 60").
inline constexpr std::uint32_t most_breadth = 60;
// The Max-Breadth that a request goes on with: `most_breadth` where it has none, or one that is larger or no number.
[[nodiscard]] std::uint32_t max_breadth_of(MessageView const& request);

// Expires, Min-Expires, Contact's expires; a comment or parameters behind it are ignored. Too large is 2^32 - 1.
// Nothing when it is no number: section 20.19 then takes the default.
[[nodiscard]] std::optional<std::chrono::seconds> parse_expires(std::string_view text);

// The Expires field of a message.
[[nodiscard]] std::optional<std::chrono::seconds> expires_of(MessageView const& message);

}  // namespace reveille::sip
