// Roster: whom a user knows, and who may see whose presence. RFC 6121 section 2 and appendix A.
//
// Plain values; packed into one record an account.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::model {

enum class Subscription : std::uint8_t { none, to, from, both };
[[nodiscard]] std::string_view name_of(Subscription subscription);

struct RosterItem {
  std::string address = {};  // bare
  std::string name = {};
  std::vector<std::string> groups = {};
  Subscription subscription = Subscription::none;
  bool listed = false;       // false: known only since they ask to subscribe; not shown to the user
  bool asked = false;        // our request waits for their answer ("pending out")
  bool wants_us = false;     // their request waits for our answer ("pending in")
  bool approved = false;     // answered before it was asked (section 3.4)
  std::string request = {};  // their request as it came, shown at each sign-in until it is answered

  bool operator==(RosterItem const&) const = default;

  [[nodiscard]] bool sees_us() const {
    return subscription == Subscription::from || subscription == Subscription::both;
  }
  [[nodiscard]] bool is_seen() const { return subscription == Subscription::to || subscription == Subscription::both; }
};

struct Roster {
  std::vector<RosterItem> items = {};
  std::uint64_t version = 0;

  bool operator==(Roster const&) const = default;
};

[[nodiscard]] RosterItem* find_item(Roster& roster, std::string_view address);
[[nodiscard]] RosterItem const* find_item(Roster const& roster, std::string_view address);

[[nodiscard]] std::string pack(Roster const& roster);
[[nodiscard]] Result<Roster> unpack_roster(std::string_view bytes);

}  // namespace reveille::model
