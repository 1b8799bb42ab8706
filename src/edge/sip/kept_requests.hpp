// KeptRequests: the requests that wait for a decision, under the handle of their server transaction. A door puts them
// in, the hands take them out.
//
// Lifetime: from put() to drop(); views of a message are good that long. Threads: the io_context's one thread.
#pragma once

#include "base/handle.hpp"
#include "edge/sip/source.hpp"
#include "wire/sip/owned_message.hpp"

#include <string>
#include <unordered_map>
#include <utility>

namespace reveille::edge::sip {

struct KeptRequest {
  wire::Message message = {};
  Source source = {};
  std::string loop_mark = {};  // of the request as it was received
};

class KeptRequests {
 public:
  void put(RequestHandle handle, KeptRequest request) { kept_.insert_or_assign(handle, std::move(request)); }
  [[nodiscard]] KeptRequest const* find(RequestHandle handle) const {
    auto const found = kept_.find(handle);
    return found == kept_.end() ? nullptr : &found->second;
  }
  void drop(RequestHandle handle) { kept_.erase(handle); }
  [[nodiscard]] std::size_t size() const { return kept_.size(); }

 private:
  std::unordered_map<RequestHandle, KeptRequest> kept_;
};

}  // namespace reveille::edge::sip
