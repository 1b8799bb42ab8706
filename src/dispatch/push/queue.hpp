// PushQueue: the push service's durable queue, between its doors and the providers. B-PUSH-3 to B-PUSH-6, B-CALL-4.
//
// There is one commit between a request and its first byte: the row is written as `sending` when there is room at the
// provider, and only then the asker hears 202 and the sender gets it. A row that had to wait is marked `sending` by a
// commit of its own before it goes, and one that has to wait again, for room or for longer than a moment, is marked
// `accepted` again, so that no start takes what provably did not leave for one of unknown fate. A provider without a
// connection has no room: what waits for one is `accepted`, and can be taken back. Rows and payloads live in memory
// while they are open; the schedule is deadlines. What has ended is kept on disk for a day, which is also how long an
// idempotency key is known.
//
// Lifetime: load() once at the start; everything given outlives it. Threads: the shard's. Answers as PushServicePort
// says. Errors: a disk that fails refuses new requests; outcomes are written again until they are down.
#pragma once

#include "base/instant.hpp"
#include "base/random.hpp"
#include "decide/wake/credential_health.hpp"
#include "dispatch/deadlines.hpp"
#include "dispatch/push/devices.hpp"
#include "dispatch/push/pools.hpp"
#include "dispatch/push/provider.hpp"
#include "dispatch/push/record.hpp"
#include "model/push_service.hpp"
#include "store/store.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace reveille::dispatch {

// Only what still has to be sent is held against its tenant; the last tenth of both bounds is for calls. What the
// provider has taken waits for a sign of its phone under a bound of its own, so that a day of messages stops no call.
struct PushQueueLimits {
  std::size_t waiting = 500'000;
  std::size_t waiting_of_tenant = 200'000;
  std::size_t devices_of_tenant = PushDevices::usual_most_of_tenant;
  std::size_t resting = 500'000;  // beyond it the oldest end `unconfirmed` before their time, calls last
  Duration keep_ended = 24h;
  std::size_t ended_in_memory = 10'000;  // by tracking id; about 300 bytes each
};

// What an operator should know of: a cause, and since when.
struct PushAlarm {
  std::string credential = {};
  decide::Alarm alarm = decide::Alarm::none;
  std::string advice = {};  // a sentence with what to do
  std::string detail = {};  // the provider's reason
  Instant since = {};
  Instant last = {};  // when its cause was seen last
};

class PushQueue final : public model::PushServicePort {
 public:
  using Limits = PushQueueLimits;

  PushQueue(Clock const& clock, Random& random, store::Store& store, Deadlines& deadlines, model::TracePort& traces,
            std::vector<PushCredential> credentials, Limits limits = {});
  // The senders go first: their last answers still find everything.
  ~PushQueue() override;
  PushQueue(PushQueue const&) = delete;
  PushQueue& operator=(PushQueue const&) = delete;

  // Reads what was open when the last process ended, and goes on with it.
  Result<void> load();
  // Nothing further is sent, and what has not left is marked so; what is under way may still be answered.
  void stop();

  void request(model::Notification notification, model::WaitUntil wait,
               Answer<model::NotificationView> answer) override;
  void find(model::TenantId const& tenant, model::PushId const& id, model::WaitUntil wait,
            Answer<model::NotificationView> answer) override;
  void take_back(model::TenantId const& tenant, model::PushId const& id,
                 Answer<model::NotificationView> answer) override;
  void acknowledge(model::TenantId const& tenant, model::ClientReceipt const& receipt,
                   Answer<model::NotificationView> answer) override;
  void put_device(model::TenantId const& tenant, model::AccountId const& account, model::InstanceId const& instance,
                  model::DeviceUpdate update, Answer<model::OwnedDevice> answer) override;
  void set_device_mode(model::TenantId const& tenant, model::AccountId const& account,
                       model::InstanceId const& instance, model::Mode mode, Answer<model::OwnedDevice> answer) override;
  void remove_device(model::TenantId const& tenant, model::AccountId const& account, model::InstanceId const& instance,
                     Answer<void> answer) override;
  [[nodiscard]] bool has_credential(model::TenantId const& tenant, model::Provider provider,
                                    model::Environment environment) const override;
  [[nodiscard]] bool serves(model::TenantId const& tenant, model::Provider provider,
                            model::Environment environment) const override;

  // Alarms that stand.
  [[nodiscard]] std::vector<PushAlarm> alarms() const;
  // A sentence while a provider cannot be reached; else empty.
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] std::size_t open() const { return rows_.size(); }
  // Of these, what still has to be sent.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  // The lines before the providers, with some that have ended meanwhile.
  [[nodiscard]] std::size_t in_line() const;

 private:
  using View = model::NotificationView;
  struct Waiter {
    Answer<View> answer = {};
    model::WaitUntil until = {};
    DeadlineId deadline = {};
    bool wants_it_kept = false;  // answered when what it said is on disk, and refused when that does not come about
  };
  enum class Tally : std::uint8_t { none, waiting, resting };
  // What the disk knows that matters before a byte leaves, or before who said it is answered.
  struct Marked {
    model::PushState state = model::PushState::accepted;
    unsigned unknown_fates = 0;
    bool withdrawn = false;
    bool shown_early = false;
    bool operator==(Marked const&) const = default;
  };
  struct Open {
    PushRow row = 0;
    PushRecord record = {};
    std::size_t credential = 0;
    bool is_stored = false;
    Tally counted_as = Tally::none;
    bool has_room = false;  // room at its credential's pool is taken for it
    Marked marked = {};
    DeadlineId expiry = {};
    DeadlineId retry = {};
    std::vector<Waiter> waiters = {};
    std::vector<decide::PushEvent> heard_early = {};  // before it was stored
  };
  // Of a key that the provider has refused. Calls go all the same, since they cannot wait: each finds out anew.
  enum class Trust : std::uint8_t {
    full,
    none,  // all others wait
    trial  // one of them finds out whether it was mended
  };
  struct Quarantine {
    model::TenantId tenant = {};
    std::string token = {};
    Instant given = {};
  };
  struct Credential {
    PushCredential settings = {};
    PushPool pool;
    decide::CredentialHealth health = {};
    std::deque<Quarantine> quarantines = {};  // of the time that its health looks at
    Trust trust = Trust::full;
    DeadlineId trial = {};
    std::map<decide::Alarm, PushAlarm> alarms = {};
  };
  using Key = std::pair<model::TenantId, model::PushId>;
  using TrackingKey = std::tuple<model::TenantId, model::TrackingId, model::InstanceId, PushRow>;

  // queue.cpp: asking
  Result<std::size_t, model::PushRefusal> admit(model::Notification& notification) const;
  Result<model::Channel, model::PushRefusal> aim_at_device(model::Notification& notification) const;
  [[nodiscard]] std::size_t credential_for(model::Notification const& notification) const;
  [[nodiscard]] Result<void, model::PushRefusal> check_limits(model::Notification const& notification) const;
  void on_deadline(PushRow row);
  [[nodiscard]] PushPool& pool_of(std::size_t credential);
  void open_row(model::Notification notification, std::size_t credential, Waiter waiter);
  void store_first(Open& open);
  void on_stored(PushRow row, Result<void> done);
  void hear_early(Open& open);
  void refuse_open(Open& open, model::PushRefusal refusal);
  void answer_as_kept(Open& open);
  void answer_from_disk(model::Notification const& asked, std::vector<Waiter> waiters, model::PushRefusal if_unknown);
  void add_waiter(Open& open, Waiter waiter);
  void answer_waiters(Open& open);
  [[nodiscard]] bool answer_if_due(Open& open, Waiter& waiter);
  void answer_later(Waiter& waiter, Result<View, model::PushRefusal> said);
  [[nodiscard]] static TrackingKey tracking_key(Open const& open);
  [[nodiscard]] static bool is_meant(TrackingKey const& key, model::TenantId const& tenant,
                                     model::ClientReceipt const& receipt);
  void remember_ended(Open const& open);
  void find_kept(model::TenantId const& tenant, model::PushId const& id, Answer<View> answer);
  [[nodiscard]] static bool is_kept(Open const& open);
  void hear_then_answer(Open& open, decide::PushEvent event, Answer<View> answer);
  void hear_receipt(Open& open, Answer<View> answer);
  void later(std::move_only_function<void()> act);
  [[nodiscard]] Open* find_open(model::TenantId const& tenant, model::PushId const& id);
  [[nodiscard]] Open* find_open(PushRow row);

  // queue_sending.cpp: living
  void hear(Open& open, decide::PushEvent const& event);
  void count(Open& open);
  void count_as(Open& open, Tally tally);
  void end_oldest_resting();
  void perform(Open& open, decide::PushStep const& step);
  void wait_for_room(Open& open);
  void pump(std::size_t credential);
  void mark_then_send(Open& open);
  void send(Open& open);
  [[nodiscard]] bool aim_again(Open& open);
  void leave_for_next_start(Open& open);
  void on_answer(PushRow row, std::size_t credential, model::ProviderAnswer answer);
  void unmark(Open& open);
  void record(PushRow row, store::Urgency urgency = store::Urgency::soon);
  void on_recorded(PushRow row, Marked recorded, Result<void> done);
  [[nodiscard]] static store::Urgency urgency_of(Open const& open);
  [[nodiscard]] static Marked mark_of(decide::PushLife const& life);
  void forget(Open& open);
  void give_room_back(Open& open);
  void begin_trace(Open const& open);
  void trace(Open const& open, model::PushMilestone const& milestone);
  void note(Open& open, model::Milestone name, model::Why why = model::Why::none, std::string detail = {});
  void remember_quarantine(std::size_t credential, model::Notification const& notification, Instant given);
  void lift_quarantines(std::size_t credential);
  void raise(std::size_t credential, decide::Alarm alarm, std::string const& detail);
  [[nodiscard]] bool stands(Credential const& credential, PushAlarm const& alarm) const;
  void learn_of_credential(std::size_t credential, model::ProviderAnswer const& answer);
  [[nodiscard]] bool wants_to_be_sent(Open const& open) const;
  [[nodiscard]] store::UpdatePush update_of(Open const& open) const;

  // queue_start.cpp
  void resume(PushRow row);
  void sweep();
  void sweep_from_time_to_time();

  Clock const& clock_;
  Random& random_;
  store::Store& store_;
  Deadlines& deadlines_;
  model::TracePort& traces_;
  Limits limits_;
  PushDevices devices_;
  std::vector<Credential> credentials_ = {};
  std::unordered_map<PushRow, std::unique_ptr<Open>> rows_ = {};
  std::map<Key, PushRow> by_id_ = {};
  std::set<TrackingKey> by_tracking_ = {};
  std::map<TrackingKey, model::PushId> ended_ = {};  // the newest, which are on disk by their ids only
  std::deque<std::map<TrackingKey, model::PushId>::iterator> ended_in_order_ = {};
  std::size_t waiting_ = 0;
  std::unordered_map<model::TenantId, std::size_t> waiting_of_tenant_ = {};
  std::set<std::pair<bool, PushRow>> resting_ = {};  // is it a call; so that calls come last
  std::size_t accepted_since_sweep_ = 0;
  std::optional<std::uint64_t> swept_ = {};  // by the store, when it was asked last
  PushRow newest_row_ = 0;
  bool is_stopping_ = false;
};

}  // namespace reveille::dispatch
