// MessageSender: what the transaction table needs of the transports below it. Threads: the io_context's one thread.
#pragma once

#include "edge/sip/source.hpp"

#include <optional>
#include <string_view>

namespace reveille::edge::sip {

class MessageSender {
 public:
  // The connection that the message has been queued on (empty for UDP); nothing when it cannot be sent.
  [[nodiscard]] virtual std::optional<FlowHandle> send(Target const& target, std::string_view bytes) = 0;
  // What Via names as sent-by for what goes to that target: "host:port".
  [[nodiscard]] virtual std::string_view sent_by(Target const& target) const = 0;

 protected:
  ~MessageSender() = default;
};

}  // namespace reveille::edge::sip
