// give_back_room: a flat table that has become nearly empty gets smaller, which it does not by itself. What many phones
// needed while they were awake is not to be paid for while they sleep. To be called after an erase; its cost is in
// proportion to what was erased since the table was full.
#pragma once

#include <cstddef>

namespace reveille {

template <class Table>
void give_back_room(Table& table) {
  constexpr std::size_t small = 1024;
  constexpr std::size_t nearly_empty = 8;
  if (table.bucket_count() > small && table.size() < table.bucket_count() / nearly_empty)
    table.rehash(2 * table.size());
}

}  // namespace reveille
