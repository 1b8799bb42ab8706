// Ports: what the doors (arrive) ask of the house without knowing it. dispatch implements them.
//
// Lifetime: as long as the process runs. Threads: the shard's. Answers come on the same thread, at once when the answer
// is in memory.
#pragma once

#include "base/handle.hpp"
#include "base/result.hpp"
#include "model/account.hpp"
#include "model/call.hpp"
#include "model/packed_bindings.hpp"
#include "model/registration.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::model {

class CredentialPort {
 public:
  using Answer = std::move_only_function<void(Result<Verifier>)>;

  virtual ~CredentialPort() = default;
  // `not_found` when there is no such account; `busy` when the answer cannot be had now.
  virtual void lookup(AccountId const& account, Answer answer) = 0;
};

// Who and what a message came from, as far as registrations tell.
struct Way {
  FlowId flow = {};         // the connection; empty for UDP
  std::string remote = {};  // "udp 192.0.2.1:5060"
};

// Whose device sent such a REGISTER last, and the keys to check that it is he again (Verifier's HA1).
struct KnownRegister {
  AccountId const& account;
  DigestKeys keys = {};
};

// What came of one that was known; the views are good until the record changes.
struct Refreshed {
  PackedBindings bindings;
  std::uint16_t own = 0;  // the number of the sender's among them
  Instant now = {};
  PushProviders push_providers = {};
};

class RegistrarPort {
 public:
  using Answer = std::move_only_function<void(RegisterOutcome)>;

  virtual ~RegistrarPort() = default;
  // The common case, in which a device says only that it is still there. Nothing when the request is new, something has
  // changed since, or somebody waits for the device: register_contacts is the way then.
  [[nodiscard]] virtual std::optional<KnownRegister> known(RegisterFingerprint request) const = 0;
  [[nodiscard]] virtual std::optional<Refreshed> refresh(RegisterFingerprint request, std::uint32_t cseq) = 0;
  // The same request came once more, its 200 having been lost: what stands. Nothing when another CSeq was the last.
  [[nodiscard]] virtual std::optional<Refreshed> repeat(RegisterFingerprint request, std::uint32_t cseq) const = 0;
  // A REGISTER that has passed the door. The answer comes when what it promises is on disk: at once where nothing is.
  virtual void register_contacts(AccountId const& account, RegisterRequest request, Way way, Answer answer) = 0;
};

class LocationPort {
 public:
  virtual ~LocationPort() = default;
  // The newest live way to that device of the account over such hops; nothing while it sleeps.
  [[nodiscard]] virtual std::optional<Target> newest_way(AccountId const& account, InstanceId const& instance,
                                                         Hops hops) const = 0;
  // Which of the account's devices talks over that way; empty when none does. Behind a proxy (RFC 3327) they may be
  // several, of which the Contact URI of its request tells which.
  [[nodiscard]] virtual InstanceId instance_at(AccountId const& account, Way const& way,
                                               std::string_view contact) const = 0;
};

class CallPort {
 public:
  virtual ~CallPort() = default;
  // An authenticated request that finds its way by registrations. The hands keep the message under `offer.id`.
  virtual void offer(Offer offer) = 0;
  // `reason`: the value of the CANCEL's Reason field (RFC 3326); may be empty.
  virtual void cancel(OfferId offer, std::string reason) = 0;
  // A connection is gone: what was reachable on it is not. The accounts that have no connection left.
  virtual std::vector<AccountId> on_flow_lost(FlowId flow) = 0;
};

}  // namespace reveille::model
