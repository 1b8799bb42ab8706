// The tables on disk, as a list of migrations. The version of a file (PRAGMA user_version) is the number of migrations
// that it has seen; a file of a newer version than ours is refused and left as it is.
#pragma once

#include "base/result.hpp"
#include "store/sqlite/database.hpp"

namespace reveille::store::sqlite {

// Brings the file to our version. Errors: `configuration` for a newer file, `corrupt`, `storage`.
[[nodiscard]] Result<void> migrate(Database& database, Place const& place);

}  // namespace reveille::store::sqlite
