// Reason: why a request was sent (RFC 3326): "SIP ;cause=200 ;text=\"Call completed elsewhere\"".
// Lifetime: values. Errors: what is no reason is left out. Threads: any.
#pragma once

#include "wire/sip/message.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace reveille::sip {

// The reasons of a message, one for each protocol, as the value of one field; empty when there are none. Those that
// would make it longer than `most` bytes are left out.
[[nodiscard]] std::string reasons_of(MessageView const& message, std::size_t most = 512);

// Section 3.1: the call was answered somewhere else, so it is none that anybody missed.
[[nodiscard]] bool is_completed_elsewhere(std::string_view reasons);

}  // namespace reveille::sip
