// Why a listener cannot be opened, and what to do about it: one sentence for all of them.
#pragma once

#include "base/result.hpp"

#include <boost/system/error_code.hpp>

#include <string_view>

namespace reveille::edge {

// `where`: the address with its port, after the transport where there is more than one.
[[nodiscard]] std::unexpected<Error> cannot_listen(std::string_view where, boost::system::error_code error);

}  // namespace reveille::edge
