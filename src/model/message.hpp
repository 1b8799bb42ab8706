// Message: what decisions need to know of an instant message, without its protocol. B-IM-1…3.
#pragma once

#include <cstdint>
#include <string>

namespace reveille::model {

enum class MessageKind : std::uint8_t { normal, chat, groupchat, headline, error };

struct MessageTraits {
  MessageKind kind = MessageKind::normal;
  bool has_body = false;       // something that a person reads: it wakes
  bool is_kept = false;        // stands in the archives of both sides
  std::string displayed = {};  // a marker (XEP-0333): everything up to the message of this id has been seen

  bool operator==(MessageTraits const&) const = default;
};

}  // namespace reveille::model
