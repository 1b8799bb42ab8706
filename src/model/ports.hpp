// Ports: what the doors (arrive) ask of the house without knowing it. dispatch implements them.
//
// Lifetime: as long as the process runs. Threads: the shard's. Answers come on the same thread, at once when the answer
// is in memory.
#pragma once

#include "base/result.hpp"
#include "model/account.hpp"

#include <functional>

namespace reveille::model {

class CredentialPort {
 public:
  using Answer = std::move_only_function<void(Result<Verifier>)>;

  virtual ~CredentialPort() = default;
  // `not_found` when there is no such account; `busy` when the answer cannot be had now.
  virtual void lookup(AccountId const& account, Answer answer) = 0;
};

}  // namespace reveille::model
