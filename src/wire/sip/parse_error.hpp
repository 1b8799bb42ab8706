// ParseError: why bytes are no SIP message, and what the sender is to be told (RFC 3261 sections 8.2, 18.3 and 21.4).
#pragma once

#include <cstdint>
#include <string_view>

namespace reveille::sip {

enum class ParseFault : std::uint8_t {
  keep_alive,   // nothing but CR LF (RFC 5626 section 3.5.1) or NUL: no message, no error
  start_line,   // neither a Request-Line nor a Status-Line
  version,      // a SIP version that is not 2.0
  status_code,  // not from 100 to 699
  header,       // a line that is no header field
  line_end,     // CR or LF alone
  too_many_headers,
  too_large,
  incomplete,              // it ends within the header section
  content_length,          // not a number, or several that differ
  content_length_missing,  // on a stream, where it must stand (RFC 3261 section 20.14)
  body_short               // the datagram ends before the body does
};

// Whether the fields that each response copies (Via, From, To, Call-ID, CSeq) could be read from a request.
enum class Answerable : std::uint8_t { no, yes };

struct ParseError {
  ParseFault fault = ParseFault::start_line;
  Answerable answerable = Answerable::no;
  int status = 400;              // what a response says; 0 when none is due
  std::string_view reason = {};  // its reason phrase, a literal

  bool operator==(ParseError const&) const = default;
};

[[nodiscard]] ParseError error_of(ParseFault fault, Answerable answerable);

}  // namespace reveille::sip
