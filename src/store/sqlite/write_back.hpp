// WriteBack: gives the changed pages of a file to the disk a little at a time, so that a sync finds little to do.
//
// Why: a disk that syncs some hundred pages which lie apart lets every commit wait for them meanwhile.
// It promises nothing: only a sync does. Lifetime: the file stays open from the first run() to the end, which must come
// after the last SQLite connection of this process to it: closing any descriptor drops the process's locks on the file
// (fcntl(2)). Threads: one at a time. Errors: none; a file that cannot be opened is left to the sync. Source:
// sync_file_range(2).
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace reveille::store::sqlite {

class WriteBack {
 public:
  explicit WriteBack(std::string path) : path_(std::move(path)) {}
  ~WriteBack();
  WriteBack(WriteBack const&) = delete;
  WriteBack& operator=(WriteBack const&) = delete;

  using Duration = std::chrono::steady_clock::duration;
  // From the file's beginning to its end; after a slice that took the disk a while, rests as long as `rest_after` says,
  // 50 ms at most.
  void run(std::function<Duration(Duration took)> const& rest_after);

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace reveille::store::sqlite
