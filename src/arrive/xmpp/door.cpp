#include "arrive/xmpp/door.hpp"

namespace reveille::arrive {
namespace {

edge::ScramKeys keys_of(model::ScramKeys keys) {
  return {.salt = std::move(keys.salt),
          .iterations = keys.iterations,
          .stored_key = std::move(keys.stored_key),
          .server_key = std::move(keys.server_key)};
}

}  // namespace

void XmppDoor::lookup(std::string const& account, std::string const& mechanism, edge::ScramCredentials::Answer answer) {
  credentials_.lookup(model::AccountId{account}, [sha1 = mechanism == "SCRAM-SHA-1",
                                                  answer = std::move(answer)](Result<model::Verifier> found) mutable {
    if (!found) return answer(std::unexpected(found.error()));
    answer(keys_of(sha1 ? std::move(found->scram_sha1) : std::move(found->scram_sha256)));
  });
}

}  // namespace reveille::arrive
