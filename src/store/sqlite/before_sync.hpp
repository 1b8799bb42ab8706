// BeforeSync: has something done before each sync of a database's file by one connection.
//
// Why: a checkpoint that has copied all of the log syncs the file itself, at once, with all the pages that it has just
// changed. The writer's connection syncs as ever. Lifetime: outlives the connection. Threads: `then` is called on the
// connection's. Errors: none. Source: https://www.sqlite.org/c3ref/io_methods.html (a file's methods are its own).
#pragma once

#include "store/sqlite/database.hpp"

#include <functional>
#include <memory>

namespace reveille::store::sqlite {

class BeforeSync {
 public:
  BeforeSync(Database& database, std::function<void()> then);
  ~BeforeSync();
  BeforeSync(BeforeSync const&) = delete;
  BeforeSync& operator=(BeforeSync const&) = delete;

 private:
  struct Methods;
  std::unique_ptr<Methods> methods_;
};

}  // namespace reveille::store::sqlite
