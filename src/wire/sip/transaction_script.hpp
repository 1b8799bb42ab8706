// TransactionScript: a conversation with one transaction machine on the virtual clock, for tests.
//
// Feed inputs with `hears`, let time pass with `after`; due timers fire in their order. `log()` is what the machine
// asked for, a line each, with the milliseconds since the start: "0 send request". Timers are not in it; they show by
// what they cause. `steps()` is the same by input. The script also keeps the inputs, so that a fault sweep can play
// them again with one lost or with the line cut at any step. Threads: one.
#pragma once

#include "base/instant.hpp"
#include "wire/sip/transaction.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace reveille::sip {

template <class State, class Input>
class TransactionScript {
 public:
  struct Pause {
    Duration by = {};
  };
  using Line = std::variant<Input, Pause>;
  // One input, what the machine was before it, and what it asked for.
  struct Step {
    State before = {};
    Input input = {};
    std::vector<ActionKind> then = {};

    [[nodiscard]] std::ptrdiff_t count(ActionKind kind) const { return std::ranges::count(then, kind); }
  };

  explicit TransactionScript(Reliability reliability) { state_.reliability = reliability; }

  TransactionScript& hears(Input const& input) {
    lines_.push_back(input);
    take(input);
    return *this;
  }

  TransactionScript& after(Duration by) {
    lines_.push_back(Pause{by});
    let_pass(by);
    return *this;
  }

  [[nodiscard]] std::vector<std::string> const& log() const { return log_; }
  [[nodiscard]] std::vector<Step> const& steps() const { return steps_; }
  [[nodiscard]] State const& state() const { return state_; }
  [[nodiscard]] std::vector<Line> const& lines() const { return lines_; }
  [[nodiscard]] bool has_ended() const { return state_.phase == State::Phase::terminated; }
  // What was asked for after the end, and timers left armed then: always none.
  [[nodiscard]] std::size_t after_the_end() const { return after_the_end_; }

  [[nodiscard]] std::size_t count(std::string_view what) const {
    std::size_t found = 0;
    for (auto const& line : log_) found += line.ends_with(what) ? 1 : 0;
    return found;
  }

 private:
  struct Armed {
    TransactionTimer timer = TransactionTimer::a;
    Instant at = {};
  };

  void take(Input const& input) {
    bool const ended = has_ended();
    auto const step = on(state_, input, clock_.now());
    steps_.push_back({.before = std::exchange(state_, step.next), .input = input});
    if (ended) after_the_end_ += step.then.size();
    for (auto const& action : step.then) {
      steps_.back().then.push_back(action.kind);
      perform(action);
    }
  }

  void perform(Action const& action) {
    auto& slot = armed_[static_cast<std::size_t>(slot_of(action.timer))];
    if (action.kind == ActionKind::arm) {
      slot = Armed{.timer = action.timer, .at = action.at};
    } else if (action.kind == ActionKind::disarm) {
      slot.reset();
    } else {
      if (action.kind == ActionKind::terminate) armed_ = {};
      auto const since = std::chrono::floor<std::chrono::milliseconds>(clock_.now() - start_);
      log_.push_back(std::to_string(since.count()) + " " + std::string(name_of(action.kind)));
    }
  }

  void let_pass(Duration by) {
    Instant const until = clock_.now() + by;
    for (;;) {
      std::optional<Armed>* first = nullptr;
      for (auto& slot : armed_)
        if (slot && slot->at <= until && (first == nullptr || slot->at < (*first)->at)) first = &slot;
      if (first == nullptr) break;
      Armed const due = **first;
      first->reset();
      clock_.set(due.at);
      take(TimerFired{due.timer});
    }
    clock_.set(until);
  }

  VirtualClock clock_;
  Instant start_ = clock_.now();
  State state_ = {};
  std::array<std::optional<Armed>, 2> armed_ = {};
  std::vector<Line> lines_ = {};
  std::vector<Step> steps_ = {};
  std::vector<std::string> log_ = {};
  std::size_t after_the_end_ = 0;
};

enum class Fault : std::uint8_t { none, lost, repeated, line_cut };

// The same lines again, with one fault at line `at`. Pauses are never lost; a repeated line is heard twice.
template <class State, class Input>
[[nodiscard]] TransactionScript<State, Input> play_again(TransactionScript<State, Input> const& script, std::size_t at,
                                                         Fault fault) {
  using Script = TransactionScript<State, Input>;
  Script again{script.state().reliability};
  for (std::size_t number = 0; number < script.lines().size(); ++number) {
    if (auto const* pause = std::get_if<typename Script::Pause>(&script.lines()[number])) {
      again.after(pause->by);
    } else if (number != at || fault != Fault::lost) {
      again.hears(std::get<Input>(script.lines()[number]));
      if (number == at && fault == Fault::repeated) again.hears(std::get<Input>(script.lines()[number]));
    }
    if (number == at && fault == Fault::line_cut) again.hears(TransportFailed{});
  }
  return again;
}

// Plays `script` with every fault at every line but the first, and hands each run, after a long wait, to `check`.
template <class State, class Input, class Check>
void hold_with_faults_everywhere(TransactionScript<State, Input> const& script, Check check) {
  for (Fault fault : {Fault::none, Fault::lost, Fault::repeated, Fault::line_cut}) {
    for (std::size_t at = fault == Fault::line_cut ? 0 : 1; at < script.lines().size(); ++at) {
      auto run = play_again(script, at, fault);
      run.after(5min);
      check(run, "fault " + std::to_string(static_cast<int>(fault)) + " at line " + std::to_string(at));
    }
  }
}

}  // namespace reveille::sip
