#include "wire/sip/header_name.hpp"

#include <cstring>

namespace reveille::sip {
namespace {

using enum Multiplicity;

// In the order of the enumerators.
constexpr std::array<HeaderNameFacts, header_names> table{{
    {"", 0, plain},
    {"Accept", 0, list},
    {"Accept-Contact", 'a', list},
    {"Accept-Encoding", 0, list},
    {"Accept-Language", 0, list},
    {"Alert-Info", 0, list},
    {"Allow", 0, list},
    {"Allow-Events", 'u', list},
    {"Answer-Mode", 0, plain},
    {"Authentication-Info", 0, plain},
    {"Authorization", 0, plain},
    {"Call-ID", 'i', single},
    {"Call-Info", 0, list},
    {"Contact", 'm', list},
    {"Content-Disposition", 0, single},
    {"Content-Encoding", 'e', list},
    {"Content-Language", 0, list},
    {"Content-Length", 'l', single},
    {"Content-Type", 'c', single},
    {"CSeq", 0, single},
    {"Date", 0, single},
    {"Diversion", 0, list},
    {"Error-Info", 0, list},
    {"Event", 'o', single},
    {"Expires", 0, single},
    {"Feature-Caps", 0, list},
    {"Flow-Timer", 0, single},
    {"From", 'f', single},
    {"Geolocation", 0, plain},
    {"History-Info", 0, list},
    {"Identity", 'y', plain},
    {"Identity-Info", 'n', plain},
    {"In-Reply-To", 0, list},
    {"Join", 0, plain},
    {"Max-Breadth", 0, single},
    {"Max-Forwards", 0, single},
    {"MIME-Version", 0, single},
    {"Min-Expires", 0, single},
    {"Min-SE", 0, single},
    {"Organization", 0, plain},
    {"P-Access-Network-Info", 0, plain},
    {"P-Asserted-Identity", 0, list},
    {"P-Associated-URI", 0, list},
    {"P-Called-Party-ID", 0, plain},
    {"P-Preferred-Identity", 0, list},
    {"Path", 0, list},
    {"Priority", 0, plain},
    {"Privacy", 0, plain},
    {"Proxy-Authenticate", 0, plain},
    {"Proxy-Authentication-Info", 0, plain},
    {"Proxy-Authorization", 0, plain},
    {"Proxy-Require", 0, list},
    {"RAck", 0, single},
    {"Reason", 0, list},
    {"Record-Route", 0, list},
    {"Refer-Sub", 0, plain},
    {"Refer-To", 'r', single},
    {"Referred-By", 'b', single},
    {"Reject-Contact", 'j', list},
    {"Replaces", 0, single},
    {"Reply-To", 0, plain},
    {"Request-Disposition", 'd', plain},
    {"Require", 0, list},
    {"Resource-Priority", 0, list},
    {"Retry-After", 0, single},
    {"Reveille-Call-UUID", 0, single},
    {"Reveille-Mode", 0, single},
    {"Route", 0, list},
    {"RSeq", 0, single},
    {"Security-Client", 0, list},
    {"Security-Server", 0, list},
    {"Security-Verify", 0, list},
    {"Server", 0, plain},
    {"Service-Route", 0, list},
    {"Session-Expires", 'x', single},
    {"Session-ID", 0, single},
    {"SIP-ETag", 0, single},
    {"SIP-If-Match", 0, single},
    {"Subject", 's', single},
    {"Subscription-State", 0, single},
    {"Supported", 'k', list},
    {"Suppress-If-Match", 0, plain},
    {"Target-Dialog", 0, single},
    {"Timestamp", 0, single},
    {"To", 't', single},
    {"Unsupported", 0, list},
    {"User-Agent", 0, plain},
    {"Via", 'v', list},
    {"Warning", 0, list},
    {"WWW-Authenticate", 0, plain},
}};

constexpr unsigned char lower(char c) {
  return static_cast<unsigned char>(static_cast<unsigned char>(c) | 0x20U);
}

// The multipliers were searched so that no two long names share a slot; the assertion below proves it.
constexpr std::size_t slots = 512;
constexpr std::size_t slot_of(std::string_view text) {
  return (lower(text.front()) * 903U + lower(text.back()) * 790U + lower(text[text.size() / 2]) * 647U +
          text.size() * 835U) %
         slots;
}

constexpr std::size_t longest_name = 32;

struct Slots {
  std::array<std::uint8_t, slots> by_hash{};
  std::array<std::uint8_t, 128> by_compact{};
  std::array<std::array<char, longest_name>, header_names> lower_text{};
  std::size_t placed = 0;
};

constexpr Slots make_slots() {
  Slots made;
  for (std::size_t i = 1; i < header_names; ++i) {
    auto& slot = made.by_hash[slot_of(table[i].text)];
    if (slot == 0) ++made.placed;
    slot = static_cast<std::uint8_t>(i);
    if (table[i].compact != 0)
      made.by_compact[static_cast<unsigned char>(table[i].compact)] = static_cast<std::uint8_t>(i);
    for (std::size_t at = 0; at < table[i].text.size(); ++at)
      made.lower_text[i][at] = static_cast<char>(lower(table[i].text[at]));
  }
  return made;
}

constexpr Slots found = make_slots();
static_assert(found.placed == header_names - 1);

// Names hold letters and hyphens only, so setting bit 5 folds the case; what else it folds (CR to hyphen) is no token
// and is refused before a name is looked up.
bool equals_lower(std::string_view text, char const* name) {
  constexpr std::uint64_t case_bits = 0x2020202020202020;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t a = 0, b = 0;
    std::memcpy(&a, text.data() + at, 8);
    std::memcpy(&b, name + at, 8);
    if ((a | case_bits) != b) return false;
  }
  for (; at < text.size(); ++at)
    if (lower(text[at]) != static_cast<unsigned char>(name[at])) return false;
  return true;
}

}  // namespace

HeaderNameFacts const& facts_of(HeaderName name) {
  return table[static_cast<std::size_t>(name)];
}

HeaderName header_named(std::string_view text) {
  if (text.empty() || text.size() >= longest_name) return HeaderName::other;
  if (text.size() == 1) return static_cast<HeaderName>(found.by_compact[lower(text.front()) & 0x7fU]);
  auto const candidate = found.by_hash[slot_of(text)];
  if (table[candidate].text.size() != text.size()) return HeaderName::other;
  if (!equals_lower(text, found.lower_text[candidate].data())) return HeaderName::other;
  return static_cast<HeaderName>(candidate);
}

}  // namespace reveille::sip
