// SipDialog: what two phones that talk know of each other (RFC 3261 section 12).
//
// A plain value. Pure. Requests within it are begun by begin_request; loose routing only (section 12.2.1.1).
#pragma once

#include "base/result.hpp"
#include "wire/sip/message.hpp"
#include "wire/sip/writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sim::handset {

struct SipDialog {
  std::string call_id = {};
  std::string local = {};   // From of our requests, with its tag
  std::string remote = {};  // To of our requests, with its tag
  std::string local_tag = {};
  std::string remote_tag = {};
  std::string target = {};  // the peer's Contact
  std::vector<std::string> routes = {};
  std::uint32_t local_sequence = 0;
  std::uint32_t remote_sequence = 0;

  // Section 12.1.1: from a request that we answer under `local_tag`.
  [[nodiscard]] static Result<SipDialog> as_callee(sip::MessageView const& request, std::string_view local_tag);
  // Section 12.1.2: from our request's response.
  [[nodiscard]] static Result<SipDialog> as_caller(sip::MessageView const& response);

  // Section 12.2.1.1: the URI that a request within it is sent to, the topmost Route's or the peer's.
  [[nodiscard]] std::string next_hop() const;

  [[nodiscard]] bool matches(sip::MessageView const& request) const;
};

// The start line to CSeq, without Via, under the sequence number given (an ACK has its INVITE's).
void begin_request(sip::MessageWriter& writer, SipDialog const& dialog, sip::Method method, std::uint32_t sequence);

}  // namespace reveille::sim::handset
