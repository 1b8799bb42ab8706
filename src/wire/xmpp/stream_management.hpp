// Stream management: which stanzas of a stream have arrived, in both directions, so that a stream survives its socket.
//
// What:     SentQueue counts what we sent and keeps a reference to each stanza until it is acknowledged; ReceivedCount
//           counts what came and what was dealt with; AcknowledgementRequests says when to ask and when the answer is
//           overdue. Both ends of a stream use the same three. Counters are modulo 2^32.
// Lifetime: plain values that outlive the socket; Snapshot is what is kept on disk.
// Threads:  one owner. Errors: an `h` that cannot be is a fault of the peer, and closes its stream.
// Source:   XEP-0198 1.6.3, sections 4 to 7.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "wire/xmpp/element.hpp"
#include "wire/xmpp/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace reveille::xmpp {

// The sender's name for a stanza: a row of the archive, a slot of its own. 0 is no reference.
using StanzaReference = std::uint64_t;

// Section 4: "h" was higher than what was sent, or lower than an earlier one.
struct CountFault {
  std::uint32_t h = 0;
  std::uint32_t sent = 0;
};

class SentQueue {
 public:
  struct Snapshot {
    std::uint32_t acknowledged = 0;
    std::vector<StanzaReference> waiting = {};  // numbers acknowledged+1, +2, …

    bool operator==(Snapshot const&) const = default;
  };

  SentQueue() = default;
  explicit SentQueue(Snapshot const& kept)
      : acknowledged_(kept.acknowledged), waiting_(kept.waiting.begin(), kept.waiting.end()) {}

  // Gives the stanza the next number. Call it before the bytes leave.
  std::uint32_t send(StanzaReference reference);
  // Takes out what the peer has dealt with, oldest first.
  [[nodiscard]] Result<std::vector<StanzaReference>, CountFault> acknowledge(std::uint32_t h);

  // A stanza that will not be sent (again): those behind it move up, so this comes before any of them leaves.
  void forget(StanzaReference reference) { std::erase(waiting_, reference); }

  // What a resumed stream sends again, in this order.
  [[nodiscard]] std::deque<StanzaReference> const& waiting() const { return waiting_; }
  [[nodiscard]] std::uint32_t sent() const { return acknowledged_ + static_cast<std::uint32_t>(waiting_.size()); }
  [[nodiscard]] std::uint32_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] Snapshot snapshot() const {
    return {.acknowledged = acknowledged_, .waiting = {waiting_.begin(), waiting_.end()}};
  }

 private:
  std::uint32_t acknowledged_ = 0;
  std::deque<StanzaReference> waiting_ = {};
};

// What has come, and how far we have taken responsibility for it: <a/> tells the latter only. A request that arrives
// while stanzas before it are still under way is answered when they are done.
class ReceivedCount {
 public:
  explicit ReceivedCount(std::uint32_t h = 0) : received_(h), handled_(h) {}

  void receive() { ++received_; }
  // <r/> arrived: the h to answer with now, or nothing while something before it is under way.
  [[nodiscard]] std::optional<std::uint32_t> request();
  // `count` more are dealt with, in order: the h to send now when a request waited for it.
  [[nodiscard]] std::optional<std::uint32_t> handle(std::uint32_t count = 1);

  [[nodiscard]] std::uint32_t received() const { return received_; }
  [[nodiscard]] std::uint32_t handled() const { return handled_; }

 private:
  std::uint32_t received_ = 0;
  std::uint32_t handled_ = 0;
  std::optional<std::uint32_t> asked_at_ = {};  // what had been received when <r/> came
};

struct RequestPolicy {
  std::size_t after_stanzas = 1;  // ask when so many have left since the last request
  Duration wait = 10s;            // B-MODE-4: an answer later than this makes the connection a dead one
  Duration pause = 1s;            // before it is asked again, when an answer acknowledged nothing
};

// Whether an <a/> acknowledged anything.
enum class Progress : std::uint8_t { none, some };

class AcknowledgementRequests {
 public:
  explicit AcknowledgementRequests(RequestPolicy policy = {}) : policy_(policy) {}

  // A stanza has left. True: send <r/> behind it.
  [[nodiscard]] bool should_ask(Instant now);
  // Any <a/>. `waiting` stanzas are still not acknowledged. True: send <r/> again for those.
  [[nodiscard]] bool answered(Instant now, Progress progress, std::size_t waiting);
  // True: send <r/> again, since the last <a/> acknowledged nothing. It is waited for no longer than for the first.
  [[nodiscard]] bool should_ask_again(Instant now);
  // The answer under way, if there is one, is not overdue before then.
  void wait_until(Instant at) {
    if (overdue_at_) overdue_at_ = at;
  }
  // How often it has been asked, the same questions again apart.
  [[nodiscard]] std::uint32_t asked() const { return asked_; }
  // When the answer under way becomes overdue; nothing while none is awaited.
  [[nodiscard]] std::optional<Instant> overdue_at() const { return overdue_at_; }
  // When there is something to do: to ask again, or to give up.
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  bool ask(Instant now);

  RequestPolicy policy_;
  std::size_t since_request_ = 0;
  std::uint32_t asked_ = 0;
  std::optional<Instant> overdue_at_ = {};
  std::optional<Instant> ask_again_at_ = {};
};

// The elements of section 3 and following.
enum class Resumption : std::uint8_t { no, yes };
struct Enable {
  Resumption resume = Resumption::no;
  std::optional<std::chrono::seconds> most = {};
};
struct Enabled {
  std::string id = {};
  Resumption resume = Resumption::no;
  std::optional<std::chrono::seconds> most = {};
};
struct Resume {
  std::uint32_t h = 0;
  std::string previous = {};
};
struct Resumed {
  std::uint32_t h = 0;
  std::string previous = {};
};
struct Failed {
  StanzaError condition = StanzaError::undefined_condition;
  std::optional<std::uint32_t> h = {};
};
struct AckRequest {};
struct Ack {
  std::uint32_t h = 0;
};
using Management = std::variant<Enable, Enabled, Resume, Resumed, Failed, AckRequest, Ack>;

// Nothing for an element of another namespace, of an unknown name, or without what its name requires.
[[nodiscard]] std::optional<Management> read_management(Element const& element);
[[nodiscard]] Element to_element(Management const& management);
// Section 4: <stream:error/> with handled-count-too-high.
[[nodiscard]] Element make_count_error(CountFault fault);

}  // namespace reveille::xmpp
