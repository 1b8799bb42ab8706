// What a proxy takes out of a request that it forwards: the credentials that were meant for itself. Pure; threads: any.
#pragma once

#include "wire/sip/digest.hpp"
#include "wire/sip/writer.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace reveille::sip {

// RFC 3261 section 22.3: credentials for one of our realms are for nobody behind us; those for others go on to them.
// Some clients put what they registered with into Authorization of all their requests, and there it is no more others'
// business: whoever has it can guess passwords at leisure.
inline void remove_own_credentials(Forward& forward, MessageView const& request, std::span<std::string const> realms) {
  for (auto const name : {HeaderName::authorization, HeaderName::proxy_authorization}) {
    if (!request.has(name)) continue;
    forward.remove(name);
    for (std::string_view const value : request.all(name)) {
      auto const credentials = parse_credentials(value);
      if (credentials && std::ranges::find(realms, credentials->realm) == realms.end()) forward.add(name, value);
    }
  }
}

}  // namespace reveille::sip
