// DialogToken: what our Record-Route carries: which device stands at the other end of the dialog, never a flow, so that
// a BYE finds the phone's newest flow after a restart, a new registration or a late fork (design.md, section 1).
//
// The token is the user part of the URI: base64url of what is sealed (AES-SIV, RFC 5297) of account NUL instance NUL
// remote, with the Call-ID for its context. `remote` ("udp 192.0.2.1:5060") leads back to a caller who has not
// registered. Neither end of the dialog can read what is said of the other, and only what we wrote ourselves is read,
// in the dialog that it was written for. Threads: any. Source: RFC 3261 sections 16.6 step 4 and 16.7 step 9.
#pragma once

#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::edge::sip {

struct DialogEnd {
  std::string account = {};
  std::string instance = {};
  std::string remote = {};

  bool operator==(DialogEnd const&) const = default;
};

class DialogTokens {
 public:
  // `key`: 32 random bytes, kept as long as dialogs should outlive restarts.
  explicit DialogTokens(Secret key) : key_(std::move(key)) {}

  [[nodiscard]] std::string write(DialogEnd const& end, std::string_view call_id) const;
  [[nodiscard]] std::optional<DialogEnd> read(std::string_view token, std::string_view call_id) const;
  // Of a Route or Record-Route URI; nothing when it is not one of ours.
  [[nodiscard]] std::optional<DialogEnd> read_uri(std::string_view uri, std::string_view call_id) const;

 private:
  Secret key_;
};

}  // namespace reveille::edge::sip
