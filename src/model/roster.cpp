#include "model/roster.hpp"

#include "base/packing.hpp"

#include <algorithm>
#include <utility>

namespace reveille::model {
namespace {

constexpr std::uint64_t record_version = 1;
constexpr std::size_t most_items = 100'000;
constexpr std::uint64_t is_listed = 1;
constexpr std::uint64_t is_asked = 2;
constexpr std::uint64_t is_wanting = 4;
constexpr std::uint64_t is_approved = 8;

std::uint64_t flags_of(RosterItem const& item) {
  return (item.listed ? is_listed : 0) | (item.asked ? is_asked : 0) | (item.wants_us ? is_wanting : 0) |
         (item.approved ? is_approved : 0);
}

RosterItem unpack_item(Unpacker& in) {
  RosterItem item{.address = in.text(), .name = in.text()};
  for (auto count = in.count(); count > 0; --count) item.groups.push_back(in.text());
  item.subscription = in.choice(Subscription::both);
  auto const flags = in.number();
  item.listed = (flags & is_listed) != 0;
  item.asked = (flags & is_asked) != 0;
  item.wants_us = (flags & is_wanting) != 0;
  item.approved = (flags & is_approved) != 0;
  item.request = in.text();
  return item;
}

}  // namespace

std::string_view name_of(Subscription subscription) {
  switch (subscription) {
    case Subscription::none: return "none";
    case Subscription::to: return "to";
    case Subscription::from: return "from";
    case Subscription::both: return "both";
  }
  std::unreachable();
}

RosterItem const* find_item(Roster const& roster, std::string_view address) {
  auto const found = std::ranges::find(roster.items, address, &RosterItem::address);
  return found == roster.items.end() ? nullptr : &*found;
}

RosterItem* find_item(Roster& roster, std::string_view address) {
  return const_cast<RosterItem*>(find_item(std::as_const(roster), address));
}

std::string pack(Roster const& roster) {
  Packer out;
  out.number(record_version);
  out.number(roster.version);
  out.number(roster.items.size());
  for (auto const& item : roster.items) {
    out.text(item.address);
    out.text(item.name);
    out.number(item.groups.size());
    for (auto const& group : item.groups) out.text(group);
    out.choice(item.subscription);
    out.number(flags_of(item));
    out.text(item.request);
  }
  return out.take();
}

Result<Roster> unpack_roster(std::string_view bytes) {
  Unpacker in{bytes};
  Roster roster;
  if (in.number() != record_version) return failure(ErrorCode::corrupt, "a roster of an unknown version");
  roster.version = in.number();
  for (auto count = in.count(most_items); count > 0 && !in.failed(); --count) roster.items.push_back(unpack_item(in));
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "a roster that cannot be read");
  return roster;
}

}  // namespace reveille::model
