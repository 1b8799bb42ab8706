// Storage: what an app keeps on its phone, and so still has after it was ended or the handset started again.
//
// With a path it is a JSON file, written at each save through a temporary file and a rename; without one it lives as
// long as the process. Threads: the app's and the OS's, guarded by one mutex; read with get(), change with update().
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace reveille::sim::handset {

struct Kept {
  std::string instance = {};      // the UUID of this installation
  std::string apple_device = {};  // given by the provider's cloud, with both tokens
  std::string token_voip = {};
  std::string token_message = {};
  bool signed_in = false;
  std::string last_archive_id = {};  // the newest message that the user has
};

class Storage {
 public:
  // corrupt for a file that is not one of ours, storage for one that cannot be read.
  [[nodiscard]] static Result<Kept> read(std::filesystem::path const& path);

  Storage(std::optional<std::filesystem::path> path, Kept kept) : path_(std::move(path)), kept_(std::move(kept)) {}

  [[nodiscard]] Kept get() const;
  [[nodiscard]] Result<void> update(std::function<void(Kept&)> const& change);

 private:
  std::optional<std::filesystem::path> path_;
  mutable std::mutex mutex_ = {};
  Kept kept_;
};

}  // namespace reveille::sim::handset
