// Conversation: a call told step by step on the virtual clock, for tests. Each script is run as it stands, and then
// again once for every step with the line cut there: every flow fails, nothing more is heard of phones or provider, and
// time goes on. Whatever was cut, the caller must have had exactly one final answer and nothing may be left over.
#pragma once

#include "decide/calls/call.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace reveille::decide::test {

struct Step {
  Duration at = {};
  std::optional<model::CallEvent> event = {};  // nothing: time passes, deadlines fire
  std::vector<std::string> says = {};          // decisions other than milestones, in order
};

class Conversation {
 public:
  Conversation();

  // What the callee has; used by call().
  Conversation& has(model::Device device);
  Conversation& is_at(model::Target target);

  Conversation& call(std::vector<std::string> says);
  Conversation& hear(Duration at, model::CallEvent event, std::vector<std::string> says);
  Conversation& wait(Duration until, std::vector<std::string> says);
  // The names of the milestones, with the device behind those that have one.
  Conversation& notes(std::vector<std::string> milestones);

  // Runs the script, then the sweep.
  void hold();

  model::Offer offer = {};
  model::CallPolicy policy = {};
  PushOffer push = {.switched_on = true, .apns = true, .fcm = true};

 private:
  struct Stage;
  void play(Stage& stage, std::size_t steps, std::vector<std::vector<std::string>>* heard) const;
  void check_cut(std::size_t at) const;

  model::CallOffered offered_ = {};
  std::vector<Step> steps_ = {};
  std::optional<std::vector<std::string>> notes_ = {};
};

[[nodiscard]] model::Device iphone(std::string const& name, std::string const& os = "18.0");
[[nodiscard]] model::Device android(std::string const& name);
[[nodiscard]] model::Device desk(std::string const& name);
// A connection; UDP when the number is 0.
[[nodiscard]] model::Target at(std::string const& instance, std::uint32_t flow);

[[nodiscard]] model::CallEvent registers(std::string const& instance, std::uint32_t flow);
[[nodiscard]] model::CallEvent says(model::BranchNumber branch, int status);
// The push for that device's call.
[[nodiscard]] model::CallEvent provider_says(Conversation const& conversation, std::string const& instance,
                                             model::PushState state);

}  // namespace reveille::decide::test
