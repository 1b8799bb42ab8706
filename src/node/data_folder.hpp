// DataFolder: where one server keeps everything. Made with mode 0700 when it is not there.
//
// One process uses a folder at a time: a kernel lock on the file `server.lock` says so, and goes with the process,
// however that ends. Errors, each with what to do: `busy` when another process holds the folder, `storage`.
#pragma once

#include "base/result.hpp"
#include "store/sqlite/lock_file.hpp"

#include <filesystem>

namespace reveille::node {

struct DataFolder {
  std::filesystem::path path = {};  // absolute
  store::sqlite::LockFile lock;

  [[nodiscard]] std::string file(char const* name) const { return (path / name).string(); }
};

[[nodiscard]] Result<DataFolder> open_data_folder(std::filesystem::path const& path);

inline constexpr char const* server_database = "server.db";
inline constexpr char const* push_database = "push.db";

}  // namespace reveille::node
