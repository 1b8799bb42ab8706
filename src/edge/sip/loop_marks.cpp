#include "edge/sip/loop_marks.hpp"

#include "base/encoding.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/via.hpp"

namespace reveille::edge::sip {

using wire::HeaderName;

// RFC 5393 section 4.2.1: it "MUST depend at least on the received Request-URI and any Route header field values";
// section 4.2.4 adds Call-ID and CSeq, so that a collision does not come again.
std::string LoopMarks::mark_of(wire::MessageView const& request) const {
  std::string input{request.request_uri()};
  for (std::string_view const route : request.all(HeaderName::route)) (input += '\n') += route;
  (input += '\n') += request.call_id();
  if (auto const cseq = wire::parse_cseq(request.text(HeaderName::cseq)))
    (input += '\n') += std::to_string(cseq->number);
  auto const hash = hash_(input);
  return '-' + encode_hex({reinterpret_cast<char const*>(&hash), sizeof hash});
}

bool LoopMarks::has_looped(wire::MessageView const& request) const {
  std::string mark;
  for (std::string_view const element : request.elements(HeaderName::via)) {
    auto const via = wire::parse_via(element);
    auto const branch = via ? via->branch() : std::string_view{};
    if (branch.size() <= loop_mark_size || branch[branch.size() - loop_mark_size] != '-') continue;
    // Not before some Via may be ours: most requests have none.
    if (mark.empty()) mark = mark_of(request);
    if (branch.ends_with(mark)) return true;
  }
  return false;
}

}  // namespace reveille::edge::sip
