// Who somebody says he is, in fields that only a trusted network may write (RFC 3325 sections 5 and 8; Remote-Party-ID
// is their draft ancestor, which phones still show). Pure; threads: any.
#pragma once

#include "wire/sip/writer.hpp"

namespace reveille::sip {

// RFC 3325 section 5: what comes from a node that is not trusted is replaced or removed.
// FIXME: RFC 3325 section 5: nobody is trusted yet; trunks are B-CALL-12.
inline void remove_asserted_identity(Forward& forward) {
  forward.remove(HeaderName::p_asserted_identity).remove(HeaderName::p_preferred_identity).remove("Remote-Party-ID");
}

}  // namespace reveille::sip
