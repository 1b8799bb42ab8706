// Traces: the milestones of recent calls, messages and pushes, found by any id that belongs to them. B-ADMIN-2.
//
// The store has every trace; memory has the newest, so that a step costs no disk and /v1/traces none either. Memory is
// bounded: the oldest trace goes when there are too many, and one trace keeps a bounded number of steps (the last one
// is replaced, so that its end is always there). Texts from peers are cut. Written behind: flush() gives the store what
// came since, lazily; it goes to the disk with the next commit, or half a second later, which is what a killed process
// can forget. Lifetime: outlives every dispatcher and the shard's last job; refers to the store.
// Threads: the shard's.
#pragma once

#include "base/result.hpp"
#include "model/trace.hpp"
#include "store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace reveille::admin {

struct Trace {
  model::TraceHead head = {};
  std::vector<model::TraceStep> steps = {};  // in the order in which they were told
  std::vector<std::string> push_ids = {};    // every push of the call or message
};

class Traces final : public model::TracePort {
 public:
  struct Limits {
    std::size_t traces = 20'000;
    std::size_t steps = 100;
    std::size_t ids = 50;  // push ids of one trace
    std::size_t text = 256;
    std::size_t in_flight = 128;     // flushes that the disk has not answered
    std::size_t unwritten = 50'000;  // beyond them: what comes then has no copy on disk
  };

  explicit Traces(store::Store& store, Limits limits);
  explicit Traces(store::Store& store) : Traces(store, Limits{}) {}

  // Told again with the same tracking id and kind, it adds the ids that are new.
  void begin(model::TraceHead head) override;
  // A step of a trace that nobody began begins it.
  void step(model::TraceStep step) override;

  // By tracking id, Call-ID, archive id or push id; null when it is not in memory (any more). What came before a
  // restart is not here.
  [[nodiscard]] Trace const* find(std::string_view id) const;
  // The same with what the store has of it, and so the whole; on this thread, never from inside the call.
  using Answer = std::move_only_function<void(std::optional<Trace>)>;
  void fetch(std::string id, Answer answer);
  // Newest first.
  [[nodiscard]] std::vector<Trace const*> recent(std::size_t most) const;
  [[nodiscard]] std::size_t size() const { return traces_.size(); }
  // Writes that came while the disk did not keep up, and were not given to it.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  // Hears of every step, after it is kept.
  using Observer = std::function<void(Trace const&, model::TraceStep const&)>;
  void set_observer(Observer observer) { observer_ = std::move(observer); }

  // Gives what came since the last flush to the store. `changed` is called once when there is something to flush: its
  // owner calls flush() at the end of the event. While the disk is behind, flushes gather.
  void flush() override;
  void set_changed(std::move_only_function<void()> changed) { changed_ = std::move(changed); }

 private:
  struct Kept {
    Trace trace = {};
    std::vector<std::string> ids = {};  // under which it is found
  };
  using Place = std::list<Kept>::iterator;

  template <class Named>
  Place place_for(Named const& named, Instant began);
  void index(Place place, std::string id);
  void add_ids(Place place, model::TraceHead const& head);
  void forget_oldest();
  void write(store::Write write);

  store::Store& store_;
  Limits limits_;
  std::list<Kept> traces_{};  // oldest first
  std::unordered_map<std::string, Place> by_key_{};
  std::unordered_map<std::string, Place> by_id_{};
  store::Batch unwritten_{};
  std::size_t in_flight_ = 0;
  std::uint64_t lost_ = 0;
  std::move_only_function<void()> changed_{};
  Observer observer_{};
};

// Whether a step says how the whole ended: of a call once, of a message for each device.
[[nodiscard]] bool is_end_of_all(model::TraceStep const& step);
// How it ended: the milestone that says so; nothing while it is under way.
[[nodiscard]] std::optional<model::Milestone> outcome_of(Trace const& trace);

// The object of interfaces.md, section 1, on one line.
[[nodiscard]] std::string json_of(Trace const& trace);
// A timeline for a person: offsets in milliseconds, and reasons in plain words.
[[nodiscard]] std::string story_of(Trace const& trace);

}  // namespace reveille::admin
