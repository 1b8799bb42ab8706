// For tests: LosingDisk, an SQLite VFS whose power can be cut. What was not synced by then is gone, as on a real disk;
// `kill -9` alone keeps all that was written. It can also be full.
//
// Files live in memory, in two forms: what the process sees, and what has been synced. Locks and shared memory are the
// operating system's, on empty files at the same paths.
// Lifetime: outlives every database opened through it. Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

struct sqlite3_vfs;

namespace reveille::store::sqlite {

class LosingDisk {
 public:
  LosingDisk();
  ~LosingDisk();
  LosingDisk(LosingDisk const&) = delete;
  LosingDisk& operator=(LosingDisk const&) = delete;

  // To be given as Place::vfs.
  [[nodiscard]] std::string const& vfs() const { return name_; }
  // From now on nothing is written or synced any more.
  void cut_power();
  // The next process sees what had been synced.
  void restore_power();
  void fill();
  void make_room();
  // After so many more, a sync of the file fails. As on Linux that is said once: what could not be written is taken for
  // written, and later syncs, which say that all is well, leave it out; until the power is restored.
  void fail_sync(std::string const& path, int after);
  // Called at the next sync of the file, before it, on the thread that syncs.
  void at_sync(std::string const& path, std::function<void()> then);
  [[nodiscard]] std::uint64_t syncs() const;
  // Overwrites bytes of a file, synced: a failing disk.
  void damage(std::string const& path, std::size_t at, std::string const& bytes);

  struct File {
    std::string seen = {};
    std::string synced = {};
    enum class Sync : std::uint8_t { works, fails, lies } sync = Sync::works;
    int fails_after = 0;
    std::function<void()> at_sync = {};
  };
  // For the VFS's own functions, which hold `mutex`.
  std::shared_ptr<File> file_at(std::string const& path);
  mutable std::mutex mutex;
  std::map<std::string, std::shared_ptr<File>> files = {};
  enum class State : std::uint8_t { works, full, without_power } state = State::works;
  std::uint64_t sync_count = 0;

 private:
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace reveille::store::sqlite
