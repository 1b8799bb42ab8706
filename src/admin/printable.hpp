// Text of a peer made fit to be shown: what is no UTF-8 and every control character becomes '?'. So a Call-ID cannot
// move an operator's cursor, nor break a JSON reader.
#pragma once

#include <string>
#include <string_view>

namespace reveille::admin {

[[nodiscard]] std::string printable(std::string_view text);

}  // namespace reveille::admin
