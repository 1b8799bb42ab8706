#include "store/sqlite/before_sync.hpp"

#include <sqlite3.h>

#include <utility>

namespace reveille::store::sqlite {

// The file's own methods, but for its sync.
struct BeforeSync::Methods : sqlite3_io_methods {
  Methods(sqlite3_io_methods const& of_file, std::function<void()> first)
      : sqlite3_io_methods(of_file), sync_of_file(of_file.xSync), then(std::move(first)) {
    xSync = [](sqlite3_file* file, int flags) {
      auto const& methods = *static_cast<Methods const*>(file->pMethods);
      methods.then();
      return methods.sync_of_file(file, flags);
    };
  }

  int (*sync_of_file)(sqlite3_file*, int);
  std::function<void()> then;
};

BeforeSync::BeforeSync(Database& database, std::function<void()> then) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (!file || !file->pMethods) return;
  methods_ = std::make_unique<Methods>(*file->pMethods, std::move(then));
  file->pMethods = methods_.get();
}

BeforeSync::~BeforeSync() = default;

}  // namespace reveille::store::sqlite
