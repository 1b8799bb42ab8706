// TokenIndex: which accounts hold a push token, by the token's hash. Nearly every token has one holder, which costs a
// slot in a flat table; others come to one only for the moment in which a token moves, or when hashes collide.
// Lifetime, threads: the directory's.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <unordered_map>

namespace reveille::dispatch {

class Entry;

class TokenIndex {
 public:
  void add(std::uint64_t hash, Entry& entry) {
    if (!first_.emplace(hash, &entry).second) others_.emplace(hash, &entry);
  }
  void remove(std::uint64_t hash, Entry const& entry) {
    auto const [begin, end] = others_.equal_range(hash);
    auto other = begin;
    while (other != end && other->second != &entry) ++other;
    if (other != end) {
      others_.erase(other);
      return;
    }
    auto const first = first_.find(hash);
    if (first == first_.end() || first->second != &entry) return;
    if (begin == end) {
      first_.erase(first);
    } else {
      first->second = begin->second;
      others_.erase(begin);
    }
  }
  template <class Visit>
  void for_each(std::uint64_t hash, Visit visit) const {
    auto const first = first_.find(hash);
    if (first == first_.end()) return;
    visit(*first->second);
    auto const [begin, end] = others_.equal_range(hash);
    for (auto other = begin; other != end; ++other) visit(*other->second);
  }

 private:
  boost::unordered_flat_map<std::uint64_t, Entry*> first_ = {};
  std::unordered_multimap<std::uint64_t, Entry*> others_ = {};
};

}  // namespace reveille::dispatch
