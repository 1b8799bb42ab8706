#include "node/data_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace reveille::node {

Result<DataFolder> open_data_folder(std::filesystem::path const& given) {
  std::error_code error;
  auto const path = std::filesystem::absolute(given, error).lexically_normal();
  auto const made = !error && std::filesystem::create_directories(path, error);
  if (error)
    return failure(ErrorCode::storage,
                   fmt::format("The data folder {} cannot be made ({}). Choose another with --data, "
                               "or make it and give it to this user.",
                               path.string(), error.message()));
  if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  // The lock is PATH/server.lock, and names what it locks when it is held: here that is the folder.
  auto lock = store::sqlite::LockFile::take((path / "server").string());
  if (lock) return DataFolder{.path = path, .lock = std::move(*lock)};
  auto reason = lock.error();
  auto const locked = (path / "server").string();
  if (reason.code == ErrorCode::busy && reason.ours.starts_with(locked))
    reason.ours.replace(0, locked.size(), "The data folder " + path.string());
  return std::unexpected(std::move(reason));
}

}  // namespace reveille::node
