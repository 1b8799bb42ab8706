// Method: the request methods that Reveille knows (RFC 3261, 3262, 3311, 3428, 3515, 3903, 6086, 6665).
//
// A method of another name is `other`: it is a valid request, whose text stays beside the enumerator. Method names are
// case-sensitive (RFC 3261 section 7.1). Pure; threads: any.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace reveille::sip {

enum class Method : std::uint8_t {
  other,
  ack,
  bye,
  cancel,
  info,
  invite,
  message,
  notify,
  options,
  prack,
  publish,
  refer,
  register_,
  subscribe,
  update
};

// The name on the wire; empty for `other`.
[[nodiscard]] constexpr std::string_view name_of(Method method) {
  using enum Method;
  switch (method) {
    case other: return "";
    case ack: return "ACK";
    case bye: return "BYE";
    case cancel: return "CANCEL";
    case info: return "INFO";
    case invite: return "INVITE";
    case message: return "MESSAGE";
    case notify: return "NOTIFY";
    case options: return "OPTIONS";
    case prack: return "PRACK";
    case publish: return "PUBLISH";
    case refer: return "REFER";
    case register_: return "REGISTER";
    case subscribe: return "SUBSCRIBE";
    case update: return "UPDATE";
  }
  std::unreachable();
}

// By the first character, then one comparison: no name needs a third.
[[nodiscard]] constexpr Method method_named(std::string_view text) {
  using enum Method;
  auto const either = [text](Method a, Method b) { return text == name_of(a) ? a : text == name_of(b) ? b : other; };
  if (text.empty()) return other;
  switch (text.front()) {
    case 'A': return either(ack, ack);
    case 'B': return either(bye, bye);
    case 'C': return either(cancel, cancel);
    case 'I': return either(invite, info);
    case 'M': return either(message, message);
    case 'N': return either(notify, notify);
    case 'O': return either(options, options);
    case 'P': return either(publish, prack);
    case 'R': return either(register_, refer);
    case 'S': return either(subscribe, subscribe);
    case 'U': return either(update, update);
    default: return other;
  }
}

}  // namespace reveille::sip
