// LockFile: says that this process alone uses a database. A kernel lock on PATH.lock: it goes with the process, however
// that ends.
#pragma once

#include "base/result.hpp"

#include <string>

namespace reveille::store::sqlite {

class LockFile {
 public:
  // Errors: `busy` when another process holds it (with its number), `storage` when the file cannot be made.
  [[nodiscard]] static Result<LockFile> take(std::string const& database_path);
  LockFile(LockFile&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace reveille::store::sqlite
