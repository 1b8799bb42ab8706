// Result: a value, or the reason why there is none.
//
// Errors are values of a closed enum; what follows from each is decided by an exhaustive switch where it is handled,
// never by parsing a text. Two texts travel apart: `ours` was written by us and may be logged and shown; `theirs` came
// from a peer and must be quoted. No exception crosses a folder.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace reveille {

enum class ErrorCode {
  malformed,     // a peer sent something that is not of its protocol
  unsupported,   // well-formed, but we do not do this
  too_large,     // a limit was reached
  not_found,     // no such thing
  conflict,      // the thing exists, or is in another state
  denied,        // not authenticated, or not allowed
  refused,       // the other side said no
  unreachable,   // no connection to the other side
  timed_out,     // no answer in time
  closed,        // the connection or the queue has ended
  busy,          // try again later
  storage,       // disk or database failed
  corrupt,       // stored data does not make sense
  configuration  // settings are wrong
};

[[nodiscard]] constexpr std::string_view name_of(ErrorCode code) {
  using enum ErrorCode;
  switch (code) {
    case malformed: return "malformed";
    case unsupported: return "unsupported";
    case too_large: return "too_large";
    case not_found: return "not_found";
    case conflict: return "conflict";
    case denied: return "denied";
    case refused: return "refused";
    case unreachable: return "unreachable";
    case timed_out: return "timed_out";
    case closed: return "closed";
    case busy: return "busy";
    case storage: return "storage";
    case corrupt: return "corrupt";
    case configuration: return "configuration";
  }
  std::unreachable();
}

struct Error {
  ErrorCode code = ErrorCode::malformed;
  std::string ours = {};
  std::string theirs = {};

  bool operator==(Error const&) const = default;
};

template <class T, class E = Error>
using Result = std::expected<T, E>;

[[nodiscard]] inline std::unexpected<Error> failure(ErrorCode code, std::string ours, std::string theirs = {}) {
  return std::unexpected(Error{.code = code, .ours = std::move(ours), .theirs = std::move(theirs)});
}

}  // namespace reveille
