// Store: what survives. One interface, a back end per folder (memory, sqlite); both pass store/contract_test.
//
// Writes are batches: a batch is on disk whole or not at all, and batches of one store become durable in the order in
// which they were given. `done` says that the batch is on disk (or why it is not), on the shard's thread, never from
// inside commit(). A promise to a peer waits for `done`; nothing else does (design.md, section 3). Lifetime: outlives
// every user; destruction waits for what was given. Threads: commit() and fetches from the shard's thread; the work is
// done on threads of the store's own.
// Errors: `storage` (disk full, I/O), `corrupt`.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reveille::store {

// Tables of records by key. The value's form is its owner's (model/device.hpp pack, …).
enum class Table : std::uint8_t {
  users,          // account → packed Verifier
  registrations,  // account → packed Registrations
  rosters,        // account → packed roster
  streams,        // account NUL resource → packed suspended stream (XEP-0198)
  calls,          // call key → packed call in set-up (B-CALL-13); erased at its end
  push_devices,   // push service: tenant NUL account NUL instance → packed device
  push_clients,   // push service: client id → packed credentials
  settings,       // name → value: switches that survive (push on or off)
  traces          // kind, tracking id → packed trace (admin/traces); written behind
};

struct Put {
  Table table = Table::users;
  std::string key = {};
  std::string value = {};
};

struct Erase {
  Table table = Table::users;
  std::string key = {};
};

using Write = std::variant<Put, Erase>;
using Batch = std::vector<Write>;

// How soon a batch is committed: at once; with others after 3 ms (50 ms under load); whenever convenient (within a
// second).
enum class Urgency : std::uint8_t { at_once, soon, lazily };

class Store {
 public:
  using Done = std::move_only_function<void(Result<void>)>;

  virtual ~Store() = default;

  virtual void commit(Batch batch, Urgency urgency, Done done) = 0;
  // Every record of a table, in key order. Only before the first commit of this process, or from a store that nobody
  // else uses.
  virtual Result<void> for_each(Table table,
                                std::function<void(std::string_view key, std::string_view value)> visit) = 0;
};

// How the store's threads reach the shard's thread: runs the function there.
using Post = std::function<void(std::move_only_function<void()>)>;

}  // namespace reveille::store
