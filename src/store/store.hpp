// Store: what survives. One interface, a back end per folder (memory, sqlite); both pass store/contract_test.
//
// Writes are batches: a batch is on disk whole or not at all, and batches of one store become durable in the order in
// which they were given. `done` says that the batch is on disk (or why it is not), on the shard's thread, never from
// inside commit(). A promise to a peer waits for `done`; nothing else does (design.md, section 3). A fetch sees every
// batch that was given before it. Lifetime: outlives every user; destruction waits for what was given. Threads:
// commit() and fetches from the shard's thread; the work is done on threads of the store's own. Errors: `storage` (disk
// full, I/O; nothing acknowledged is lost, and a later commit works again when there is space), `corrupt`, `conflict`
// (AcceptPush), `busy` (too much is waiting for the disk).
//
// To add a kind of record: a struct and an alternative of Write here, apply() and a fetch in a file of its own in each
// back end (sqlite/pushes.cpp shows it), a migration in sqlite/schema.cpp, and tests in contract_test.cpp.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "model/trace.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
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
  inboxes         // account → packed inbox: how far its messages have been displayed
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

// One notification of the push service. Rows are given out by its owner and only grow; `record` is the owner's.
enum class PushLife : std::uint8_t { open, ended };
struct StoredPush {
  std::uint64_t row = 0;
  std::string tenant = {};
  std::string id = {};
  PushLife life = PushLife::open;
  Instant keep_until = {};  // when ended: swept after that
  std::string record = {};

  bool operator==(StoredPush const&) const = default;
};

// A new notification. When the tenant has one of that id already, the batch is not written and `done` says `conflict`:
// this is the idempotency check, at no cost. It must be the first write of its batch.
struct AcceptPush {
  StoredPush push = {};
};
// The same row with another life, time and record.
struct UpdatePush {
  std::uint64_t row = 0;
  PushLife life = PushLife::open;
  Instant keep_until = {};
  std::string record = {};
};

// The head of a trace; its call id, archive id and push id lead to it. One that exists stays, and takes what is new.
struct BeginTrace {
  model::TraceHead head = {};
};
// One more milestone, of a trace that was begun or not.
struct StepTrace {
  model::TraceStep step = {};
};
struct StoredTrace {
  model::TraceHead head = {};
  std::vector<model::TraceStep> steps = {};  // in the order in which they were given; at most most_trace_steps
  std::vector<std::string> push_ids = {};    // every push of the call or message, in no particular order
};
inline constexpr std::size_t most_trace_steps = 1000;

// A message, once, and whose archives it stands in (XEP-0313). Rows are given out by the shard and only grow; they
// order every archive.
enum class Direction : std::uint8_t { outgoing, incoming };
struct ArchiveEntry {
  std::string account = {};
  std::string peer = {};  // the other side's bare address
  Direction direction = Direction::incoming;
};
struct ArchiveMessage {
  std::uint64_t row = 0;
  Instant at = {};
  std::string message_id = {};  // the sender's own; markers refer to it
  std::string stanza = {};
  bool has_body = true;  // something that a person reads: only that counts as unread
  std::vector<ArchiveEntry> entries = {};
};
// What is asked of one account's archive; the answer is in the archive's order.
enum class ArchiveEnd : std::uint8_t { oldest, newest };
struct ArchiveQuery {
  std::string account = {};
  std::string peer = {};  // empty: anyone
  std::optional<Direction> direction = {};
  std::optional<Instant> since = {};
  std::optional<Instant> until = {};
  std::uint64_t after = 0;               // rows beyond this one
  std::uint64_t before = 0;              // rows up to this one, exclusive; 0: no limit
  ArchiveEnd from = ArchiveEnd::oldest;  // at which end the page lies
  unsigned most = 50;
  std::size_t most_bytes = 0;  // of stanzas: a page ends with the one that reaches it; 0: no limit
};
struct ArchivedMessage {
  std::uint64_t row = 0;
  Instant at = {};
  Direction direction = Direction::incoming;
  std::string peer = {};
  std::string stanza = {};

  bool operator==(ArchivedMessage const&) const = default;
};
enum class Completeness : std::uint8_t { complete, partial };
struct ArchivePage {
  std::vector<ArchivedMessage> messages = {};
  Completeness completeness = Completeness::complete;  // partial: there is more beyond the page
};
// Incoming messages with a body beyond the newest one displayed.
struct Unread {
  std::uint64_t displayed = 0;
  std::uint32_t count = 0;
};

// Forgets ended notifications whose time has come, and the oldest traces: those that began before `traces_before`, and
// what is beyond `most_traces` (0: no bound). At most `most` of each at a time.
struct Sweep {
  Instant now = {};
  Instant traces_before = {};
  std::uint64_t most_traces = 0;
  unsigned most = 1000;
};

using Write = std::variant<Put, Erase, AcceptPush, UpdatePush, BeginTrace, StepTrace, Sweep, ArchiveMessage>;
using Batch = std::vector<Write>;

// How soon a batch is committed: at once; with others after 3 ms (50 ms under load); whenever convenient (within a
// second).
enum class Urgency : std::uint8_t { at_once, soon, lazily };

class Store {
 public:
  using Done = std::move_only_function<void(Result<void>)>;
  // What a fetch answers: on the shard's thread, exactly once, never from inside the call.
  template <class T>
  using Answer = std::move_only_function<void(Result<T>)>;

  virtual ~Store() = default;

  virtual void commit(Batch batch, Urgency urgency, Done done) = 0;
  // How many rows the sweeps of this process have taken so far: whoever sweeps sees whether there was anything.
  [[nodiscard]] virtual std::uint64_t swept() const = 0;

  // At the start only: before the first commit of this process, or from a store that nobody else uses. They block.
  // Every record of a table, in key order.
  virtual Result<void> for_each(Table table,
                                std::function<void(std::string_view key, std::string_view value)> visit) = 0;
  // Every open notification, oldest row first; answers the newest row ever given out.
  virtual Result<std::uint64_t> for_each_open_push(std::function<void(StoredPush)> visit) = 0;

  // The newest row of the archives; 0 when they are empty.
  virtual Result<std::uint64_t> newest_archive_row() = 0;

  // Nothing when there is none.
  virtual void fetch_push(std::string tenant, std::string id, Answer<std::optional<StoredPush>> answer) = 0;
  // By tracking id, SIP Call-ID, archive id or push id. A call or message goes before the pushes of its tracking id,
  // and a push before the call or message that asked for it.
  virtual void fetch_trace(std::string id, Answer<std::optional<StoredTrace>> answer) = 0;
  virtual void fetch_archive(ArchiveQuery query, Answer<ArchivePage> answer) = 0;
  // How many there are between `after` and `before`, whatever a page holds.
  virtual void count_archive(ArchiveQuery query, Answer<std::uint64_t> answer) = 0;
  // Those of the rows that stand in the account's archive, in the archive's order; `most_bytes` as above.
  virtual void fetch_archived(std::string account, std::vector<std::uint64_t> rows, std::size_t most_bytes,
                              Answer<ArchivePage> answer) = 0;
  // `displayed` is what is known so far; a message of that id from that peer moves it forward.
  virtual void fetch_unread(std::string account, std::uint64_t displayed, std::string peer, std::string message_id,
                            Answer<Unread> answer) = 0;
};

// On the shard's thread: the disk has begun to take nothing (why, with what to do), or takes writes again.
using TellDisk = std::function<void(Result<void>)>;

// How the store's threads reach the shard's thread: runs the function there.
using Post = std::function<void(std::move_only_function<void()>)>;

}  // namespace reveille::store
