// What a 200 to REGISTER says of the bindings that stand and of push (RFC 3261 section 10.3 step 8, RFC 8599 section
// 5.6). Lifetime: of the call. Threads: any.
#pragma once

#include "base/packing.hpp"
#include "model/registration.hpp"
#include "wire/sip/writer.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::arrive {

// A binding as it is listed; views.
struct ListedContact {
  std::string_view contact = {};
  Duration expires = {};
  std::uint16_t q_thousandths = 1000;
  PackedUuid instance = {};
  std::optional<std::string_view> written_instance = {};  // in place of it; empty: none
  std::uint32_t reg_id = 0;
};

// The value of its Contact, in the place of what `out` held.
void write_binding(std::string& out, ListedContact const& binding);
// Path, Feature-Caps and Date.
void finish_register(sip::MessageWriter& response, sip::MessageView const& request, model::PushProviders const& push,
                     Instant now);

}  // namespace reveille::arrive
