#include "wire/sip/transaction.hpp"

namespace reveille::sip {

std::string_view name_of(TransactionTimer timer) {
  using enum TransactionTimer;
  switch (timer) {
    case a: return "A";
    case b: return "B";
    case c: return "C";
    case cancelled: return "cancelled";
    case d: return "D";
    case m: return "M";
    case e: return "E";
    case f: return "F";
    case k: return "K";
    case g: return "G";
    case h: return "H";
    case i: return "I";
    case l: return "L";
    case unanswered: return "unanswered";
    case trying: return "trying";
    case j: return "J";
  }
  std::unreachable();
}

std::string_view name_of(ActionKind kind) {
  using enum ActionKind;
  switch (kind) {
    case send_request: return "send request";
    case send_cancel: return "send cancel";
    case send_ack: return "send ack";
    case pass_response: return "pass response";
    case send_trying: return "send trying";
    case send_response: return "send response";
    case repeat_response: return "repeat response";
    case pass_ack: return "pass ack";
    case report_timeout: return "report timeout";
    case report_transport_error: return "report transport error";
    case report_no_ack: return "report no ack";
    case arm: return "arm";
    case disarm: return "disarm";
    case terminate: return "terminate";
  }
  std::unreachable();
}

}  // namespace reveille::sip
