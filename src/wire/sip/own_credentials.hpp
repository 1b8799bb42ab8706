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
inline void remove_own_credentials(Forward& forward, MessageView const& request, std::span<std::string const> realms) {
  if (!request.has(HeaderName::proxy_authorization)) return;
  forward.remove(HeaderName::proxy_authorization);
  for (std::string_view const value : request.all(HeaderName::proxy_authorization)) {
    auto const credentials = parse_credentials(value);
    if (credentials && std::ranges::find(realms, credentials->realm) == realms.end())
      forward.add(HeaderName::proxy_authorization, value);
  }
}

}  // namespace reveille::sip
